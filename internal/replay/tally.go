package replay

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"ttad/internal/chart"
	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/tta"
)

// tally is what one pipeline did, row by row.
type tally struct {
	name, role string
	score      tta.Scorer
	right      []bool // in arrival order; nil without labels
	changed    int
	tripped    int
	forwards   int
	probs      []float32 // kept only when they are written out
}

// tallies are the source's and every pipeline's. The first is the source.
type tallies struct {
	list    []*tally
	labels  []int // by row number; nil without
	rows    int
	classes int
	keep    bool
	of      []*tally // one a pipeline; nil for one that is the source model
}

func newTallies(g *daemon.Group, d *Data, keep bool) (*tallies, error) {
	t := &tallies{labels: d.labels, rows: d.Rows(), classes: g.Model.Classes(), keep: keep}
	if err := checkLabels(d.labels, t.classes, g.Pipelines.Pipelines()); err != nil {
		return nil, err
	}
	t.list = append(t.list, t.tally(SourceName, SourceName))
	for _, p := range g.Pipelines.Pipelines() {
		if p.Name() == SourceName { // the configuration holds it to be nothing else
			t.list[0].role = string(p.Role())
			t.of = append(t.of, nil)
			continue
		}
		to := t.tally(p.Name(), string(p.Role()))
		t.list, t.of = append(t.list, to), append(t.of, to)
	}
	return t, nil
}

// checkLabels holds the labels to the classes somebody can answer: the model's, and
// those a decider adds.
func checkLabels(labels []int, classes int, pipelines []*tta.Pipeline) error {
	known, who := classes, "the model has"
	for _, p := range pipelines {
		if n := p.Answers(); n > known {
			known, who = n, fmt.Sprintf("pipeline %q answers", p.Name())
		}
	}
	for i, l := range labels {
		if l < 0 || l >= known {
			return fmt.Errorf("labels: row %d has class %d, %s classes 0 to %d", i, l, who, known-1)
		}
	}
	return nil
}

// tally makes room for one pipeline.
func (t *tallies) tally(name, role string) *tally {
	to := &tally{name: name, role: role}
	if t.keep {
		to.probs = make([]float32, t.rows*t.classes)
	}
	if t.labels != nil {
		to.right = make([]bool, t.rows)
	}
	return to
}

// add takes a step's result into account; arrivals are its rows' places in the
// order of arrival, rows their numbers in the data.
func (t *tallies) add(r *tta.Result, arrivals, rows []int) error {
	if r.Source == nil {
		return fmt.Errorf("no source view: output.source must be true for a replay")
	}
	if r.Batch.Given == nil {
		t.list[0].forwards++
	}
	t.view(t.list[0], *r.Source, *r.Source, arrivals, rows)
	for i := range r.Pipelines {
		p, to := &r.Pipelines[i], t.of[i]
		if to == nil {
			continue
		}
		to.forwards += p.Forwards
		if p.Trip != tta.TripNone {
			to.tripped++
		}
		t.view(to, p.View, *r.Source, arrivals, rows)
	}
	return nil
}

// lost counts rows that the daemon would refuse, for want of a finite answer:
// their probabilities are NaN and they are wrong for everybody.
func (t *tallies) lost(arrivals, rows []int) {
	none := slices.Repeat([]float32{float32(math.NaN())}, t.classes)
	for i, row := range rows {
		for _, to := range t.list {
			if t.keep {
				copy(to.probs[arrivals[i]*t.classes:], none)
			}
			if t.labels != nil {
				to.score.Add(none, -1, t.labels[row])
			}
		}
	}
}

func (t *tallies) view(to *tally, v, source tta.View, arrivals, rows []int) {
	for i, row := range rows {
		if t.keep {
			copy(to.probs[arrivals[i]*t.classes:], v.Probs.Row(i))
		}
		if v.Class[i] != source.Class[i] {
			to.changed++
		}
		if t.labels != nil {
			label := t.labels[row]
			to.score.Add(v.Probs.Row(i), int(v.Class[i]), label)
			to.right[arrivals[i]] = int(v.Class[i]) == label
		}
	}
}

func (t *tallies) report(rows, batches int, seconds float64) *Report {
	r := &Report{Rows: rows, Seconds: seconds, RowsPerSecond: float64(rows) / seconds, Labelled: t.labels != nil}
	for _, p := range t.list {
		entry := Pipeline{
			Name: p.name, Role: p.role,
			Changed: float64(p.changed) / float64(rows), Tripped: p.tripped,
			ForwardsPerBatch: float64(p.forwards) / float64(batches),
		}
		if r.Labelled {
			score := p.score.Score()
			entry.Score = &score
		}
		r.Pipelines = append(r.Pipelines, entry)
	}
	return r
}

// write puts probabilities, curves and the summary into a folder.
func (t *tallies) write(dir string, r *Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the output folder: %w", err)
	}
	add := func(name string) string {
		r.Files = append(r.Files, filepath.Join(dir, name))
		return filepath.Join(dir, name)
	}
	for _, p := range t.list {
		shape := []int{len(p.probs) / t.classes, t.classes}
		if err := npyfile.SaveFloat32(add(p.name+".probs.npy"), shape, p.probs); err != nil {
			return err
		}
	}
	if t.labels != nil {
		if err := create(add("accuracy.svg"), t.draw); err != nil {
			return err
		}
	}
	return create(add("summary.md"), r.WriteMarkdown)
}

// draw is accuracy over time, one curve a pipeline, over a sliding window.
func (t *tallies) draw(w io.Writer) error {
	rows := len(t.list[0].right)
	window := min(max(rows/40, 20), 1000)
	c := chart.Chart{
		Title:  fmt.Sprintf("Accuracy over the last %d rows", window),
		XLabel: "rows", YLabel: "accuracy", Percent: true,
	}
	for _, p := range t.list {
		x, y := sliding(p.right, window)
		c.Series = append(c.Series, chart.Series{Name: p.name, X: x, Y: y})
	}
	return chart.Lines(w, c)
}

// curvePoints bounds a curve's size in the file.
const curvePoints = 400

// sliding is the share of right rows among the last window rows, at most
// curvePoints times along the stream.
func sliding(right []bool, window int) (x, y []float64) {
	every := max(len(right)/curvePoints, 1)
	sum := 0
	for i, ok := range right {
		if ok {
			sum++
		}
		if i >= window && right[i-window] {
			sum--
		}
		if n := min(i+1, window); i+1 >= min(window, len(right)) && ((i+1)%every == 0 || i+1 == len(right)) {
			x, y = append(x, float64(i+1)), append(y, float64(sum)/float64(n))
		}
	}
	return x, y
}
