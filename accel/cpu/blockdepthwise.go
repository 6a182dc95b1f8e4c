package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// blockDepthwiseStep is a convolution of channel blocks that keeps channels apart:
// every output channel sees the input channel of the same number. A task is one
// block of one image.
type blockDepthwiseStep struct {
	x, y    accel.ValueID
	shape   accel.Shape // of the result
	in, out grid
	added   grid   // of what the epilogue adds
	stride  [2]int // rows, columns
	kernels []kernel.Channelwise
	taps    []int     // from the first row's first pixel
	weights []float32 // [block][tap][lanes]
	bias    []float32 // [block][lanes]
	epilogue
	tail []tailing
}

// isDepthwise reports whether a convolution is one the step computes.
func (b *planner) isDepthwise(n *node, op accel.Conv) bool {
	w := b.p.Values[n.in[1]].Shape
	return op.Groups > 1 && w[0].Fixed == op.Groups && w[1].Fixed == 1 && b.fixedWeights(n)
}

func (b *planner) newBlockDepthwise(op accel.Conv, n *node) *blockDepthwiseStep {
	s := &blockDepthwiseStep{
		x: n.in[0], y: n.out, shape: b.p.Values[n.out].Shape, in: b.grid(n.in[0]), out: b.grid(n.out),
		stride: op.Stride, kernels: b.d.kernels.Depthwise(), epilogue: newEpilogue(n.tail),
	}
	s.tail = n.tail[s.done:]
	if s.residual != accel.NoValue {
		s.added = b.grid(s.residual)
	}
	w := newFilter(b, op, n, &s.in, s.out.width)
	for i := range w.height {
		for j := range w.width {
			s.taps = append(s.taps, w.offset(tap{row: i, col: j}))
		}
	}
	s.bias = make([]float32, s.out.blocks*s.out.lanes)
	copy(s.bias, w.bias)
	floats := s.out.blocks * len(s.taps) * s.out.lanes
	s.weights = b.packed(n, "channel by channel", floats, func(to []float32) { s.pack(to, w.melted()) })
	return s
}

// pack lays the weights [channel][tap] out for the kernels, zero beyond the last
// channel.
func (s *blockDepthwiseStep) pack(to, w []float32) {
	for i, v := range w {
		c, t := i/len(s.taps), i%len(s.taps)
		block, lane := c/s.out.lanes, c%s.out.lanes
		to[(block*len(s.taps)+t)*s.out.lanes+lane] = v
	}
}

func (s *blockDepthwiseStep) needs(int) needs { return needs{} }

func (s *blockDepthwiseStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, len(f.data[s.y])*len(s.taps))
	return nil
}

func (s *blockDepthwiseStep) task(f *frame, worker, i int) {
	image, block := i/s.out.blocks, i%s.out.blocks
	x, y, c := s.in.nth(f.data[s.x], i), f.data[s.y], &f.calls[worker]
	size := len(s.taps) * s.out.lanes
	*c = kernel.Call{
		Taps: s.taps, Weights: s.weights[block*size:][:size], Bias: s.bias[block*s.out.lanes:],
		InputStep: s.stride[1] * s.in.lanes, OutputStep: s.out.lanes, ResidualStep: s.added.lanes,
	}
	s.bound(c)
	for row := range s.out.height {
		c.Input, c.Output = x[row*s.stride[0]*s.in.line():], y[s.out.at(image, block, row):]
		if s.residual != accel.NoValue {
			c.Residual = f.data[s.residual][s.added.at(image, block, row):]
		}
		kernel.Sweep(s.kernels, c, s.out.width)
	}
	s.out.finishBlock(f, s.tail, s.y, i, 0, s.out.height)
	s.out.clearBorder(s.out.nth(y, i), 0, s.out.height)
}
