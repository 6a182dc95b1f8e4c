package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// coverage is how an operand of a Binary on channel blocks covers the result.
type coverage int

const (
	unlike        coverage = iota // in a way no kernel on blocks knows
	eachValue                     // one of its values for each of the result's
	eachChannel                   // one for each channel of each image
	fixedChannels                 // a constant for each channel
	fixedValue                    // one constant
)

func (b *planner) covers(id, result accel.ValueID) coverage {
	v, out := b.p.Values[id], b.p.Values[result].Shape
	one := accel.Fixed(1)
	switch s := v.Shape; {
	case len(v.Const) == 1:
		return fixedValue
	case v.Const != nil && s.Elements(1) == out[1].Fixed && len(s) >= 3 && len(s) <= 4 && s[len(s)-3] == out[1]:
		return fixedChannels
	case v.Const != nil || len(s) != 4:
		return unlike
	case s.Equal(out):
		return eachValue
	case s.Equal(accel.Shape{out[0], out[1], one, one}):
		return eachChannel
	}
	return unlike
}

// binaryOnBlocks reports whether a Binary has a kernel on blocks, and an
// operand with all its values that lies in them.
func (b *planner) binaryOnBlocks(n *node, op accel.Binary, has func(accel.ValueID) bool) bool {
	if len(b.p.Values[n.out].Shape) != 4 {
		return false
	}
	left, right := b.covers(n.in[0], n.out), b.covers(n.in[1], n.out)
	some := left == eachValue && has(n.in[0]) || right == eachValue && has(n.in[1])
	switch {
	case !some:
		return false
	case left == eachValue && right == eachValue || left == fixedValue || right == fixedValue:
		return true
	case left == eachValue && (right == eachChannel || right == fixedChannels):
		return op.Fn == accel.Mul || op.Fn == accel.Add || op.Fn == accel.Sub
	case right == eachValue && (left == eachChannel || left == fixedChannels):
		return op.Fn == accel.Mul || op.Fn == accel.Add
	}
	return false
}

// newBlockBinary makes the kernel that binaryOnBlocks promised.
func (b *planner) newBlockBinary(op accel.Binary, n *node) runner {
	left, right := b.covers(n.in[0], n.out), b.covers(n.in[1], n.out)
	if left == eachChannel || left == fixedChannels {
		return b.newChannelAffine(op, n, n.in[1], n.in[0], left)
	}
	if right == eachChannel || right == fixedChannels {
		return b.newChannelAffine(op, n, n.in[0], n.in[1], right)
	}
	s := &blockBinaryStep{binaryStep: newBinary(b.d.vectors, b.p, op, n), shape: b.p.Values[n.out].Shape, out: b.grid(n.out)}
	for k, how := range []coverage{left, right} {
		if how == eachValue {
			s.in[k] = b.grid(n.in[k])
		}
	}
	return s
}

// blockBinaryStep combines two values on channel blocks, or one with a constant; a
// task is one block of one image.
type blockBinaryStep struct {
	*binaryStep
	shape accel.Shape
	in    [2]grid // without lanes for a constant
	out   grid
}

func (s *blockBinaryStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, 4*len(f.data[s.y]))
	return nil
}

func (s *blockBinaryStep) task(f *frame, _, i int) {
	y := s.out.nth(f.data[s.y], i)
	for r := range s.out.height {
		s.combine(s.out.row(y, r), s.operand(f, 0, s.a, i, r), s.operand(f, 1, s.b, i, r))
	}
	s.out.finishBlock(f, s.tail, s.y, i, 0, s.out.height)
	s.out.clearBorder(y, 0, s.out.height)
}

// operand is a row of a block, or the only value there is.
func (s *blockBinaryStep) operand(f *frame, k int, id accel.ValueID, block, row int) []float32 {
	g := &s.in[k]
	if g.lanes == 0 {
		return f.data[id]
	}
	return g.row(g.nth(f.data[id], block), row)
}

// channelAffineStep multiplies, or shifts, every channel of an image by a value of
// its own; a task is one block of one image.
type channelAffineStep struct {
	fn       accel.BinaryFn
	x, by, y accel.ValueID
	shape    accel.Shape
	in, out  grid
	gate     grid      // of by, an image of a single pixel, when it is computed
	fixed    []float32 // one a channel, and zeros up to a whole block; nil when they are computed
	zero     []float32 // [lanes]
	one      []float32 // [lanes]
	tail     []tailing
}

func (b *planner) newChannelAffine(op accel.Binary, n *node, x, by accel.ValueID, how coverage) *channelAffineStep {
	s := &channelAffineStep{
		fn: op.Fn, x: x, by: by, y: n.out, shape: b.p.Values[n.out].Shape, in: b.grid(x), out: b.grid(n.out), tail: n.tail,
	}
	s.zero, s.one = make([]float32, s.out.lanes), make([]float32, s.out.lanes)
	for i := range s.one {
		s.one[i] = 1
	}
	if how == eachChannel {
		s.gate = b.grid(by)
		return s
	}
	s.fixed = make([]float32, s.out.blocks*s.out.lanes)
	copy(s.fixed, b.constant(by))
	return s
}

func (s *channelAffineStep) needs(int) needs { return needs{} }

func (s *channelAffineStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, 2*len(f.data[s.y]))
	return nil
}

func (s *channelAffineStep) task(f *frame, _, i int) {
	y := s.out.nth(f.data[s.y], i)
	a := vector.BlockAffine{
		X: s.in.inside(s.in.nth(f.data[s.x], i)), Y: s.out.inside(y),
		Mean: s.zero, Scale: s.one, Shift: s.zero, Height: s.out.height, Width: s.out.width,
	}
	switch by := s.values(f, i); s.fn {
	case accel.Mul:
		a.Scale = by
	case accel.Add:
		a.Shift = by
	case accel.Sub:
		a.Mean = by
	}
	f.vectors().BlockAffine(a)
	s.out.finishBlock(f, s.tail, s.y, i, 0, s.out.height)
	s.out.clearBorder(y, 0, s.out.height)
}

// values are the operand's for a block of an image. A computed one may have a
// border, for others who read it.
func (s *channelAffineStep) values(f *frame, block int) []float32 {
	if s.fixed != nil {
		lanes := s.out.lanes
		return s.fixed[block%s.out.blocks*lanes:][:lanes]
	}
	return s.gate.row(s.gate.nth(f.data[s.by], block), 0)
}
