package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// blockMomentsStep is momentsStep on channel blocks.
type blockMomentsStep struct {
	momentsStep
	in grid
}

func (b *planner) newBlockMoments(n *node) *blockMomentsStep {
	return &blockMomentsStep{*b.newMoments(n), b.grid(n.in[0])}
}

func (s *blockMomentsStep) run(f *frame) error {
	if s.measured(f) {
		f.parallel(s, s.chunksOf(f.rows), 2*len(f.data[s.x]))
	}
	return nil
}

// task sums up chunk i of the frame's.
func (s *blockMomentsStep) task(f *frame, _, i int) {
	image, end := 0, s.shape[0].At(f.rows)
	if s.chunk > 0 {
		images := s.chunk * s.shape[0].PerRow
		image, end = i*images, min((i+1)*images, end)
	}
	all, block := s.chunkSums(f, f.chunk+i)
	all.clear()
	for ; image < end; image++ {
		for b := range s.in.blocks {
			x := s.in.inside(s.in.nth(f.data[s.x], image*s.in.blocks+b))
			block.clear()
			f.vectors().BlockMoments(vector.BlockMoments{
				X: x, Shift: x.Data, Sum: block.sum, Squares: block.squares,
				Height: s.in.height, Width: s.in.width,
			})
			first, n := b*s.in.lanes, s.in.height*s.in.width
			for c := range min(s.in.lanes, s.channels-first) {
				all.add(first+c, block.sum[c], block.squares[c], x.Data[c], n)
			}
		}
	}
}

// blockApplyStep is applyStep on channel blocks; a task is one block of one image.
type blockApplyStep struct {
	applyStep
	in, out, added grid // added is that of the epilogue's addend
	epilogue
	rest []tailing // of the tail, after the epilogue
}

func (b *planner) newBlockApply(op applyOp, n *node) *blockApplyStep {
	s := &blockApplyStep{applyStep: *b.newApply(op, n), in: b.grid(n.in[0]), out: b.grid(n.out), epilogue: newEpilogue(n.tail)}
	s.rest = n.tail[s.done:]
	if s.residual != accel.NoValue {
		s.added = b.grid(s.residual)
	}
	return s
}

func (s *blockApplyStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, 2*len(f.data[s.y]))
	return nil
}

func (s *blockApplyStep) task(f *frame, _, i int) {
	x, y := s.in.nth(f.data[s.x], i), s.out.nth(f.data[s.y], i)
	if s.virtual && isSource(&f.norms[s.number]) {
		for r := range s.out.height {
			copy(s.out.row(y, r), s.in.row(x, r))
		}
		s.out.finishBlock(f, s.tail, s.y, i, 0, s.out.height)
	} else {
		s.normalize(f, x, y, i)
		s.out.finishBlock(f, s.rest, s.y, i, 0, s.out.height)
	}
	s.out.clearBorder(y, 0, s.out.height)
}

func (s *blockApplyStep) normalize(f *frame, x, y []float32, i int) {
	mean, factor, shift := s.normalization(f)
	first := i % s.out.blocks * s.out.lanes
	a := vector.BlockAffine{
		X: s.in.inside(x), Y: s.out.inside(y),
		Mean: mean[first:], Scale: factor[first:], Shift: shift[first:],
		Height: s.out.height, Width: s.out.width,
		Low: s.low, High: s.high, Clip: s.clip,
	}
	if s.residual != accel.NoValue {
		a.Residual = s.added.inside(s.added.nth(f.data[s.residual], i))
	}
	f.vectors().BlockAffine(a)
}
