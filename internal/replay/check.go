package replay

import (
	"fmt"
	"strconv"

	"ttad/tta"
)

// check holds labels and feedback to the classes somebody can answer: the model's,
// and those a decider adds.
func (d *Data) check(classes int, pipelines []*tta.Pipeline) error {
	known, who := classes, "the model has"
	for _, p := range pipelines {
		if n := p.Answers(); n > known {
			known, who = n, fmt.Sprintf("pipeline %q answers", p.Name())
		}
	}
	for _, column := range []struct {
		name   string
		values []int
		least  int
	}{{"labels", d.labels, 0}, {"feedback", d.feedback, unheard}} {
		for i, class := range column.values {
			if class < column.least || class >= known {
				return fmt.Errorf("%s: row %d has class %d, %s classes 0 to %d", column.name, i, class, who, known-1)
			}
		}
	}
	return nil
}

// key groups rows for the AUC within keys.
func (d *Data) key(row int) string {
	if d.keys == nil {
		return ""
	}
	return strconv.Itoa(d.keys[row])
}
