package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// finish does a kernel's tail to the range [low,high) of its result, soon after
// the range was computed.
func (f *frame) finish(tail []tailing, y []float32, low, high int) {
	for i := range tail {
		t := &tail[i]
		if t.add == accel.NoValue {
			t.fn.apply(y[low:high], y[low:high])
			continue
		}
		f.vectors().Add(y[low:high], y[low:high], f.data[t.add][low:high])
	}
}

// vectors is the arithmetic of the device.
func (f *frame) vectors() vector.Family { return f.exec.device.vectors }
