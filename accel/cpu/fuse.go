package cpu

import "ttad/accel"

// fuseTails moves functions of one value, and additions of a value that is
// ready by then, to the kernel that computes their operand.
func (b *planner) fuseTails() {
	for i := 0; i < len(b.nodes); i++ {
		n := b.nodes[i]
		if !takesTail(n.op) {
			continue
		}
		for b.absorb(i, b.onlyReader(n.out, i)) {
		}
	}
}

// takesTail reports whether the op's kernel finishes its result range by range.
func takesTail(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.MatMul, applyOp, accel.Binary:
		return true
	}
	return false
}

// absorb makes node j part of node i's tail if it can be.
func (b *planner) absorb(i, j int) bool {
	if j < 0 {
		return false
	}
	n, next := b.nodes[i], b.nodes[j]
	var t tailing
	switch op := next.op.(type) {
	case accel.Map:
		t = tailing{add: accel.NoValue, fn: newMapper(b.d.vectors, op)}
	case accel.Binary:
		other, ok := b.addend(op, next, n.out)
		if !ok || !b.readyBefore(other, i) {
			return false
		}
		t = tailing{add: other}
	default:
		return false
	}
	n.tail = append(n.tail, t)
	n.fused = append(n.fused, next.step)
	n.out = next.out
	b.remove(j)
	return true
}

// addend returns the other operand of an addition of two values of one shape.
func (b *planner) addend(op accel.Binary, n *node, v accel.ValueID) (accel.ValueID, bool) {
	other := n.in[0]
	if other == v {
		other = n.in[1]
	}
	same := b.p.Values[other].Shape.Equal(b.p.Values[v].Shape)
	return other, op.Fn == accel.Add && other != v && same
}

// readyBefore reports whether a value is there when node i begins.
func (b *planner) readyBefore(v accel.ValueID, i int) bool {
	for _, n := range b.nodes[i:] {
		if n.out == b.root[v] {
			return false
		}
	}
	return true
}
