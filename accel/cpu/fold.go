package cpu

import (
	"math"
	"slices"

	"ttad/accel"
)

// affine is the scale and the shift of a norm for each output channel. Mixed in
// float64 and rounded once, when melted into float32 weights.
type affine struct {
	norm         int // step of the program
	scale, shift []float64
}

// foldNorms melts source-mode norms into the convolution or product before
// them, and drops virtual ones, which do nothing in source mode.
func (b *planner) foldNorms() {
	for i := 0; i < len(b.nodes); i++ {
		n := b.nodes[i]
		if op, ok := n.op.(accel.Norm); ok && op.Virtual {
			b.remove(i)
			b.free = append(b.free, n.step)
			b.substitute(n.out, n.in[0])
			i--
			continue
		}
		if a, j := b.normBehind(i); a != nil {
			n.fold, n.out = a, b.nodes[j].out
			n.folded = append(n.folded, b.nodes[j].step)
			b.remove(j)
		}
	}
}

// foldScales is for a plan that normalizes at run time: it melts in the scales
// alone, so that both plans have the same weights, and the norms, which multiply
// channels anyhow, undo that. Where they could not, weights stay as they are.
func (b *planner) foldScales() {
	for i, n := range b.nodes {
		if a, j := b.normBehind(i); a != nil && a.undoable() {
			n.fold = &affine{a.norm, a.scale, make([]float64, len(a.shift))}
			b.nodes[j].undo = a.scale
		}
	}
}

// normBehind returns the norm that can be melted into node i, and its place; nil if
// there is none.
func (b *planner) normBehind(i int) (*affine, int) {
	n := b.nodes[i]
	if !b.foldable(n) {
		return nil, -1
	}
	j := b.onlyReader(n.out, i)
	if j < 0 {
		return nil, -1
	}
	return b.normAffine(b.nodes[j]), j
}

// substitute lets everybody who reads old read v, which has the same shape and
// values.
func (b *planner) substitute(old, v accel.ValueID) {
	for _, n := range b.nodes {
		for k, id := range n.in {
			if id == old {
				n.in = slices.Clone(n.in) // the program's own list must not change
				n.in[k] = v
			}
		}
	}
	b.root[old] = v
	b.uses[v] += b.uses[old] - 1
}

// foldable reports whether a node's weights and bias are constants with one
// output channel for each channel a norm would see.
func (b *planner) foldable(n *node) bool {
	switch n.op.(type) {
	case accel.Conv:
		return b.constant(n.in[1]) != nil && b.fixedBias(n)
	case accel.MatMul:
		out, w := b.p.Values[n.out].Shape, b.p.Values[n.in[1]].Shape
		return len(out) == 2 && len(w) == 2 && b.constant(n.in[1]) != nil && b.fixedBias(n)
	}
	return false
}

// fixedBias reports whether operand 2 is absent, or constant with one value for
// each channel.
func (b *planner) fixedBias(n *node) bool {
	if len(n.in) < 3 || n.in[2] == accel.NoValue {
		return true
	}
	bias := b.p.Values[n.in[2]].Shape
	channels := b.p.Values[n.out].Shape[1]
	perChannel := len(bias) > 0 && bias[len(bias)-1] == channels && bias.Elements(1) == channels.Fixed
	return b.constant(n.in[2]) != nil && perChannel
}

// normAffine returns what a norm with constant parameters does in source mode,
// nil for any other node.
func (b *planner) normAffine(n *node) *affine {
	op, ok := n.op.(accel.Norm)
	if !ok || op.Virtual {
		return nil
	}
	gamma, beta := b.constant(n.in[1]), b.constant(n.in[2])
	mean, variance := b.constant(n.in[3]), b.constant(n.in[4])
	if gamma == nil || beta == nil || mean == nil || variance == nil {
		return nil
	}
	a := &affine{n.step, make([]float64, len(gamma)), make([]float64, len(gamma))}
	for c := range gamma {
		a.scale[c] = float64(gamma[c]) / math.Sqrt(float64(variance[c])+float64(op.Eps))
		a.shift[c] = float64(beta[c]) - float64(mean[c])*a.scale[c]
	}
	return a
}

// Scales within these bounds leave values that have squares.
const smallestScale, largestScale = 0x1p-30, 0x1p30

// undoable reports whether what was multiplied by the scales can be divided by
// them without loss: a float32 keeps its precision, but a zero is lost.
func (a *affine) undoable() bool {
	return !slices.ContainsFunc(a.scale, func(v float64) bool {
		return !(math.Abs(v) >= smallestScale && math.Abs(v) <= largestScale) // NaN is not
	})
}

// weights returns weights after melting: [channels][perChannel].
func (a *affine) weights(w []float32, perChannel int) []float32 {
	if a == nil {
		return w
	}
	out := make([]float32, len(w))
	for i, v := range w {
		out[i] = float32(float64(v) * a.scale[i/perChannel])
	}
	return out
}

// factor is what the weights of channel c are multiplied by.
func (a *affine) factor(c int) float64 {
	if a == nil {
		return 1
	}
	return a.scale[c]
}

// bias returns the bias of channel c after melting.
func (a *affine) bias(b float32, c int) float32 {
	if a == nil {
		return b
	}
	return float32(float64(b)*a.scale[c] + a.shift[c])
}
