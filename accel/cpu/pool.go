package cpu

import (
	"math"

	"ttad/accel"
)

// poolStep slides a window over each plane of each image.
type poolStep struct {
	op                    accel.Pool
	x, y                  accel.ValueID
	height, width, oh, ow int
}

func newPool(p *accel.Program, op accel.Pool, n *node) *poolStep {
	x, y := p.Values[n.in[0]].Shape, p.Values[n.out].Shape
	return &poolStep{op, n.in[0], n.out, x[2].Fixed, x[3].Fixed, y[2].Fixed, y[3].Fixed}
}

func (s *poolStep) needs(int) needs { return needs{} }

// block is how many planes a task takes.
func (s *poolStep) block() int { return ceilDiv(rangeFloats/4, s.height*s.width) }

func (s *poolStep) run(f *frame) error {
	planes := len(f.data[s.x]) / (s.height * s.width)
	f.parallel(s, ceilDiv(planes, s.block()), len(f.data[s.y])*s.op.Kernel[0]*s.op.Kernel[1]*2)
	return nil
}

func (s *poolStep) task(f *frame, _, i int) {
	x, y := f.data[s.x], f.data[s.y]
	in, out := s.height*s.width, s.oh*s.ow
	for plane := i * s.block(); plane < min((i+1)*s.block(), len(x)/in); plane++ {
		s.plane(y[plane*out:(plane+1)*out], x[plane*in:(plane+1)*in])
	}
}

func (s *poolStep) plane(y, x []float32) {
	for r := range s.oh {
		rows := s.taps(0, r, s.height)
		for c := range s.ow {
			cols := s.taps(1, c, s.width)
			if s.op.Fn == accel.PoolMax {
				y[r*s.ow+c] = s.largest(x, rows, cols)
			} else {
				y[r*s.ow+c] = s.average(x, rows, cols)
			}
		}
	}
}

// taps are the positions of an axis a window sees: count of them from first on,
// step apart. padded counts the taps in the padding too, though not those
// beyond it, which rounding up makes possible.
type taps struct{ first, step, count, padded int }

func (s *poolStep) taps(axis, at, extent int) taps {
	t := taps{step: s.op.Dilation[axis]}
	start := at*s.op.Stride[axis] - s.op.Pad[axis]
	end := extent + s.op.Pad[axis+2]
	t.first = start
	for i := range s.op.Kernel[axis] {
		p := start + i*t.step
		if p < end {
			t.padded++
		}
		if p >= 0 && p < extent {
			if t.count == 0 {
				t.first = p
			}
			t.count++
		}
	}
	return t
}

func (s *poolStep) largest(x []float32, rows, cols taps) float32 {
	top := float32(math.Inf(-1))
	for i := range rows.count {
		at := (rows.first+i*rows.step)*s.width + cols.first
		for range cols.count {
			top = max(top, x[at])
			at += cols.step
		}
	}
	return top
}

func (s *poolStep) average(x []float32, rows, cols taps) float32 {
	sum := 0.0
	for i := range rows.count {
		at := (rows.first+i*rows.step)*s.width + cols.first
		for range cols.count {
			sum += float64(x[at])
			at += cols.step
		}
	}
	n := rows.count * cols.count
	if s.op.CountPadding {
		n = rows.padded * cols.padded
	}
	if n == 0 {
		return 0
	}
	return float32(sum / float64(n))
}
