package demo

import (
	"fmt"
	"math"
	"strings"
)

// plot draws curves in [0,1] with braille dots, two across and four down in
// each character, so that a terminal shows what the SVG will.
type plot struct {
	columns, lines int
	cells          [][]rune // dots of each curve, by character
}

func newPlot(curves, columns, lines int) *plot {
	p := &plot{columns: columns, lines: lines, cells: make([][]rune, curves)}
	for i := range p.cells {
		p.cells[i] = make([]rune, columns*lines)
	}
	return p
}

// curve joins the points of one curve; xs are shares of the width.
func (p *plot) curve(i int, xs, ys []float64) {
	lastX, lastY := -1, 0
	for k := range xs {
		if math.IsNaN(ys[k]) {
			lastX = -1
			continue
		}
		x := min(2*p.columns-1, max(0, int(xs[k]*float64(2*p.columns))))
		y := min(4*p.lines-1, max(0, int((1-ys[k])*float64(4*p.lines-1)+0.5)))
		p.join(i, lastX, lastY, x, y)
		lastX, lastY = x, y
	}
}

// join sets the dots from the last point to this one; steep pieces get every dot
// on the way up, so that a fall is a line and not a gap.
func (p *plot) join(i, x0, y0, x, y int) {
	if x0 < 0 {
		x0, y0 = x, y
	}
	steps := max(1, x-x0, max(y-y0, y0-y))
	for s := 0; s <= steps; s++ {
		t := float64(s) / float64(steps)
		p.dot(i, x0+int(t*float64(x-x0)+0.5), y0+int(math.Round(t*float64(y-y0))))
	}
}

func (p *plot) dot(i, x, y int) {
	// Unicode numbers braille dots down the left column first, then down the
	// right one, and puts the fourth row, added later, at the end.
	bits := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
	p.cells[i][y/4*p.columns+x/2] |= bits[y%4][x%2]
}

// render returns the lines with a percent scale at the left. Where curves share a
// character, the last of them gives it its colour.
func (p *plot) render(paint ...func(string) string) string {
	var b strings.Builder
	for line := range p.lines {
		switch line {
		case 0, p.lines / 2, p.lines - 1:
			share := 1 - float64(line)/float64(p.lines-1)
			fmt.Fprintf(&b, "%4.0f%% ┤", 100*share)
		default:
			b.WriteString("      │")
		}
		for c := range p.columns {
			b.WriteString(p.character(line*p.columns+c, paint))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// character joins the curves' dots in one place.
func (p *plot) character(at int, paint []func(string) string) string {
	dots, last := rune(0), -1
	for i, cells := range p.cells {
		if cells[at] != 0 {
			dots, last = dots|cells[at], i
		}
	}
	if last < 0 {
		return " "
	}
	return paint[last](string(0x2800 + dots))
}
