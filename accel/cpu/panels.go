package cpu

import (
	"ttad/accel/cpu/kernel"
	"ttad/accel/cpu/vector"
)

// panels is how the right side of a product, k by n, is packed for the kernels:
// groups of as many columns as the widest of them takes, each
//
//	[k][columns of the group]
//
// so that a kernel reads its weights front to back. The last group is narrower; its
// columns are whole blocks of lanes, zeros beyond the last.
type panels struct {
	k, n, lanes int
	wide        int // columns of a whole group
}

func newPanels(f kernel.Family, k, n int) panels {
	return panels{k: k, n: n, lanes: f.Lanes, wide: f.MaxBlocks() * f.Lanes}
}

// columns is n with the zeros beyond the last column.
func (p *panels) columns() int { return roundUp(p.n, p.lanes) }

func (p *panels) floats() int { return p.columns() * p.k }

func (p *panels) groups() int { return ceilDiv(p.n, p.wide) }

// group returns a group's first column and how many it has, zeros included. Its
// panel begins at first*k.
func (p *panels) group(i int) (first, columns int) {
	first = i * p.wide
	return first, min(p.wide, p.columns()-first)
}

// pack fills dst from a row-major matrix: [k n], or [n k] when transposed.
func (p *panels) pack(v vector.Family, dst, src []float32, transposed bool) {
	for i := range p.groups() {
		first, columns := p.group(i)
		panel := dst[first*p.k : (first+columns)*p.k]
		given := min(columns, p.n-first)
		if given < columns {
			clear(panel)
		}
		if transposed {
			v.Transpose(panel, src[first*p.k:], given, p.k, columns, p.k)
			continue
		}
		for r := range p.k {
			copy(panel[r*columns:][:given], src[r*p.n+first:])
		}
	}
}

// scale multiplies each column of what is packed by its factor, rounding once.
func (p *panels) scale(packed []float32, factor func(column int) float64) {
	for i := range p.groups() {
		first, columns := p.group(i)
		panel := packed[first*p.k : (first+columns)*p.k]
		for j := range min(columns, p.n-first) {
			by := factor(first + j)
			for at := j; at < len(panel); at += columns {
				panel[at] = float32(float64(panel[at]) * by)
			}
		}
	}
}
