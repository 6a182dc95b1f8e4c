package cpu

import (
	"slices"

	"ttad/accel"
)

// blockReduceStep folds the pixels of every channel to one value, row-major; a
// task is one block of one image.
type blockReduceStep struct {
	fn    accel.ReduceFn
	x, y  accel.ValueID
	shape accel.Shape // of the operand
	in    grid
}

// reduceOnBlocks reports whether a Reduce folds whole planes of blocks.
func (b *planner) reduceOnBlocks(n *node, op accel.Reduce, has func(accel.ValueID) bool) bool {
	return op.Fn != accel.ReduceL2 && slices.Equal(op.Axes, []int{2, 3}) &&
		len(b.p.Values[n.in[0]].Shape) == 4 && has(n.in[0])
}

func (b *planner) newBlockReduce(op accel.Reduce, n *node) *blockReduceStep {
	return &blockReduceStep{op.Fn, n.in[0], n.out, b.p.Values[n.in[0]].Shape, b.grid(n.in[0])}
}

func (s *blockReduceStep) needs(int) needs { return needs{worker: s.in.width * s.in.lanes} }

func (s *blockReduceStep) run(f *frame) error {
	f.parallel(s, s.shape[0].At(f.rows)*s.in.blocks, len(f.data[s.x]))
	return nil
}

// task folds the rows of pixels into one, lane by lane, and then its pixels.
func (s *blockReduceStep) task(f *frame, worker, i int) {
	x, row := s.in.nth(f.data[s.x], i), f.scratch[worker][:s.in.width*s.in.lanes]
	copy(row, s.in.row(x, 0))
	for r := 1; r < s.in.height; r++ {
		s.join(f, row, s.in.row(x, r))
	}
	image, first := i/s.in.blocks, i%s.in.blocks*s.in.lanes
	y := f.data[s.y][image*s.in.channels+first:]
	for lane := range min(s.in.lanes, s.in.channels-first) {
		y[lane] = s.fold(row[lane:])
	}
}

// join folds a row of pixels into another one.
func (s *blockReduceStep) join(f *frame, row, more []float32) {
	v := f.vectors()
	switch s.fn {
	case accel.ReduceMax:
		v.Max(row, row, more)
	case accel.ReduceMin:
		v.Min(row, row, more)
	default:
		v.Add(row, row, more)
	}
}

// fold folds the pixels of a row that begins with the lane at hand.
func (s *blockReduceStep) fold(row []float32) float32 {
	acc := neutral(s.fn)
	for i := 0; i < len(row); i += s.in.lanes {
		switch v := float64(row[i]); s.fn {
		case accel.ReduceMax:
			acc = max(acc, v)
		case accel.ReduceMin:
			acc = min(acc, v)
		default:
			acc += v
		}
	}
	if s.fn == accel.ReduceMean {
		acc /= float64(s.in.height * s.in.width)
	}
	return float32(acc)
}
