package accel

import (
	"fmt"
	"slices"
)

// ReduceFns lists every reduction.
func ReduceFns() []ReduceFn {
	return []ReduceFn{ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceL2}
}

// Infer returns the shape of x without the folded axes, or with 1 in their place.
func (r Reduce) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	if !slices.Contains(ReduceFns(), r.Fn) {
		return nil, fmt.Errorf("no reduction is called %q", r.Fn)
	}
	x := in[0]
	for i, axis := range r.Axes {
		if err := axisInRange(axis, x); err != nil {
			return nil, err
		}
		if i > 0 && axis <= r.Axes[i-1] {
			return nil, fmt.Errorf("axes %v are not sorted and distinct", r.Axes)
		}
	}
	out := Shape{}
	for axis, d := range x {
		switch {
		case !slices.Contains(r.Axes, axis):
			out = append(out, d)
		case r.KeepDims:
			out = append(out, Fixed(1))
		}
	}
	return one(out)
}
