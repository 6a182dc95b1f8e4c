package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// applyStep normalizes channels as mix decided.
type applyStep struct {
	*norm
	epilogue
	virtual bool
	x, y    accel.ValueID
	shape   accel.Shape
	tail    []tailing
}

func (b *planner) newApply(op applyOp, n *node) *applyStep {
	return &applyStep{&b.norms[n.norm], newEpilogue(n.tail), op.Virtual, n.in[0], n.out, b.p.Values[n.out].Shape, n.tail}
}

func (s *applyStep) needs(int) needs { return needs{} }

// run divides the frame by the first axis.
func (s *applyStep) run(f *frame) error {
	if n := len(f.data[s.y]); n > 0 {
		rows := s.shape[0].At(f.rows)
		f.parallel(s, ceilDiv(rows, s.block(n/rows)), 4*n)
	}
	return nil
}

// block is how many rows of so many values a task takes.
func (s *applyStep) block(row int) int { return ceilDiv(rangeFloats, row) }

func (s *applyStep) task(f *frame, _, i int) {
	rows, size := s.shape[0].At(f.rows), elements(s.shape[2:], f.rows)
	row := s.channels * size
	low, high := i*s.block(row)*row, min((i+1)*s.block(row), rows)*row
	x, y := f.data[s.x][low:high], f.data[s.y][low:high]
	switch {
	case s.virtual && isSource(&f.norms[s.number]):
		copy(y, x)
		f.finish(s.tail, f.data[s.y], low, high)
	case size == 1:
		s.columns(f, y, x, low, high)
		f.finish(s.tail[s.done:], f.data[s.y], low, high)
	default:
		s.planes(f, y, x, size)
		f.finish(s.tail, f.data[s.y], low, high)
	}
}

// columns does rows of one value a channel, and the beginning of the tail.
func (s *applyStep) columns(f *frame, y, x []float32, low, high int) {
	mean, factor, shift := s.normalization(f)
	n := s.channels
	a := vector.ColumnAffine{
		Y: y, X: x, Mean: mean[:n], Scale: factor[:n], Shift: shift[:n],
		Clip: s.clip, Low: s.epilogue.low, High: s.epilogue.high,
	}
	if s.residual != accel.NoValue {
		a.Residual = f.data[s.residual][low:high]
	}
	f.vectors().ColumnAffine(a)
}

func (s *applyStep) planes(f *frame, y, x []float32, size int) {
	mean, factor, shift := s.normalization(f)
	for at := 0; at < len(y); at += size {
		c := at / size % s.channels
		f.vectors().Standardize(y[at:at+size], x[at:], mean[c], factor[c], shift[c])
	}
}
