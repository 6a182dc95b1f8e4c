package lame

import "ttad/accel/dense"

// nearby is the share of two rows' squared lengths below which what cancels has
// taken six of the 24 bits of their squared distance. It is then taken again, from
// the difference of the rows.
const nearby = 1.0 / 64

// pairs is what all pairs of rows are worked out from: one product, whose epilogue
// does the rest.
type pairs struct {
	space
	right    dense.Panels // the rows as columns
	part     dense.Panels // one panel of them
	self     []float32    // -|a|^2/2 by row, then fill
	repeated []float32    // the same as terms of rows
	block    dense.Matrix
	apart    []float32 // difference of two rows
	longest  float32   // |a|^2 at most
}

// dots writes the products of all pairs of rows into out [n n].
func (p *pairs) dots(out *dense.Panels) {
	p.transpose()
	product := dense.Product{Left: p.unit, Right: &p.right, Symmetric: true}
	product.IntoPanels(out)
	p.math.Multiply(&product)
}

// halves writes half the negative squared distance of every pair into out [n n],
//
//	-|a-b|^2/2 = a.b - |a|^2/2 - |b|^2/2,
//
// which is 0 for equal rows and no more for any, and which rbf wants the
// exponential of. Where too much cancels it is good to some bits only: see exact.
func (p *pairs) halves(out *dense.Panels) {
	p.centre()
	p.transpose()
	p.lengths()
	product := dense.Product{Left: p.unit, Right: &p.right, ColumnTerms: p.self, RowTerms: p.repeated, NotAbove0: true, Symmetric: true}
	product.IntoPanels(out)
	p.math.Multiply(&product)
}

func (p *pairs) transpose() {
	p.right = p.math.Panels(p.right.Data, p.unit.Columns, p.unit.Rows)
	p.math.Transposed(&p.right, p.unit)
}

// lengths takes squared lengths from the diagonal of products like all others, so
// that between equal rows everything cancels to the bit.
func (p *pairs) lengths() {
	lanes := p.math.Lanes
	p.self, p.repeated = resized(p.self, p.right.Padded()), resized(p.repeated, p.unit.Rows*lanes)
	clear(p.self)
	p.longest = 0
	for i := range p.right.Count() {
		p.part = p.right.Alone(i)
		first, n := i*p.right.Width(), p.part.Columns
		p.block = p.math.Padded(p.block.Data, n, p.part.Padded())
		product := dense.Product{Left: p.unit.Slice(first, first+n), Right: &p.part}
		product.Into(p.block)
		p.math.Multiply(&product)
		for j := range n {
			square := p.block.Row(j)[j]
			p.self[first+j], p.longest = -square/2, max(p.longest, square)
		}
	}
	for i, v := range p.self[:p.unit.Rows] {
		fill(p.repeated[i*lanes:(i+1)*lanes], v)
	}
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

// exact takes the distances from row i to rows after it again where they are near.
func (p *pairs) exact(out *dense.Panels, i int) {
	p.apart = resized(p.apart, p.unit.Columns)
	for j := i + 1; j < p.unit.Rows; j++ {
		if *out.At(i, j) < nearby*(p.self[i]+p.self[j]) {
			continue
		}
		p.math.Sub(p.apart, p.unit.Row(i), p.unit.Row(j))
		h := -p.math.Dot(p.apart, p.apart) / 2
		*out.At(i, j), *out.At(j, i) = h, h
	}
}
