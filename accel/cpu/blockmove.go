package cpu

import "ttad/accel"

// blockMoveStep computes Slice and Pad of images in channel blocks: an element of
// the result comes from a place that moves along with it on every axis, or is the
// padding's value where that lies outside. A task is one block of one image.
type blockMoveStep struct {
	x, y       accel.ValueID
	shape      accel.Shape // of the result
	in, out    grid
	channels   [][]piece // of each block of the result
	rows, cols shift
	low, high  int // results of a row that come from inside the image
	pads       bool
	value      float32
}

// shift is where results along an axis come from: the first one from start, the
// others step further on each.
type shift struct{ start, step int }

// at is where result i comes from.
func (s shift) at(i int) int { return s.start + i*s.step }

// inside cuts the results 0 to n to those that come from 0 to extent.
func (s shift) inside(n, extent int) (low, high int) {
	for low < n && (s.at(low) < 0 || s.at(low) >= extent) {
		low++
	}
	for high = low; high < n && s.at(high) >= 0 && s.at(high) < extent; {
		high++
	}
	return low, high
}

// piece is channels of a block of the result that come from one block.
type piece struct{ to, block, from, count int }

// moveOnBlocks reports whether newBlockMove has a kernel for a Slice or a Pad whose
// operand is there as blocks. Those of an image without elements would be none.
func (b *planner) moveOnBlocks(n *node, has func(accel.ValueID) bool) bool {
	if !has(n.in[0]) || elements(b.p.Values[n.out].Shape, 1) == 0 {
		return false
	}
	switch op := n.op.(type) {
	case accel.Slice:
		static := op.Start.PerRow == 0 && op.Count.PerRow == 0
		return static && (op.Axis > 1 || op.Axis == 1 && op.Step == 1)
	case accel.Pad:
		return op.Mode == accel.PadConstant && op.Before[0] == 0 && op.After[0] == 0
	}
	return false
}

func (b *planner) newBlockMove(n *node) *blockMoveStep {
	s := &blockMoveStep{x: n.in[0], y: n.out, shape: b.p.Values[n.out].Shape, in: b.grid(n.in[0]), out: b.grid(n.out)}
	axes := [4]shift{{0, 1}, {0, 1}, {0, 1}, {0, 1}}
	switch op := n.op.(type) {
	case accel.Slice:
		axes[op.Axis] = shift{op.Start.Fixed, op.Step}
	case accel.Pad:
		s.pads, s.value = true, op.Value
		for axis, before := range op.Before {
			axes[axis].start = -before
		}
	}
	s.rows, s.cols = axes[2], axes[3]
	s.low, s.high = s.cols.inside(s.out.width, s.in.width)
	for block := range s.out.blocks {
		s.channels = append(s.channels, s.pieces(block, axes[1].start))
	}
	return s
}

// pieces tells where the channels of a block of the result come from, the first
// channel of all coming from start.
func (s *blockMoveStep) pieces(block, start int) (all []piece) {
	lanes := s.out.lanes
	for lane := 0; lane < min(lanes, s.out.channels-block*lanes); {
		from := start + block*lanes + lane
		if from < 0 || from >= s.in.channels {
			lane++
			continue
		}
		p := piece{to: lane, block: from / lanes, from: from % lanes}
		p.count = min(lanes-lane, lanes-p.from, s.in.channels-from)
		all = append(all, p)
		lane += p.count
	}
	return all
}

func (s *blockMoveStep) needs(int) needs { return needs{} }

func (s *blockMoveStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, 2*len(f.data[s.y]))
	return nil
}

func (s *blockMoveStep) task(f *frame, _, i int) {
	image, block := i/s.out.blocks, i%s.out.blocks
	y := s.out.nth(f.data[s.y], i)
	for r := range s.out.height {
		row := s.out.row(y, r)
		s.fill(row)
		from := s.rows.at(r)
		if from < 0 || from >= s.in.height {
			continue
		}
		for _, p := range s.channels[block] {
			s.move(row, s.in.row(s.in.nth(f.data[s.x], image*s.in.blocks+p.block), from), p)
		}
	}
	s.out.clearBorder(y, 0, s.out.height)
}

// fill writes padding into a row: all of it, for Slice has none and Pad mostly
// needs much of it.
func (s *blockMoveStep) fill(row []float32) {
	switch {
	case !s.pads:
	case s.value == 0:
		clear(row)
	default:
		for i := range row {
			row[i] = s.value
		}
	}
}

// move copies a piece of the channels of a row.
func (s *blockMoveStep) move(to, from []float32, p piece) {
	if s.low == s.high {
		return
	}
	lanes, at := s.out.lanes, s.cols.at(s.low)*s.out.lanes
	if s.cols.step == 1 && p.count == lanes {
		copy(to[s.low*lanes:s.high*lanes], from[at:])
		return
	}
	for c := s.low; c < s.high; c++ {
		copy(to[c*lanes+p.to:][:p.count], from[at+p.from:])
		at += s.cols.step * lanes
	}
}
