package chart

import (
	"math"
	"strconv"
)

// Page geometry in pixels. The plot area leaves room for the title and the
// phase names above, tick labels and the axis name left and below.
const (
	pageWidth  = 900
	plotLeft   = 70
	plotRight  = 880
	plotTop    = 72
	plotBottom = 372
	legendRow  = 20
	charWidth  = 6.3 // average advance of 11 px sans-serif; used to decide what fits
)

// frame maps data to the page.
type frame struct {
	x, y           span
	xTicks, yTicks []float64
	legend         [][]int // series indexes, one list a legend row
	height         int
}

func newFrame(c Chart) (*frame, error) {
	x, y, err := c.check()
	if err != nil {
		return nil, err
	}
	if c.YMin != 0 || c.YMax != 0 {
		y = span{c.YMin, c.YMax}
	}
	x.widen()
	y.widen()
	f := &frame{x: x, y: y, xTicks: ticks(x, 8), yTicks: ticks(y, 6), legend: legendRows(c.Series)}
	f.height = plotBottom + 58 + legendRow*len(f.legend)
	return f, nil
}

func (f *frame) px(x float64) float64 {
	return plotLeft + (plotRight-plotLeft)*(x-f.x.lo)/(f.x.hi-f.x.lo)
}

// py clamps, so that a fixed axis cuts a line off at the frame instead of
// letting it run over the title.
func (f *frame) py(y float64) float64 {
	y = min(max(y, f.y.lo), f.y.hi)
	return plotBottom - (plotBottom-plotTop)*(y-f.y.lo)/(f.y.hi-f.y.lo)
}

// span is a closed range of numbers.
type span struct{ lo, hi float64 }

func emptySpan() span             { return span{math.Inf(1), math.Inf(-1)} }
func (s span) empty() bool        { return s.lo > s.hi }
func (s *span) include(v float64) { s.lo, s.hi = min(s.lo, v), max(s.hi, v) }

// widen gives a single point some room, because a range of zero has no scale.
func (s *span) widen() {
	if s.hi > s.lo {
		return
	}
	d := max(math.Abs(s.lo)*0.1, 0.5)
	s.lo, s.hi = s.lo-d, s.hi+d
}

// ticks returns about count round numbers inside s.
func ticks(s span, count int) []float64 {
	step := roundStep((s.hi - s.lo) / float64(count))
	if step <= 0 || !finite(step) {
		return nil
	}
	var out []float64
	for i := math.Ceil(s.lo/step - 1e-9); i*step <= s.hi+step*1e-9 && len(out) < 50; i++ {
		out = append(out, i*step)
	}
	return out
}

// roundStep returns the smallest of 1, 2, 2.5 and 5 times a power of ten that is
// not below step.
func roundStep(step float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if step <= m*unit*(1+1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}

// number prints a tick: short, without the dust of binary fractions, and without
// the sign that rounding can leave on a zero.
func number(v float64, percent bool) string {
	if percent {
		return strconv.FormatFloat(math.Round(v*1e8)/1e6+0, 'g', 6, 64) + " %"
	}
	return strconv.FormatFloat(math.Round(v*1e9)/1e9+0, 'g', 9, 64)
}
