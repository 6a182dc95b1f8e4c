package cpu

import (
	"slices"

	"ttad/accel"
)

// segment is a run of kernels that can all be computed for some rows without the
// others, or one that needs the whole batch.
type segment struct {
	first, end int    // kernels
	rows       int    // of a chunk; 0 for kernels that need all rows at once
	work       int    // elementary operations for a row
	slots      []slot // the values its kernels touch
}

// byRows reports whether a shape's first axis is made of the batch's rows, the
// same number of elements for each, and nothing else depends on them.
func byRows(s accel.Shape) bool {
	return len(s) > 0 && s[0].PerRow > 0 && s[0].Fixed == 0 && s[1:].Static()
}

// rowWise reports whether rows of a node's result follow from the same rows of
// its operands, and from operands that are the same for all rows.
func (b *planner) rowWise(n *node) bool {
	switch n.op.(type) {
	case mixOp, keepOp:
		return false
	}
	out := b.result(n)
	if !byRows(out) {
		return false
	}
	_, apart := n.op.(productOp) // which may read windows of rows, or the other way around
	for _, id := range n.reads() {
		s := b.p.Values[id].Shape
		aligned := byRows(s) && (apart || s[0] == out[0])
		if !aligned && !s.Static() {
			return false
		}
	}
	return b.keepsRows(n, len(out))
}

// result is the shape of what a node computes, or sums up.
func (b *planner) result(n *node) accel.Shape {
	if n.out == accel.NoValue {
		return b.p.Values[n.in[0]].Shape
	}
	return b.p.Values[n.out].Shape
}

// keepsRows reports whether an operator whose operands are aligned keeps rows
// apart. The result has rank axes.
func (b *planner) keepsRows(n *node, rank int) bool {
	shape := func(i int) accel.Shape { return b.p.Values[n.in[i]].Shape }
	switch op := n.op.(type) {
	case accel.Map, accel.Pool, accel.InstanceNorm, accel.Expand, reorder, momentsOp, applyOp:
		return true
	case accel.Binary, accel.Where:
		return true
	case accel.Conv:
		return byRows(shape(0)) && b.constant(n.in[1]) != nil
	case accel.MatMul:
		return len(shape(0)) == rank && byRows(shape(0)) || len(shape(1)) == rank && rank > 2
	case productOp:
		return true // the planner makes no others
	case accel.Reduce:
		return !slices.Contains(op.Axes, 0)
	case accel.Softmax:
		return op.Axis != 0
	case accel.LayerNorm:
		return op.Axis != 0
	case accel.Transpose:
		return op.Perm[0] == 0
	case accel.Slice:
		return op.Axis != 0
	case accel.Concat:
		return op.Axis != 0
	case accel.Pad:
		return op.Before[0] == 0 && op.After[0] == 0
	case accel.Gather:
		return (op.Axis == 0) == shape(0).Static()
	}
	return false
}

// touched lists the values that a segment's nodes read or make.
func (b *planner) touched(s *segment) (ids []accel.ValueID) {
	for _, n := range b.nodes[s.first:s.end] {
		ids = append(ids, n.touches()...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// slots tells where chunks find the values that a segment's nodes read or make.
func (b *planner) slots(s *segment, m *memory) (slots []slot) {
	for _, id := range b.touched(s) {
		slots = append(slots, slot{id, b.each(id), m.local[b.root[id]]})
	}
	return slots
}
