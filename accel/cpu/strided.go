package cpu

import "ttad/accel"

// strided says where the elements of a value lie in the memory of another one that
// it was made from by moving elements, and perhaps by multiplying all of them by a
// number. Only values whose first axis alone may depend on the batch are described.
type strided struct {
	source accel.ValueID
	base   int
	axes   [][]factor // of each axis, outermost first; none for an axis of one element
	scale  float64
}

// factor is an axis or a part of one: so many elements, a stride apart.
type factor struct {
	extent accel.Dim
	stride int
}

// rowMajorOf describes a value in its own memory.
func rowMajorOf(id accel.ValueID, s accel.Shape) (strided, bool) {
	v := strided{source: id, scale: 1, axes: make([][]factor, len(s))}
	step := 1
	for i := len(s) - 1; i >= 0; i-- {
		batch := i == 0 && s[i].PerRow > 0 && s[i].Fixed == 0
		if !batch && (!s[i].Static() || s[i].Fixed < 1) {
			return v, false
		}
		if s[i] != accel.Fixed(1) {
			v.axes[i] = []factor{{s[i], step}}
		}
		step *= s[i].Fixed
	}
	return v, true
}

// moved describes the result of an operator whose operand is described by v, if it
// does nothing but move elements and scale them all.
func (b *planner) moved(v strided, n *node) (strided, bool) {
	switch op := n.op.(type) {
	case accel.Reshape:
		return v.reshape(b.p.Values[n.out].Shape)
	case accel.Transpose:
		return v.transpose(op.Perm), true
	case accel.Slice:
		return v.slice(op)
	case accel.Gather:
		return v.take(op.Axis, &b.p.Values[n.in[1]], b.p.Values[n.in[0]].Shape)
	}
	by, ok := b.scaling(n)
	v.scale *= by
	return v, ok
}

// scaling returns what a node multiplies its first operand with.
func (b *planner) scaling(n *node) (by float64, ok bool) {
	switch op := n.op.(type) {
	case accel.Map:
		return float64(op.A), op.Fn == accel.Affine && op.B == 0
	case accel.Binary:
		k := b.constant(n.in[1])
		if len(k) != 1 || !b.p.Values[n.in[0]].Shape.Equal(b.p.Values[n.out].Shape) {
			return 0, false
		}
		switch op.Fn {
		case accel.Mul:
			return float64(k[0]), true
		case accel.Div:
			return 1 / float64(k[0]), k[0] != 0
		}
	}
	return 0, false
}

func (v strided) transpose(perm []int) strided {
	axes := make([][]factor, len(perm))
	for i, from := range perm {
		axes[i] = v.axes[from]
	}
	v.axes = axes
	return v
}

// slice describes a part of an axis in one piece.
func (v strided) slice(op accel.Slice) (strided, bool) {
	axis := v.axes[op.Axis]
	if len(axis) != 1 || op.Step < 1 || !op.Start.Static() || op.Start.Fixed < 0 || !op.Count.Static() || op.Count.Fixed < 1 || !axis[0].extent.Static() {
		return v, false
	}
	v.base += op.Start.Fixed * axis[0].stride
	axis = []factor{{op.Count, axis[0].stride * op.Step}}
	if op.Count.Fixed == 1 {
		axis = nil
	}
	return v.with(op.Axis, 1, axis), true
}

// take describes what a single constant index picks; the axis goes, or has one
// element when the index is a list.
func (v strided) take(axis int, index *accel.Value, s accel.Shape) (strided, bool) {
	if len(index.Const) != 1 || len(index.Shape) > 1 || len(v.axes[axis]) != 1 || !s[axis].Static() {
		return v, false
	}
	at, ok := position(index.Const[0], s[axis].Fixed)
	if !ok {
		return v, false // an error of the run
	}
	v.base += at * v.axes[axis][0].stride
	return v.with(axis, len(index.Shape), nil), true
}

// with returns v with so many axes, one or none, in the place of one.
func (v strided) with(axis, count int, by ...[]factor) strided {
	axes := append([][]factor{}, v.axes[:axis]...)
	axes = append(axes, by[:count]...)
	v.axes = append(axes, v.axes[axis+1:]...)
	return v
}

// reshape deals the factors out to other axes, cutting those that an axis ends
// within.
func (v strided) reshape(to accel.Shape) (strided, bool) {
	var rest []factor
	for _, axis := range v.axes {
		rest = append(rest, axis...)
	}
	v.axes = make([][]factor, len(to))
	for i, d := range to {
		for d != accel.Fixed(1) {
			if len(rest) == 0 {
				return v, false
			}
			f := rest[0]
			if left, ok := quotient(d, f.extent); ok {
				v.axes[i], rest, d = append(v.axes[i], f), rest[1:], left
				continue
			}
			inner, ok := quotient(f.extent, d)
			if !ok || !inner.Static() {
				return v, false
			}
			v.axes[i] = append(v.axes[i], factor{d, f.stride * inner.Fixed})
			rest[0], d = factor{inner, f.stride}, accel.Fixed(1)
		}
	}
	return v, len(rest) == 0
}

// quotient divides extents where that leaves no rest for any batch.
func quotient(d, by accel.Dim) (accel.Dim, bool) {
	switch {
	case by.Static() && by.Fixed > 0 && d.PerRow%by.Fixed == 0 && d.Fixed%by.Fixed == 0:
		return accel.Dim{PerRow: d.PerRow / by.Fixed, Fixed: d.Fixed / by.Fixed}, true
	case by.PerRow > 0 && by.Fixed == 0 && d.Fixed == 0 && d.PerRow > 0 && d.PerRow%by.PerRow == 0:
		return accel.Fixed(d.PerRow / by.PerRow), true
	}
	return d, false
}

// joined returns an axis as one factor, if its elements lie evenly spaced. An axis
// of one element does, at any stride.
func joined(axis []factor) (factor, bool) {
	if len(axis) == 0 {
		return factor{accel.Fixed(1), 1}, true
	}
	f := axis[0]
	for _, inner := range axis[1:] {
		if !inner.extent.Static() || f.stride != inner.stride*inner.extent.Fixed {
			return f, false
		}
		f = factor{accel.Dim{PerRow: f.extent.PerRow * inner.extent.Fixed, Fixed: f.extent.Fixed * inner.extent.Fixed}, inner.stride}
	}
	return f, true
}
