package replay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"ttad/internal/chart"
	"ttad/internal/npyfile"
)

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
	if t.data.labels != nil {
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

// create writes a file through fill.
func create(path string, fill func(w io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriter(f)
	if err := fill(b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return b.Flush()
}
