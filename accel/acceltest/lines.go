package acceltest

import "ttad/accel"

// longLineCases are lines longer and shorter than what one group of a device may have to
// itself, along every axis.
func longLineCases() []opCase {
	axes := []struct {
		name string
		axes []int
		x    operand
	}{
		{"long last axis", []int{2}, batch(3, 131)},
		{"long middle axis", []int{1}, batch(131, 3)},
		{"long first and last", []int{0, 3}, batch(2, 3, 45)},
		{"two long axes", []int{1, 3}, batch(9, 2, 15)},
		{"just a group", []int{1}, batch(64)},
		{"just short of one", []int{1}, batch(31)},
	}
	var all []opCase
	for _, fn := range accel.ReduceFns() {
		for _, a := range axes {
			all = append(all, opCase{a.name, accel.Reduce{Fn: fn, Axes: a.axes}, []operand{a.x}, 256})
		}
	}
	for _, logs := range []bool{false, true} {
		all = append(all,
			opCase{"long last axis", accel.Softmax{Axis: 1, Log: logs}, []operand{batch(131)}, 131},
			opCase{"long inner axis", accel.Softmax{Axis: 1, Log: logs}, []operand{batch(65, 3)}, 65})
	}
	return append(all,
		opCase{"long", accel.LayerNorm{Axis: 2, Eps: 1e-5}, []operand{batch(3, 200), static(200), static(200)}, 200},
		opCase{"large planes", accel.InstanceNorm{Eps: 1e-5}, []operand{batch(2, 13, 11), static(2), static(2)}, 143},
		opCase{"points", accel.InstanceNorm{Eps: 1e-2}, []operand{batch(5), static(5), static(5)}, 0})
}
