package cpu

import "ttad/accel"

// blockConcatStep joins the channels of images, all of whose blocks but the
// last are full; a task is one image.
type blockConcatStep struct {
	in    []accel.ValueID
	grids []grid // of the operands
	y     accel.ValueID
	shape accel.Shape
	out   grid
}

// concatOnBlocks reports whether a Concat joins whole blocks, some of which are
// there already.
func (b *planner) concatOnBlocks(n *node, op accel.Concat, has func(accel.ValueID) bool) bool {
	if op.Axis != 1 || len(b.p.Values[n.out].Shape) != 4 {
		return false
	}
	some := false
	for k, id := range n.in {
		if k+1 < len(n.in) && b.p.Values[id].Shape[1].Fixed%b.d.kernels.Lanes != 0 {
			return false
		}
		some = some || has(id)
	}
	return some
}

func (b *planner) newBlockConcat(n *node) *blockConcatStep {
	s := &blockConcatStep{in: n.in, y: n.out, shape: b.p.Values[n.out].Shape, out: b.grid(n.out)}
	for _, id := range n.in {
		s.grids = append(s.grids, b.grid(id))
	}
	return s
}

func (s *blockConcatStep) needs(int) needs { return needs{} }

func (s *blockConcatStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows), len(f.data[s.y]))
	return nil
}

func (s *blockConcatStep) task(f *frame, _, image int) {
	block := image * s.out.blocks
	for k := range s.in {
		g, x := &s.grids[k], f.data[s.in[k]]
		for b := range g.blocks {
			from, to := g.nth(x, image*g.blocks+b), s.out.nth(f.data[s.y], block)
			for r := range g.height {
				copy(s.out.row(to, r), g.row(from, r))
			}
			s.out.clearBorder(to, 0, g.height)
			block++
		}
	}
}
