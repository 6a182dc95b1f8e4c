package cpu

import (
	"slices"

	"ttad/accel"
)

// layProduct describes matrices that lie as left, right and written say; result is
// the shape of the stack. It fails where kernels cannot read or write them so, and
// where rows of the batch would not be kept apart.
func layProduct(op accel.MatMul, left, right, result, written strided) (p product, ok bool) {
	left, right = left.matrix(op.TransA), right.matrix(op.TransB)
	if !cutAlike(&result, &left, &right, &written) {
		return p, false
	}
	last := len(result.axes) - 1
	if !left.apart(result, last-1) || !right.apart(result, last-2) {
		return p, false
	}
	depth, okK := joined(left.axes[len(left.axes)-1])
	p = extents(result, depth.extent)
	var okA, okB, okY bool
	p.a, okA = left.matrices(result)
	p.b, okB = right.matrices(result)
	p.y, okY = written.matrices(result)
	if !okK || !okA || !okB || !okY || len(p.lead) > maxRank {
		return p, false
	}
	if right.single() && len(left.axes) == len(result.axes) {
		p.stand(left, written)
	}
	return p, p.a.readable() && p.b.readable() && p.y.col.is(1)
}

// extents describes the extents of a product by those of its row-major result.
func extents(result strided, depth accel.Dim) (p product) {
	var all accel.Shape
	for _, axis := range result.axes {
		all = append(all, extentOf(axis))
	}
	n := len(all) - 2
	return product{lead: all[:n], m: all[n], n: all[n+1], k: depth}
}

// stand makes one tall product of a stack that shares its right side, if rows are
// evenly spaced on both sides.
func (p *product) stand(left, written strided) {
	from, okA := left.tall()
	to, okY := written.tall()
	if p.tall = okA && okY; p.tall {
		p.a.row, p.y.row = static(from.stride), static(to.stride)
	}
}

// single reports whether a stack holds one matrix.
func (v *strided) single() bool {
	last := len(v.axes) - 1
	return v.factors() == len(v.axes[last])+len(v.axes[last-1])
}

// matrix returns the axes with the last two in the order of rows and columns.
func (v strided) matrix(transposed bool) strided {
	if !transposed {
		return v
	}
	v.axes = slices.Clone(v.axes)
	slices.Reverse(v.axes[len(v.axes)-2:])
	return v
}

// cutAlike makes an axis of its own of every factor of a leading axis, once all have
// the same ones.
func cutAlike(result, left, right, written *strided) bool {
	rank := len(result.axes)
	for axis := range rank - 2 { // outermost first: the others keep their distance to the last
		back := rank - axis
		cut := finest(back, left, right, written)
		for _, v := range []*strided{result, left, right, written} {
			if !v.cut(back, cut) {
				return false
			}
		}
	}
	return true
}

// finest returns the most factors any of the values has along an axis, counted from
// the last.
func finest(back int, values ...*strided) (cut []factor) {
	for _, v := range values {
		if back <= len(v.axes) {
			if axis := v.axes[len(v.axes)-back]; len(axis) > len(cut) {
				cut = axis
			}
		}
	}
	return cut
}

// cut replaces an axis by one axis for each factor of like, which it may have, or be
// cut into, or be stretched to.
func (v *strided) cut(back int, like []factor) bool {
	if back > len(v.axes) || len(like) < 2 {
		return true
	}
	at := len(v.axes) - back
	pieces := v.axes[at]
	if len(pieces) == 1 {
		f := pieces[0]
		pieces = make([]factor, len(like))
		for i := len(like) - 1; i >= 0; i-- {
			pieces[i] = factor{like[i].extent, f.stride}
			f.stride *= like[i].extent.Fixed
		}
	}
	axes := make([][]factor, len(like))
	for i := range pieces {
		if len(pieces) != len(like) || pieces[i].extent != like[i].extent {
			return false
		}
		axes[i] = pieces[i : i+1]
	}
	*v = v.with(at, len(axes), axes...)
	return true
}

// extentOf is the extent of an axis of a row-major value.
func extentOf(axis []factor) accel.Dim {
	if len(axis) == 0 {
		return accel.Fixed(1)
	}
	return axis[0].extent
}

// apart reports whether rows of the batch meet the same rows of the result only:
// both have them along the same one of the axes up to last, or the operand not at all.
func (v *strided) apart(result strided, last int) bool {
	shift := len(result.axes) - len(v.axes)
	for i, axis := range v.axes {
		for _, f := range axis {
			if f.extent.Static() {
				continue
			}
			if i+shift > last || extentOf(result.axes[i+shift]).Static() {
				return false
			}
		}
	}
	return true
}

// matrices lines up leading axes with those of the result.
func (v *strided) matrices(result strided) (m matrices, ok bool) {
	shift := len(result.axes) - len(v.axes)
	m.base = v.base
	for i := range result.axes {
		step := 0
		if i >= shift && (len(v.axes[i-shift]) > 0 || i >= len(result.axes)-2) {
			f, ok := joined(v.axes[i-shift])
			if !ok {
				return m, false
			}
			step = f.stride
		}
		m.lead = append(m.lead, static(step))
	}
	n := len(m.lead) - 2
	m.row, m.col, m.lead = m.lead[n], m.lead[n+1], m.lead[:n:n]
	return m, true
}

// readable reports whether rows or columns lie in one piece.
func (m *matrices) readable() bool { return m.row.is(1) || m.col.is(1) }

// tall returns the rows of all matrices as one axis, if they are evenly spaced.
func (v *strided) tall() (factor, bool) {
	return joined(v.rowFactors())
}

func (v *strided) factors() (n int) {
	for _, axis := range v.axes {
		n += len(axis)
	}
	return n
}
