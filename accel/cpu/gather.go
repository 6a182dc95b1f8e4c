package cpu

import (
	"fmt"

	"ttad/accel"
)

// gatherStep picks slices by index: for every index of the axes before Axis,
// one stretch for each index given.
type gatherStep struct {
	axis     int
	x, at, y accel.ValueID
	shape    accel.Shape // of x
}

func newGather(p *accel.Program, op accel.Gather, n *node) *gatherStep {
	return &gatherStep{op.Axis, n.in[0], n.in[1], n.out, p.Values[n.in[0]].Shape}
}

func (s *gatherStep) needs(int) needs { return needs{} }

// run checks all indices before it copies anything: they may come from outside,
// and an index out of range must be an answer, not a crash.
func (s *gatherStep) run(f *frame) error {
	x, indices, y := f.data[s.x], f.data[s.at], f.data[s.y]
	extent := s.shape[s.axis].At(f.rows)
	for i, v := range indices {
		if _, ok := position(v, extent); !ok {
			return fmt.Errorf("op Gather: index %d is %v, not a whole number that fits an axis of %d", i, v, extent)
		}
	}
	width := elements(s.shape[s.axis+1:], f.rows)
	for outer := range elements(s.shape[:s.axis], f.rows) {
		for _, v := range indices {
			at, _ := position(v, extent)
			copy(y[:width], x[(outer*extent+at)*width:])
			y = y[width:]
		}
	}
	return nil
}

// position reads a whole number held in a float32; negative ones count from
// the end.
func position(v float32, extent int) (int, bool) {
	i := int(v)
	if v != float32(i) || i < -extent || i >= extent {
		return 0, false
	}
	if i < 0 {
		i += extent
	}
	return i, true
}
