package launch

import "ttad/accel"

// fuseTails gives an addition, and then an activation, to the kernel that computes
// their operand. A kernel whose addend is computed after it moves down to where the
// addition was: its own result would have waited there as well.
func (b *planner) fuseTails() {
	for i := 0; i < len(b.nodes); i++ {
		for i < len(b.nodes) && takesTail(b.nodes[i].op) && b.absorb(i) {
		}
	}
}

// takesTail reports whether the op's kernels finish their results.
func takesTail(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.MatMul, accel.Norm:
		return true
	}
	return false
}

// absorb makes the only reader of node i its tail if it can be.
func (b *planner) absorb(i int) bool {
	n := b.nodes[i]
	j := b.onlyReader(n.out, i)
	if j < 0 || n.tail.act.Fn != "" {
		return false
	}
	switch op := b.nodes[j].op.(type) {
	case accel.Map:
		if _, ok := activation(op); !ok {
			return false
		}
		n.tail.act = op
	case accel.Binary:
		other, ok := b.addend(op, b.nodes[j], n.out)
		if !ok || n.tail.add != accel.NoValue {
			return false
		}
		n.tail.add = other
	default:
		return false
	}
	n.fused = append(n.fused, b.nodes[j].step)
	n.out = b.nodes[j].out
	if n.tail.add != accel.NoValue && !b.readyBefore(n.tail.add, i) {
		b.nodes[j], j = n, i
	}
	b.remove(j)
	return true
}

// addend returns the other operand of an addition of two values of one shape.
func (b *planner) addend(op accel.Binary, n *node, v accel.ValueID) (accel.ValueID, bool) {
	other := n.in[0]
	if other == v {
		other = n.in[1]
	}
	return other, op.Fn == accel.Add && other != v && b.shape(other).Equal(b.shape(v))
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
