package accel

import "fmt"

// Infer returns To when it has as many elements as x for every row count.
func (r Reshape) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	if _, err := one(r.To); err != nil {
		return nil, err
	}
	have, small := elementsOf(in[0])
	want, fits := elementsOf(r.To)
	if !small || !fits {
		return nil, fmt.Errorf("reshape %v to %v: more elements than a device can index", in[0], r.To)
	}
	if !have.equal(want) {
		return nil, fmt.Errorf("reshape %v to %v: different numbers of elements", in[0], r.To)
	}
	return one(r.To)
}

// Infer returns x's extents in the order of Perm.
func (t Transpose) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	out, seen := make(Shape, len(x)), make([]bool, len(x))
	if len(t.Perm) != len(x) {
		return nil, fmt.Errorf("perm %v does not list the %d axes of x %v", t.Perm, len(x), x)
	}
	for i, axis := range t.Perm {
		if axis < 0 || axis >= len(x) || seen[axis] {
			return nil, fmt.Errorf("perm %v is not a permutation of the axes of x %v", t.Perm, x)
		}
		seen[axis], out[i] = true, x[axis]
	}
	return one(out)
}

// Infer returns the operands' shape with the extents of Axis added up.
func (c Concat) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, maxExtent); err != nil {
		return nil, err
	}
	if err := axisInRange(c.Axis, in[0]); err != nil {
		return nil, err
	}
	out := append(Shape{}, in[0]...)
	for i, s := range in[1:] {
		if len(s) != len(out) {
			return nil, fmt.Errorf("operand %d %v has not the rank of operand 0 %v", i+1, s, in[0])
		}
		for axis, d := range s {
			if axis != c.Axis && d != out[axis] {
				return nil, fmt.Errorf("operand %d %v differs from operand 0 %v outside axis %d", i+1, s, in[0], c.Axis)
			}
		}
		out[c.Axis] = out[c.Axis].plus(s[c.Axis])
	}
	return one(out)
}

// Infer returns x's shape with Count along Axis. First and last element must
// lie inside the axis for every row count.
func (s Slice) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	if err := axisInRange(s.Axis, x); err != nil {
		return nil, err
	}
	if s.Step == 0 || s.Step > maxExtent || s.Step < -maxExtent {
		return nil, fmt.Errorf("slice step %d is out of range", s.Step)
	}
	if !s.Count.usable() || !s.Start.usable() && !s.empty() {
		return nil, fmt.Errorf("slice of %v from %v is out of range", s.Count, s.Start)
	}
	last := s.Start.plus(s.Count.plus(Fixed(-1)).times(s.Step))
	if !s.empty() && (!s.inside(s.Start, x[s.Axis]) || !s.inside(last, x[s.Axis])) {
		return nil, fmt.Errorf("slice of %v from %v in steps of %d leaves axis %d of x %v", s.Count, s.Start, s.Step, s.Axis, x)
	}
	out := append(Shape{}, x...)
	out[s.Axis] = s.Count
	return one(out)
}

// empty reports whether the slice takes nothing for any row count.
func (s Slice) empty() bool { return s.Count == Fixed(0) }

// inside reports whether 0 <= i < extent for every row count for which the
// slice takes anything. [1:] of the batch axis takes nothing of a single row.
func (s Slice) inside(i, extent Dim) bool {
	first := 1
	if s.Count.At(1) == 0 {
		first = 2
	}
	room := extent.plus(i.times(-1))
	return i.PerRow >= 0 && i.At(first) >= 0 && room.PerRow >= 0 && room.At(first) >= 1
}

// Infer returns x's extents with the padding added.
func (p Pad) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	if len(p.Before) != len(x) || len(p.After) != len(x) {
		return nil, fmt.Errorf("padding before %v and after %v does not list the %d axes of x %v", p.Before, p.After, len(x), x)
	}
	out := append(Shape{}, x...)
	for axis, d := range x {
		before, after := p.Before[axis], p.After[axis]
		if before < 0 || after < 0 || max(before, after) > maxExtent {
			return nil, fmt.Errorf("padding %d before and %d after axis %d is out of range", before, after, axis)
		}
		if err := p.fillable(d, max(before, after)); err != nil {
			return nil, fmt.Errorf("axis %d of x %v: %w", axis, x, err)
		}
		out[axis] = d.plus(Fixed(before + after))
	}
	return one(out)
}

// fillable checks that an axis holds the elements its padding is copied from.
func (p Pad) fillable(extent Dim, widest int) error {
	switch p.Mode {
	case PadConstant:
		return nil
	case PadReflect:
		if widest > 0 && !extent.atLeast(widest+1) {
			return fmt.Errorf("reflecting %d elements needs more than %v", widest, extent)
		}
		return nil
	case PadEdge:
		if widest > 0 && !extent.atLeast(1) {
			return fmt.Errorf("an empty axis has no edge to repeat")
		}
		return nil
	}
	return fmt.Errorf("no padding mode is called %q", p.Mode)
}

// Infer returns data's shape with Axis replaced by the axes of indices.
func (g Gather) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 2); err != nil {
		return nil, err
	}
	data, indices := in[0], in[1]
	if g.Axis < 0 || g.Axis >= len(data) {
		return nil, fmt.Errorf("axis %d is outside data %v", g.Axis, data)
	}
	out := append(Shape{}, data[:g.Axis]...)
	out = append(out, indices...)
	return one(append(out, data[g.Axis+1:]...))
}
