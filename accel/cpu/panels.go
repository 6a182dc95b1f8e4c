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

// pack fills dst from a matrix whose rows and columns lie as far apart as step says.
func (p *panels) pack(v vector.Family, dst, src []float32, step [2]int) {
	if p.k == 0 {
		return // src has no first element
	}
	for i := range p.groups() {
		first, columns := p.group(i)
		panel := dst[first*p.k : (first+columns)*p.k]
		given := min(columns, p.n-first)
		if given < columns {
			clear(panel)
		}
		from := src[first*step[1]:]
		if step[1] != 1 && step[0] == 1 {
			v.Transpose(panel, from, given, p.k, columns, step[1])
			continue
		}
		for r := range p.k {
			gather(panel[r*columns:][:given], from[r*step[0]:], step[1])
		}
	}
}

// gather fills dst with elements of src that lie a step apart.
func gather(dst, src []float32, step int) {
	if step == 1 {
		copy(dst, src)
		return
	}
	for i := range dst {
		dst[i] = src[i*step]
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
