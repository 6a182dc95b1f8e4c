package cpu

import "ttad/accel"

// fuseTails moves functions of one value, and additions, to the kernel that
// computes their operand. A kernel whose addend is computed after it moves down to
// where the addition was: its own result would have waited there as well.
func (b *planner) fuseTails() {
	for i := range b.nodes {
		for i < len(b.nodes) && takesTail(b.nodes[i].op) && b.absorb(i) {
		}
	}
}

// takesTail reports whether the op's kernel finishes its result range by range.
func takesTail(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.MatMul, productOp, applyOp, accel.Binary:
		return true
	}
	return false
}

// absorb makes the only reader of node i part of its tail if it can be.
func (b *planner) absorb(i int) bool {
	n := b.nodes[i]
	j := b.onlyReader(n.out, i)
	if j < 0 {
		return false
	}
	t, ok := b.tailing(b.nodes[j], n.out)
	if !ok {
		return false
	}
	n.tail = append(n.tail, t)
	n.fused = append(n.fused, b.nodes[j].step)
	n.out = b.nodes[j].out
	if t.add != accel.NoValue && !b.readyBefore(t.add, i) {
		b.nodes[j], j = n, i
	}
	b.remove(j)
	return true
}

// tailing returns what a node does to v, if tails can do it.
func (b *planner) tailing(n *node, v accel.ValueID) (tailing, bool) {
	switch op := n.op.(type) {
	case accel.Map:
		return tailing{add: accel.NoValue, fn: newMapper(b.d.vectors, op)}, true
	case accel.Binary:
		other, ok := b.addend(op, n, v)
		return tailing{add: other}, ok
	}
	return tailing{}, false
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
