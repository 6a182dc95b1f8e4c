package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
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
	lines, v := len(y)/width, f.vectors()
	for line := i * s.block(width); line < min((i+1)*s.block(width), lines); line++ {
		to, from := y[line*width:(line+1)*width], x[line*width:(line+1)*width]
		if s.channels > 0 {
			c := line % s.channels
			mean, factor := v.Standard(from, s.eps)
			v.Standardize(to, from, mean, factor*f.data[s.scale][c], f.data[s.bias][c])
			continue
		}
		v.LayerNorm(to, from, f.data[s.scale], s.biases(f), s.eps)
	}
}

// biases is those of LayerNorm, nil where it has none.
func (s *lineNormStep) biases(f *frame) []float32 {
	if s.bias == accel.NoValue {
		return nil
	}
	return f.data[s.bias]
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

// needs room for a line and its result where the elements lie apart.
func (s *softmaxStep) needs(maxRows int) needs {
	n, step, _ := s.sizes(maxRows)
	if step == 1 {
		return needs{}
	}
	return needs{worker: 2 * n}
}

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

func (s *softmaxStep) task(f *frame, worker, i int) {
	x, y := f.data[s.x], f.data[s.y]
	n, step, block := s.sizes(f.rows)
	for line := i * block; line < min((i+1)*block, len(y)/n); line++ {
		at := line/step*step*n + line%step
		if step == 1 {
			s.line(f.vectors(), y[at:at+n], x[at:at+n])
			continue
		}
		from, to := f.scratch[worker][:n], f.scratch[worker][n:2*n]
		for j := range from {
			from[j] = x[at+j*step]
		}
		s.line(f.vectors(), to, from)
		for j, v := range to {
			y[at+j*step] = v
		}
	}
}

func (s *softmaxStep) line(v vector.Family, y, x []float32) {
	if s.op.Log {
		v.LogSoftmax(y, x)
		return
	}
	v.Softmax(y, x)
}
