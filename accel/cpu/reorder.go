package cpu

import "ttad/accel"

// reorder copies an image between the row-major form and channel blocks. No
// program has it; the planner puts it where kernels disagree.
type reorder struct{}

// Kind is its name in schedules.
func (reorder) Kind() string { return "Reorder" }

// Infer returns the same shape: only the layout differs.
func (reorder) Infer(in []accel.Shape) ([]accel.Shape, error) { return in, nil }

// noStep is the step of nodes that the planner put in.
const noStep = -1

func newReorder(from, to accel.ValueID) *node {
	return &node{step: noStep, op: reorder{}, in: []accel.ValueID{from}, out: to}
}

// reorderStep copies planes to blocks or back, image by image.
type reorderStep struct {
	x, y    accel.ValueID
	shape   accel.Shape
	grid         // of the blocked side
	gathers bool // from planes to blocks
}

func (b *planner) newReorderStep(n *node) *reorderStep {
	s := &reorderStep{x: n.in[0], y: n.out, shape: b.p.Values[n.out].Shape, gathers: b.layouts[n.out].lanes > 0}
	blocked := s.x
	if s.gathers {
		blocked = s.y
	}
	s.grid = b.layouts[blocked].grid(s.shape)
	return s
}

func (s *reorderStep) needs(int) needs { return needs{} }

func (s *reorderStep) run(f *frame) error {
	images := s.shape[0].At(f.rows)
	f.parallel(s, images*s.blocks, 4*len(f.data[s.y]))
	return nil
}

// task copies one block of channels of one image.
func (s *reorderStep) task(f *frame, _, i int) {
	image, block := i/s.blocks, i%s.blocks
	first := block * s.lanes
	count, size := min(s.lanes, s.channels-first), s.height*s.width
	if s.gathers {
		planes := f.data[s.x][(image*s.channels+first)*size:][:count*size]
		to := f.data[s.y][i*s.grid.block():][:s.grid.block()]
		s.clearBorder(to, 0, s.height)
		s.gather(f, to, planes)
		return
	}
	planes := f.data[s.y][(image*s.channels+first)*size:][:count*size]
	s.scatter(f, planes, f.data[s.x][i*s.grid.block():][:s.grid.block()])
}

// lines is how the inside of a block is gone through: so many stretches of so many
// pixels, all of them at once where no border lies between the rows.
func (s *reorderStep) lines() (count, pixels int) {
	if s.cols == s.width {
		return 1, s.height * s.width
	}
	return s.height, s.width
}

// gather writes planes into the inside of a block. Lanes beyond the last plane
// become 0.
func (s *reorderStep) gather(f *frame, block, planes []float32) {
	size := s.height * s.width
	count, pixels := s.lines()
	for r := range count {
		f.vectors().Interleave(block[s.origin()+r*s.line():], planes[r*pixels:], len(planes)/size, s.lanes, pixels, size)
	}
}

// scatter reads planes out of a block.
func (s *reorderStep) scatter(f *frame, planes, block []float32) {
	size := s.height * s.width
	count, pixels := s.lines()
	for r := range count {
		f.vectors().Deinterleave(planes[r*pixels:], block[s.origin()+r*s.line():], len(planes)/size, s.lanes, pixels, size)
	}
}
