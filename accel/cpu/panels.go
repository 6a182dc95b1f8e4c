package cpu

import "ttad/accel/cpu/kernel"

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
func (p *panels) pack(dst, src []float32, transposed bool) {
	for i := range p.groups() {
		first, columns := p.group(i)
		panel := dst[first*p.k : (first+columns)*p.k]
		given := min(columns, p.n-first)
		if given < columns {
			clear(panel)
		}
		if transposed {
			transpose(panel, columns, src[first*p.k:], p.k, given, p.k)
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

// transpose writes the rows of src, srcStep apart and columns long, as columns of
// dst, whose rows are dstStep apart. Four rows at a time, so that what is written
// side by side is written at once.
func transpose(dst []float32, dstStep int, src []float32, srcStep, rows, columns int) {
	i := 0
	for ; i+4 <= rows; i += 4 {
		a, b := src[i*srcStep:][:columns], src[(i+1)*srcStep:][:columns]
		c, d := src[(i+2)*srcStep:][:columns], src[(i+3)*srcStep:][:columns]
		to := dst[i:]
		for j, v := range a {
			four := (*[4]float32)(to[j*dstStep:])
			four[0], four[1], four[2], four[3] = v, b[j], c[j], d[j]
		}
	}
	for ; i < rows; i++ {
		for j, v := range src[i*srcStep:][:columns] {
			dst[j*dstStep+i] = v
		}
	}
}
