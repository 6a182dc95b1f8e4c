package cpu

import "ttad/accel"

// finish does a kernel's tail to the range [low,high) of its result, soon after
// the range was computed.
func (f *frame) finish(tail []tailing, y []float32, low, high int) {
	for i := range tail {
		t := &tail[i]
		if t.add == accel.NoValue {
			t.fn.apply(y[low:high], y[low:high])
			continue
		}
		addTo(y[low:high], f.data[t.add][low:high])
	}
}

func addTo(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}
