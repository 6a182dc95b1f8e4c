package cpu

import "ttad/accel"

// applyStep normalizes channels as mix decided.
type applyStep struct {
	*norm
	virtual bool
	x, y    accel.ValueID
	shape   accel.Shape
	tail    []tailing
}

func (b *planner) newApply(op applyOp, n *node) *applyStep {
	return &applyStep{&b.norms[n.norm], op.Virtual, n.in[0], n.out, b.p.Values[n.out].Shape, n.tail}
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
	if s.virtual && isSource(&f.norms[s.number]) {
		copy(y, x)
	} else {
		s.planes(f, y, x, size)
	}
	f.finish(s.tail, f.data[s.y], low, high)
}

func (s *applyStep) planes(f *frame, y, x []float32, size int) {
	mean, factor, shift := s.normalization(f)
	for at := 0; at < len(y); at += s.channels * size {
		for c := range s.channels {
			m, k, b := mean[c], factor[c], shift[c]
			to := y[at+c*size : at+(c+1)*size]
			from := x[at+c*size:][:len(to)]
			for j, v := range from {
				to[j] = (v-m)*k + b
			}
		}
	}
}
