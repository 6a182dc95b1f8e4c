package cpu

import (
	"slices"

	"ttad/accel"
)

// product is the extents of a MatMul and where its matrices lie. They lie as the
// shapes say unless the planner found out what was moved to get there (attention.go).
type product struct {
	lead    accel.Shape // of the stack of results
	m, n, k accel.Dim
	a, b, y matrices
	// tall: one right side serves all left ones, which are then one tall matrix.
	tall bool
}

// matrices is how a stack of them lies in a value.
type matrices struct {
	base     int
	lead     []stride // along the leading axes of the result; resting where all share one
	row, col stride
}

// stride is how far apart neighbours along an axis lie: the product of extents.
type stride accel.Shape

func (s stride) at(rows int) int { return elements(accel.Shape(s), rows) }

// static returns a stride that is the same for every batch.
func static(n int) stride { return stride{accel.Fixed(n)} }

// resting reports whether the stride is none.
func (s stride) resting() bool { return len(s) == 1 && s[0] == accel.Fixed(0) }

// newProduct describes matrices that lie as their shapes say.
func newProduct(op accel.MatMul, a, b, y accel.Shape) product {
	rank := len(y) - 2
	p := product{lead: y[:rank], m: y[rank], n: y[rank+1], k: a[len(a)-1]}
	if op.TransA {
		p.k = a[len(a)-2]
	}
	p.a, p.b, p.y = matricesOf(a, y, op.TransA), matricesOf(b, y, op.TransB), matricesOf(y, y, false)
	p.tall = !op.TransA && oneMatrix(b) && len(a) == len(y)
	return p
}

// oneMatrix reports whether a stack holds a single matrix in every batch.
func oneMatrix(s accel.Shape) bool {
	for _, d := range s[:len(s)-2] {
		if d != accel.Fixed(1) {
			return false
		}
	}
	return true
}

// matricesOf lines up the leading axes of a shape with those of the result.
func matricesOf(s, result accel.Shape, transposed bool) matrices {
	last := len(s) - 1
	m := matrices{row: stride(s[last:]), col: stride(s[last+1:])}
	if transposed {
		m.row, m.col = m.col, m.row
	}
	for axis := range len(result) - 2 {
		at := axis - (len(result) - len(s))
		if at < 0 || s[at] == accel.Fixed(1) {
			m.lead = append(m.lead, static(0))
			continue
		}
		m.lead = append(m.lead, stride(s[at+1:]))
	}
	return m
}

// layProduct describes matrices that lie as left, right and written say; result is
// the shape of the stack. It fails where kernels cannot read or write them so, and
// where rows of the batch would not be kept apart.
func layProduct(op accel.MatMul, left, right, result, written strided) (p product, ok bool) {
	last := len(result.axes) - 1
	left, right = left.matrix(op.TransA), right.matrix(op.TransB)
	depth, ok := joined(left.axes[len(left.axes)-1])
	if !ok || !left.apart(result, last-1) || !right.apart(result, last-2) {
		return p, false
	}
	rows, columns := extentOf(result.axes[last-1]), extentOf(result.axes[last])
	p = product{m: rows, n: columns, k: depth.extent}
	for _, axis := range result.axes[:last-1] {
		p.lead = append(p.lead, extentOf(axis))
	}
	var okA, okB, okY bool
	p.a, okA = left.matrices(result)
	p.b, okB = right.matrices(result)
	p.y, okY = written.matrices(result)
	if !okA || !okB || !okY || !p.a.readable() || !p.b.readable() || !p.y.col.is(1) {
		return p, false
	}
	if right.single() && len(left.axes) == len(result.axes) {
		from, okA := left.tall()
		to, okY := written.tall()
		if p.tall = okA && okY; p.tall {
			p.a.row, p.y.row = static(from.stride), static(to.stride)
		}
	}
	return p, true
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

func (s stride) is(n int) bool { return len(s) == 1 && s[0] == accel.Fixed(n) }

// tall returns the rows of all matrices as one axis, if they are evenly spaced.
func (v *strided) tall() (factor, bool) {
	var all []factor
	for _, axis := range v.axes[:len(v.axes)-1] {
		all = append(all, axis...)
	}
	return joined(all)
}
