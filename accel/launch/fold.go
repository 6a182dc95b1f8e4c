package launch

import (
	"math"
	"slices"

	"ttad/accel"
)

// foldBiases makes the constant added to a convolution's or a product's result its
// bias, as exporters that write additions of their own meant it.
func (b *planner) foldBiases() {
	for i := range b.nodes {
		if i >= len(b.nodes) {
			return
		}
		n := b.nodes[i]
		j := b.onlyReader(n.out, i)
		if j < 0 || !takesBias(n) {
			continue
		}
		if bias := b.addedConstant(b.nodes[j], n.out); bias != accel.NoValue && b.setBias(n, bias) {
			n.folded = append(n.folded, b.nodes[j].step)
			n.out = b.nodes[j].out
			b.remove(j)
		}
	}
}

// takesBias reports whether a node could have a bias and has none.
func takesBias(n *node) bool {
	switch n.op.(type) {
	case accel.Conv, accel.MatMul:
		return n.in[2] == accel.NoValue
	}
	return false
}

// addedConstant is the constant a node adds to v, without changing its shape.
func (b *planner) addedConstant(n *node, v accel.ValueID) accel.ValueID {
	op, ok := n.op.(accel.Binary)
	if !ok || op.Fn != accel.Add || !b.shape(n.out).Equal(b.shape(v)) {
		return accel.NoValue
	}
	other := n.in[0]
	if other == v {
		other = n.in[1]
	}
	if b.constant(other) == nil {
		return accel.NoValue
	}
	return other
}

// setBias gives a node a bias if its operator can have this one.
func (b *planner) setBias(n *node, bias accel.ValueID) bool {
	if op, ok := n.op.(accel.MatMul); ok {
		op.Beta = 1
		n.op, n.in[2] = op, bias
		return true
	}
	channels := b.shape(n.out)[1].Fixed
	values, ok := perChannel(b.constant(bias), b.shape(bias), channels)
	if ok {
		n.in[2] = b.addConstant(bias, accel.StaticShape(channels), values)
	}
	return ok
}

// perChannel returns a constant that is added to images as one value a channel, if it
// is that.
func perChannel(values []float32, shape accel.Shape, channels int) ([]float32, bool) {
	switch {
	case len(values) == 1:
		return slices.Repeat(values, channels), true
	case len(values) == channels && len(shape) >= 3 && shape[len(shape)-3] == accel.Fixed(channels):
		return values, true
	}
	return nil, false
}

// dropVirtual removes virtual norms: in source mode they do nothing.
func (b *planner) dropVirtual() {
	for i := 0; i < len(b.nodes); i++ {
		n := b.nodes[i]
		if op, ok := n.op.(accel.Norm); ok && op.Virtual {
			b.remove(i)
			b.free = append(b.free, n.step)
			b.substitute(n.out, n.in[0])
			i--
		}
	}
}

// foldNorms melts source-mode norms into the convolution or product before them.
func (b *planner) foldNorms() {
	for i := 0; i < len(b.nodes); i++ {
		n := b.nodes[i]
		if !b.foldable(n) {
			continue
		}
		j := b.onlyReader(n.out, i)
		if j < 0 {
			continue
		}
		if a := b.normAffine(b.nodes[j]); a != nil && b.melt(n, a) {
			n.folded = append(n.folded, b.nodes[j].step)
			n.out = b.nodes[j].out
			b.remove(j)
		}
	}
}

// foldable reports whether a node's weights and bias are constants with one output
// channel for each channel a norm would see.
func (b *planner) foldable(n *node) bool {
	switch n.op.(type) {
	case accel.Conv:
	case accel.MatMul:
		if len(b.shape(n.out)) != 2 || len(b.shape(n.in[1])) != 2 {
			return false
		}
	default:
		return false
	}
	return b.constant(n.in[1]) != nil && b.fixedBias(n)
}

// fixedBias reports whether the bias is absent, or constant with one value for each
// channel.
func (b *planner) fixedBias(n *node) bool {
	if n.in[2] == accel.NoValue {
		return true
	}
	bias, channels := b.shape(n.in[2]), b.shape(n.out)[1]
	each := len(bias) > 0 && bias[len(bias)-1] == channels && bias.Elements(1) == channels.Fixed
	return b.constant(n.in[2]) != nil && each
}

// affine is the scale and the shift of a norm for each channel, in float64: rounded
// once, when melted into float32 weights.
type affine struct{ scale, shift []float64 }

// normAffine returns what a norm with constant parameters does in source mode, nil for
// any other node.
func (b *planner) normAffine(n *node) *affine {
	op, ok := n.op.(accel.Norm)
	if !ok {
		return nil
	}
	gamma, beta := b.constant(n.in[1]), b.constant(n.in[2])
	mean, variance := b.constant(n.in[3]), b.constant(n.in[4])
	if gamma == nil || beta == nil || mean == nil || variance == nil {
		return nil
	}
	a := &affine{make([]float64, len(gamma)), make([]float64, len(gamma))}
	for c := range gamma {
		a.scale[c] = float64(gamma[c]) / math.Sqrt(float64(variance[c])+float64(op.Eps))
		a.shift[c] = float64(beta[c]) - float64(mean[c])*a.scale[c]
	}
	return a
}

// melt gives a node new weights and a new bias, unless these would not be finite: then
// the norm has to be done step by step, for the same values to come out as numbers.
func (b *planner) melt(n *node, a *affine) bool {
	w := b.p.Values[n.in[1]]
	weights := make([]float32, len(w.Const))
	channel := b.channelOf(n)
	for i, v := range w.Const {
		weights[i] = float32(float64(v) * a.scale[channel(i)])
	}
	bias := make([]float32, len(a.scale))
	for c := range bias {
		bias[c] = float32(b.biasOf(n, c)*a.scale[c] + a.shift[c])
	}
	if !finite(weights) || !finite(bias) {
		return false
	}
	n.in[1] = b.addConstant(n.in[1], w.Shape, weights)
	n.in[2] = b.addConstant(n.in[2], accel.StaticShape(len(bias)), bias)
	if op, ok := n.op.(accel.MatMul); ok {
		op.Beta = 1
		n.op = op
	}
	return true
}

// channelOf says which output channel weight i belongs to.
func (b *planner) channelOf(n *node) func(i int) int {
	shape := b.shape(n.in[1])
	op, product := n.op.(accel.MatMul)
	if product && !op.TransB {
		columns := shape[1].Fixed
		return func(i int) int { return i % columns }
	}
	each := len(b.constant(n.in[1])) / max(1, shape[0].Fixed)
	return func(i int) int { return i / each }
}

// biasOf is what a node adds to channel c of its result.
func (b *planner) biasOf(n *node, c int) float64 {
	bias := b.constant(n.in[2])
	if bias == nil {
		return 0
	}
	beta := 1.0
	if op, ok := n.op.(accel.MatMul); ok {
		beta = float64(op.Beta)
	}
	return beta * float64(bias[c])
}

func finite(values []float32) bool {
	return !slices.ContainsFunc(values, func(v float32) bool { return v-v != 0 })
}
