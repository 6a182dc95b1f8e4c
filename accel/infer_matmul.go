package accel

import "fmt"

// Infer returns [... M P], the leading axes broadcast.
func (m MatMul) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 3); err != nil {
		return nil, err
	}
	a, b := in[0], in[1]
	if len(a) < 2 || len(b) < 2 {
		return nil, fmt.Errorf("a %v and b %v: both need two axes or more", a, b)
	}
	rows, inner := matrixAxes(a, m.TransA)
	inner2, columns := matrixAxes(b, m.TransB)
	if inner != inner2 {
		return nil, fmt.Errorf("a %v and b %v do not share an inner extent: %v against %v", a, b, inner, inner2)
	}
	batch, err := Broadcast(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return nil, fmt.Errorf("leading axes: %w", err)
	}
	out := append(batch, rows, columns)
	if c := optional(in, 2); c != nil {
		if err := broadcastTo(c, out); err != nil {
			return nil, fmt.Errorf("c: %w", err)
		}
	}
	return one(out)
}

// matrixAxes returns the last two extents as the product sees them.
func matrixAxes(s Shape, trans bool) (rows, columns Dim) {
	rows, columns = s[len(s)-2], s[len(s)-1]
	if trans {
		return columns, rows
	}
	return rows, columns
}
