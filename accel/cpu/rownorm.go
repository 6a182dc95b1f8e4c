package cpu

import (
	"math"

	"ttad/accel"
)

// lineNormStep is LayerNorm and InstanceNorm: both normalize stretches that lie
// together, the first with a scale and bias for each place in it, the second
// with one for the whole stretch, by channel.
type lineNormStep struct {
	x, scale, bias, y accel.ValueID // bias may be absent
	shape             accel.Shape
	axis              int // the first that is normalized over
	channels          int // 0 for LayerNorm
	eps               float64
}

func newLayerNorm(p *accel.Program, op accel.LayerNorm, n *node) *lineNormStep {
	return &lineNormStep{n.in[0], n.in[1], optional(n.in, 2), n.out, p.Values[n.out].Shape, op.Axis, 0, float64(op.Eps)}
}

func newInstanceNorm(p *accel.Program, op accel.InstanceNorm, n *node) *lineNormStep {
	shape := p.Values[n.out].Shape
	return &lineNormStep{n.in[0], n.in[1], n.in[2], n.out, shape, 2, shape[1].Fixed, float64(op.Eps)}
}

func (s *lineNormStep) needs(int) needs { return needs{} }

func (s *lineNormStep) run(f *frame) error {
	if n := len(f.data[s.y]); n > 0 {
		width := elements(s.shape[s.axis:], f.rows)
		f.parallel(s, ceilDiv(n/width, s.block(width)), 8*n)
	}
	return nil
}

// block is how many stretches a task takes.
func (s *lineNormStep) block(width int) int { return max(1, rangeFloats/width) }

func (s *lineNormStep) task(f *frame, _, i int) {
	x, y := f.data[s.x], f.data[s.y]
	width := elements(s.shape[s.axis:], f.rows)
	lines := len(y) / width
	for line := i * s.block(width); line < min((i+1)*s.block(width), lines); line++ {
		to, from := y[line*width:(line+1)*width], x[line*width:(line+1)*width]
		mean, factor := s.standard(from)
		if s.channels > 0 {
			c := line % s.channels
			uniform(to, from, mean, factor*f.data[s.scale][c], f.data[s.bias][c])
			continue
		}
		s.placewise(f, to, from, mean, factor)
	}
}

// standard returns the mean and one over the standard deviation.
func (s *lineNormStep) standard(x []float32) (mean, factor float32) {
	first := shift(x[0])
	sum, squares := sumShifted(x, first)
	n := float64(len(x))
	d := sum / n
	variance := max(squares/n-d*d, 0)
	return float32(first + d), float32(1 / math.Sqrt(variance+s.eps))
}

func uniform(y, x []float32, mean, factor, bias float32) {
	for i, v := range x {
		y[i] = (v-mean)*factor + bias
	}
}

func (s *lineNormStep) placewise(f *frame, y, x []float32, mean, factor float32) {
	scale := f.data[s.scale]
	if s.bias == accel.NoValue {
		for i, v := range x {
			y[i] = (v - mean) * factor * scale[i]
		}
		return
	}
	bias := f.data[s.bias]
	for i, v := range x {
		y[i] = (v-mean)*factor*scale[i] + bias[i]
	}
}

// softmaxStep normalizes exponentials along one axis.
type softmaxStep struct {
	op    accel.Softmax
	x, y  accel.ValueID
	shape accel.Shape
}

func newSoftmax(p *accel.Program, op accel.Softmax, n *node) *softmaxStep {
	return &softmaxStep{op, n.in[0], n.out, p.Values[n.out].Shape}
}

func (s *softmaxStep) needs(int) needs { return needs{} }

// sizes returns the length of a line, the distance between its elements, and
// the number of lines a task takes.
func (s *softmaxStep) sizes(rows int) (n, step, block int) {
	n, step = s.shape[s.op.Axis].At(rows), elements(s.shape[s.op.Axis+1:], rows)
	return n, step, max(1, rangeFloats/4/max(n, 1))
}

func (s *softmaxStep) run(f *frame) error {
	total := len(f.data[s.y])
	if total > 0 {
		n, _, block := s.sizes(f.rows)
		f.parallel(s, ceilDiv(total/n, block), 32*total)
	}
	return nil
}

func (s *softmaxStep) task(f *frame, _, i int) {
	x, y := f.data[s.x], f.data[s.y]
	n, step, block := s.sizes(f.rows)
	for line := i * block; line < min((i+1)*block, len(y)/n); line++ {
		at := line/step*step*n + line%step
		s.line(y[at:], x[at:], n, step)
	}
}

// line shifts by the largest value first, so that no exponential overflows; the
// sum is in float64 and divided by in it, so that rows add up to 1.
func (s *softmaxStep) line(y, x []float32, n, step int) {
	top := x[0]
	for i := range n {
		top = max(top, x[i*step])
	}
	sum := 0.0
	for i := range n {
		e := exp(x[i*step] - top)
		y[i*step] = e
		sum += float64(e)
	}
	if s.op.Log {
		log := math.Log(sum)
		for i := range n {
			y[i*step] = float32(float64(x[i*step]-top) - log)
		}
		return
	}
	for i := range n {
		y[i*step] = float32(float64(y[i*step]) / sum)
	}
}
