package cpu

import "ttad/accel"

// moveStep computes Transpose, Slice and Expand: each result element is one
// operand element, whose place moves by a fixed stride along every result axis.
type moveStep struct {
	op     accel.Op
	x, y   accel.ValueID
	shape  accel.Shape // of x
	result accel.Shape
}

func newMove(p *accel.Program, op accel.Op, n *node) *moveStep {
	return &moveStep{op, n.in[0], n.out, p.Values[n.in[0]].Shape, p.Values[n.out].Shape}
}

func (s *moveStep) needs(int) needs { return needs{} }

func (s *moveStep) run(f *frame) error {
	n := len(f.data[s.y])
	if n == 0 {
		return nil
	}
	if t := s.transposed(f.rows); t.rows > 0 {
		f.parallel((*transposePhase)(s), t.tasks(n), 4*n)
		return nil
	}
	f.parallel(s, ceilDiv(n, rangeFloats), 4*n)
	return nil
}

// view builds the strides from the operator's attributes.
func (s *moveStep) view(rows int) view {
	from := rowMajor(s.shape, rows)
	v := view{rank: len(s.result)}
	for axis, d := range s.result {
		v.extent[axis] = d.At(rows)
	}
	switch op := s.op.(type) {
	case accel.Transpose:
		for i, axis := range op.Perm {
			v.stride[0][i] = from[axis]
		}
	case accel.Slice:
		v.stride[0] = from
		v.base[0] = op.Start.At(rows) * from[op.Axis]
		v.stride[0][op.Axis] *= op.Step
	case accel.Expand:
		v.stride[0] = broadcastStrides(s.shape, len(s.result), rows)
	}
	return v.simplify(1)
}

func (s *moveStep) task(f *frame, _, i int) {
	x, y := f.data[s.x], f.data[s.y]
	v := s.view(f.rows)
	move := v.stride[0][v.rank-1]
	v.walk(i*rangeFloats, min((i+1)*rangeFloats, len(y)), func(flat, n int, at [3]int) {
		to, from := y[flat:flat+n], at[0]
		switch move {
		case 1:
			copy(to, x[from:from+n])
		default:
			for j := range to {
				to[j] = x[from]
				from += move
			}
		}
	})
}

// concatStep joins operands along an axis: for every index of the axes before
// it, each operand contributes one stretch.
type concatStep struct {
	in     []accel.ValueID
	y      accel.ValueID
	axis   int
	result accel.Shape
}

func newConcat(p *accel.Program, op accel.Concat, n *node) *concatStep {
	return &concatStep{n.in, n.out, op.Axis, p.Values[n.out].Shape}
}

func (s *concatStep) needs(int) needs { return needs{} }

// run copies operand after operand; with the copying as fast as memory there is
// little to share.
func (s *concatStep) run(f *frame) error {
	outer := elements(s.result[:s.axis], f.rows)
	y := f.data[s.y]
	if outer == 0 {
		return nil
	}
	stride, start := len(y)/outer, 0
	for _, id := range s.in {
		x := f.data[id]
		n := len(x) / outer
		for i := range outer {
			copy(y[i*stride+start:], x[i*n:(i+1)*n])
		}
		start += n
	}
	return nil
}

// padStep adds elements around a value.
type padStep struct {
	op     accel.Pad
	x, y   accel.ValueID
	shape  accel.Shape
	result accel.Shape
}

func newPad(p *accel.Program, op accel.Pad, n *node) *padStep {
	return &padStep{op, n.in[0], n.out, p.Values[n.in[0]].Shape, p.Values[n.out].Shape}
}

func (s *padStep) needs(int) needs { return needs{} }

// run works line by line along the last axis; a task is a block of lines.
func (s *padStep) run(f *frame) error {
	n := len(f.data[s.y])
	if n > 0 {
		f.parallel(s, ceilDiv(n/s.line(f), s.block(f)), 4*n)
	}
	return nil
}

func (s *padStep) line(f *frame) int {
	if len(s.result) == 0 {
		return 1
	}
	return s.result[len(s.result)-1].At(f.rows)
}

func (s *padStep) block(f *frame) int { return ceilDiv(rangeFloats, s.line(f)) }

func (s *padStep) task(f *frame, _, i int) {
	y, n := f.data[s.y], s.line(f)
	lines := len(y) / n
	for line := i * s.block(f); line < min((i+1)*s.block(f), lines); line++ {
		s.fillLine(f, y[line*n:(line+1)*n], line)
	}
}

// fillLine finds the operand's line a result line is copied from, if any.
func (s *padStep) fillLine(f *frame, y []float32, line int) {
	if len(s.shape) == 0 {
		y[0] = f.data[s.x][0]
		return
	}
	last := len(s.shape) - 1
	from, step := 0, 1
	for axis := last - 1; axis >= 0; axis-- {
		extent := s.shape[axis].At(f.rows)
		padded := s.result[axis].At(f.rows)
		at, inside := s.origin(line%padded-s.op.Before[axis], extent)
		if !inside {
			fill(y, s.op.Value)
			return
		}
		from, step, line = from+at*step, step*extent, line/padded
	}
	width := s.shape[last].At(f.rows)
	s.fillAxis(y, f.data[s.x][from*width:(from+1)*width])
}

// fillAxis pads along the last axis.
func (s *padStep) fillAxis(y, x []float32) {
	before := s.op.Before[len(s.op.Before)-1]
	copy(y[before:], x)
	s.fillEnd(y[:before], x, -before)
	s.fillEnd(y[before+len(x):], x, len(x))
}

// fillEnd fills one side; its first element stands at position at of x's axis.
func (s *padStep) fillEnd(y, x []float32, at int) {
	for i := range y {
		if from, inside := s.origin(at+i, len(x)); inside {
			y[i] = x[from]
		} else {
			y[i] = s.op.Value
		}
	}
}

// origin returns the element that stands at a position of a padded axis, or
// false where the padding is a constant.
func (s *padStep) origin(at, extent int) (int, bool) {
	switch {
	case at >= 0 && at < extent:
		return at, true
	case s.op.Mode == accel.PadConstant:
		return 0, false
	case s.op.Mode == accel.PadEdge:
		return min(max(at, 0), extent-1), true
	case at < 0:
		return -at, true
	}
	return 2*(extent-1) - at, true
}

func fill(y []float32, v float32) {
	for i := range y {
		y[i] = v
	}
}
