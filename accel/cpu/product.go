package cpu

import "ttad/accel"

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

func (s stride) is(n int) bool { return len(s) == 1 && s[0] == accel.Fixed(n) }

// static returns a stride that is the same for every batch.
func static(n int) stride { return stride{accel.Fixed(n)} }

// resting reports whether the stride is none.
func (s stride) resting() bool { return s.is(0) }

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
