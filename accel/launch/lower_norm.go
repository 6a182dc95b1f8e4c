package launch

import "ttad/accel"

// What the kernels of norm.cl do in a group.
const (
	measured   = 2048 // values whose moments a group of norm_measure takes
	normalized = 1024 // values that a group of norm_apply normalizes
)

// channels are a norm's input as its kernels see it: [rows][channels][positions].
type channels struct {
	n, positions int
	count        int // values of a channel
	elements     int // of all channels
	mixed        operand
}

// norm decides how each channel is normalized and then does it.
func (l *lowering) norm(n *node, op accel.Norm) {
	shape := l.shape(n.in[0])
	c := channels{n: shape[1], positions: accel.Elements(shape[2:]), elements: accel.Elements(shape)}
	c.count = shape[0] * c.positions
	c.mixed = l.take(3 * c.n)
	if l.form == forBatch {
		l.measure(n, op, c)
	} else {
		l.mix(n, op, c)
	}
	l.apply(n, c)
}

// measure takes the batch's moments, in chunks whose number depends on nothing but
// the shape, and lets the run's rule mix them with the source's.
func (l *lowering) measure(n *node, op accel.Norm, c channels) {
	chunks := max(1, (c.count+measured-1)/measured)
	partial := l.take(2 * c.n * chunks)
	l.emit("norm_measure", [3]int{c.n * chunks, 1, 1}, partial, l.value(n.in[0]),
		integer(c.n), integer(max(1, c.positions)), integer(c.count), integer(chunks))
	rules, at := l.rules(n.norm)
	l.emit("norm_join", [3]int{c.n, 1, 1}, l.moments(n.norm), c.mixed, partial,
		l.value(n.in[1]), l.value(n.in[2]), l.value(n.in[3]), l.value(n.in[4]), rules, at,
		integer(c.n), integer(c.count), integer(chunks), number(op.Eps), flag(op.Virtual))
}

// mix goes by the rule where the batch is not asked. For source moments there are no
// rules, and any memory will do in their place.
func (l *lowering) mix(n *node, op accel.Norm, c channels) {
	rules, at := l.value(n.in[1]), integer(-1)
	if l.form == forGiven {
		rules, at = l.rules(n.norm)
	}
	l.emit("norm_mix", across(c.n), c.mixed, l.value(n.in[1]), l.value(n.in[2]), l.value(n.in[3]), l.value(n.in[4]),
		rules, at, integer(c.n), number(op.Eps), flag(op.Virtual))
}

// apply normalizes, and does the tail.
func (l *lowering) apply(n *node, c channels) {
	add, adds := n.tail.add, n.tail.add != accel.NoValue
	if !adds {
		add = n.in[0]
	}
	act, _ := activation(n.tail.act)
	positions := max(1, c.positions)
	l.emit("norm_apply", [3]int{(c.elements + normalized - 1) / normalized, 1, 1},
		l.value(n.out), l.value(n.in[0]), c.mixed, l.value(add),
		integer(c.n), integer(positions), integer(c.elements),
		integer(256/positions%max(1, c.n)), integer(256%positions),
		flag(adds), integer(act), number(n.tail.act.A), number(n.tail.act.B))
}

// flag is a truth as kernels take it.
func flag(yes bool) operand {
	if yes {
		return integer(1)
	}
	return integer(0)
}
