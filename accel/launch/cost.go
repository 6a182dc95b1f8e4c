package launch

import (
	"slices"

	"ttad/accel"
)

// flops are the multiplications and additions of a node that is a product, whichever
// way its kernels compute it; other nodes have few beside the bytes they move.
func (l *lowering) flops(n *node) int64 {
	depth := 0
	switch op := n.op.(type) {
	case accel.Conv:
		depth = accel.Elements(l.shape(n.in[1])[1:])
	case accel.MatMul:
		a := l.shape(n.in[0])
		depth = a[len(a)-1]
		if op.TransA {
			depth = a[len(a)-2]
		}
	}
	return 2 * int64(depth) * int64(accel.Elements(l.shape(n.out)))
}

// moved are the bytes that a launch reads and writes if it touches every element of
// its operands once: the least there can be, and what it comes to where a cache holds
// what is read again. Copies touch no more of one side than of the other.
func (l *lowering) moved(c *launch) int64 {
	var floats []int
	for i, arg := range c.args {
		if slices.Contains(c.args[:i], arg) {
			continue // an operand in two parts, or one that stands for an absent one
		}
		if n, ok := l.floats(arg); ok {
			floats = append(floats, n)
		}
	}
	switch c.kernel {
	case "move_placed", "gather_each":
		floats[1] = min(floats[1], floats[0])
	case "place_stretches":
		floats[0] = floats[1]
	}
	var sum int64
	for _, n := range floats {
		sum += int64(n)
	}
	return sum * floatBytes
}

// floats is the size of an operand that is the memory of values.
func (l *lowering) floats(arg operand) (n int, ok bool) {
	switch arg.kind {
	case ofValue:
		return accel.Elements(l.shape(accel.ValueID(arg.index))), true
	case ofPiece:
		return l.pieces[arg.index].floats, true
	case ofMoments:
		return 2 * l.program.NormChannels(arg.index), true
	}
	return 0, false
}
