package launch

import "ttad/accel"

// layerNorm standardizes lines that lie together, with a scale and a bias for each
// place in a line.
func (l *lowering) layerNorm(n *node, op accel.LayerNorm) {
	biased := len(n.in) > 2 && n.in[2] != accel.NoValue
	bias := n.in[1]
	if biased {
		bias = n.in[2]
	}
	l.standardize(n, op.Axis, op.Eps, bias, 0, biased)
}

// instanceNorm standardizes the positions of each channel, with a scale and a bias
// for each channel.
func (l *lowering) instanceNorm(n *node, op accel.InstanceNorm) {
	l.standardize(n, 2, op.Eps, n.in[2], l.shape(n.in[0])[1], true)
}

func (l *lowering) standardize(n *node, axis int, eps float32, bias accel.ValueID, channels int, biased bool) {
	shape := l.shape(n.in[0])
	length := accel.Elements(shape[axis:])
	if length == 0 {
		return
	}
	l.emit("standardize", [3]int{accel.Elements(shape) / length, 1, 1}, l.value(n.out), l.value(n.in[0]),
		l.value(n.in[1]), l.value(bias), integer(length), integer(channels), flag(biased), number(eps))
}
