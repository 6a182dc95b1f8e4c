package cpu

import "ttad/accel"

// blockMapStep is a Map on channel blocks; a task is one block of one image.
type blockMapStep struct {
	fn      mapper
	x, y    accel.ValueID
	shape   accel.Shape
	in, out grid
}

func (b *planner) newBlockMap(op accel.Map, n *node) *blockMapStep {
	return &blockMapStep{
		fn: newMapper(b.d.vectors, op), x: n.in[0], y: n.out, shape: b.p.Values[n.out].Shape, in: b.grid(n.in[0]), out: b.grid(n.out),
	}
}

func (s *blockMapStep) needs(int) needs { return needs{} }

func (s *blockMapStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, 8*len(f.data[s.y]))
	return nil
}

func (s *blockMapStep) task(f *frame, _, i int) {
	x, y := s.in.nth(f.data[s.x], i), s.out.nth(f.data[s.y], i)
	for r := range s.out.height {
		s.fn.apply(s.out.row(y, r), s.in.row(x, r))
	}
	s.out.clearBorder(y, 0, s.out.height)
}
