package chart

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// Chart is what to draw.
type Chart struct {
	Title  string
	XLabel string
	YLabel string
	Series []Series
	Bands  []Band
	// Percent labels the y axis as percentages of values in [0,1].
	Percent bool
	// YMin and YMax fix the y axis. When both are 0 it covers the series.
	YMin, YMax float64
}

// Series is one line. A NaN in Y leaves a gap; X must not decrease.
type Series struct {
	Name string
	X, Y []float64
}

// Band shades the x range from From to To and names it.
type Band struct {
	From, To float64
	Label    string
}

// Lines writes the chart as one SVG document.
func Lines(w io.Writer, c Chart) error {
	f, err := newFrame(c)
	if err != nil {
		return fmt.Errorf("draw chart %q: %w", c.Title, err)
	}
	p := &page{}
	p.open(c, f.height)
	p.bands(c.Bands, f)
	p.axes(c, f)
	for i, s := range c.Series {
		p.line(s, f, styleOf(i))
	}
	p.legend(c.Series, f)
	p.write("</svg>\n")
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write chart %q: %w", c.Title, err)
	}
	return nil
}

// check refuses series that cannot be drawn and returns the range of all points.
func (c Chart) check() (x, y span, err error) {
	x, y = emptySpan(), emptySpan()
	for _, s := range c.Series {
		if len(s.X) != len(s.Y) {
			return x, y, fmt.Errorf("series %q: %d x values, %d y values", s.Name, len(s.X), len(s.Y))
		}
		for i := range s.X {
			if finite(s.X[i]) && finite(s.Y[i]) {
				x.include(s.X[i])
				y.include(s.Y[i])
			}
		}
	}
	if x.empty() {
		return x, y, errors.New("no finite point in any series")
	}
	for _, b := range c.Bands {
		if !finite(b.From) || !finite(b.To) || b.To < b.From {
			return x, y, fmt.Errorf("band %q: range %v to %v", b.Label, b.From, b.To)
		}
		x.include(b.From)
		x.include(b.To)
	}
	return x, y, nil
}

// finite reports whether v can be drawn. The bound keeps the difference of two
// values, and so every coordinate, from overflowing.
func finite(v float64) bool { return math.Abs(v) <= 1e300 }
