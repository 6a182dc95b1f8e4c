package cpu

import (
	"math"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// epilogue is the beginning of a tail that the kernels do while the sums are in
// registers: an addition, then bounds, each where there is one.
type epilogue struct {
	residual  accel.ValueID // what is added, NoValue for nothing
	clip      bool
	low, high float32
	done      int // entries of the tail this covers
}

func newEpilogue(tail []tailing) epilogue {
	e := epilogue{residual: accel.NoValue}
	if len(tail) > 0 && tail[0].add != accel.NoValue {
		e.residual, e.done = tail[0].add, 1
	}
	if e.done == len(tail) || tail[e.done].add != accel.NoValue {
		return e
	}
	switch m := tail[e.done].fn.Map; m.Fn {
	case accel.Relu:
		e.clip, e.high = true, float32(math.Inf(1))
	case accel.Clip:
		e.clip, e.low, e.high = true, m.A, m.B
	}
	if e.clip {
		e.done++
	}
	return e
}

// bound lets a call hold its results between the bounds.
func (e *epilogue) bound(c *kernel.Call) { c.Clip, c.Low, c.High = e.clip, e.low, e.high }
