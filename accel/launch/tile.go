package launch

import "ttad/accel"

// Numbers that tile.cl and gemm.cl have as well.
const (
	tileElements = 4096 // of a product that a group computes
	tileSide     = 64   // of a square tile
	tileDepth    = 16   // of the operands' common depth, at a time
)

// When the depth of a product is cut into parts, which groups sum up side by side. On
// paper, for a card of 132 multiprocessors: more groups than that share its units rather
// than add to them, and 16 of the depth take a group 0.3 µs at best, so that a part of 256
// saves about as much as the launch that joins the parts costs.
const (
	crowd        = 128
	shortestPart = 256
	mostParts    = 16
)

// parts says into how many parts the depth of a product of so many tiles is cut, and
// how much of it each does.
func parts(tiles, depth int) (count, span int) {
	count = max(1, min(crowd/max(1, tiles), depth/shortestPart, mostParts))
	span = max(1, ceilDiv(ceilDiv(depth, count), tileDepth)) * tileDepth
	return max(1, ceilDiv(depth, span)), span
}

// takeParts is memory for the parts of a result, for any number of rows up to the one
// at hand: no part is cut unless all of them fit.
func (l *lowering) takeParts(outputs, depth int) operand {
	if depth < 2*shortestPart {
		return l.take(1)
	}
	return l.take(min(mostParts*outputs, crowd*tileElements))
}

// bias is what is added to the channels of a result that change every inner elements.
type bias struct {
	value           accel.ValueID // accel.NoValue for none
	channels, inner int
	factor          float32
}

// join emits the launch that makes the result of a node of its parts.
func (l *lowering) join(n *node, parts operand, count int, b bias) {
	outputs := accel.Elements(l.shape(n.out))
	args := []operand{l.value(n.out), parts, integer(outputs), integer(count)}
	args = append(args, l.given(b.value, n.in[0])...)
	args = append(args, integer(max(1, b.channels)), integer(max(1, b.inner)), number(b.factor))
	l.emit("join", across(outputs), append(args, l.ending(n.tail, n.in[0])...)...)
}

// given is an operand that may be absent as kernels take it: memory, and whether it
// means anything. Any value will do for the memory of one that is absent.
func (l *lowering) given(id, anyValue accel.ValueID) []operand {
	if id == accel.NoValue {
		return []operand{l.value(anyValue), integer(0)}
	}
	return []operand{l.value(id), integer(1)}
}

// ending is a tail as kernels take it.
func (l *lowering) ending(t tail, anyValue accel.ValueID) []operand {
	act, _ := activation(t.act)
	return append(l.given(t.add, anyValue), integer(act), number(t.act.A), number(t.act.B))
}

// noTail is the tail of a kernel that leaves parts.
var noTail = tail{add: accel.NoValue}

func integers(numbers ...int) []operand {
	args := make([]operand, len(numbers))
	for i, n := range numbers {
		args[i] = integer(n)
	}
	return args
}
