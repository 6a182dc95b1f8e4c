package plain

import (
	"fmt"
	"math"

	"ttad/accel"
)

func transpose(op accel.Transpose, x, y *accel.Tensor) {
	from := make([]int, len(x.Shape))
	each(y.Shape, func(at []int, flat int) {
		for i, axis := range op.Perm {
			from[axis] = at[i]
		}
		y.Data[flat] = x.Data[place(x.Shape, from)]
	})
}

func concat(op accel.Concat, in []*accel.Tensor, y *accel.Tensor) {
	start := 0
	for _, x := range in {
		each(x.Shape, func(at []int, flat int) {
			to := append([]int(nil), at...)
			to[op.Axis] += start
			y.Data[place(y.Shape, to)] = x.Data[flat]
		})
		start += x.Shape[op.Axis]
	}
}

func slice(op accel.Slice, x, y *accel.Tensor) {
	each(y.Shape, func(at []int, flat int) {
		from := append([]int(nil), at...)
		from[op.Axis] = op.Start.Fixed + at[op.Axis]*op.Step
		y.Data[flat] = x.Data[place(x.Shape, from)]
	})
}

func pad(op accel.Pad, x, y *accel.Tensor) {
	from := make([]int, len(x.Shape))
	each(y.Shape, func(at []int, flat int) {
		inside := true
		for axis, extent := range x.Shape {
			i := at[axis] - op.Before[axis]
			inside = inside && i >= 0 && i < extent
			from[axis] = origin(op.Mode, i, extent)
		}
		if op.Mode == accel.PadConstant && !inside {
			y.Data[flat] = op.Value
			return
		}
		y.Data[flat] = x.Data[place(x.Shape, from)]
	})
}

// origin returns the element that stands at position i of a padded axis.
// Reflection leaves out the edge itself: 2 1 | 0 1 2 | 1 0.
func origin(mode accel.PadMode, i, extent int) int {
	if mode == accel.PadReflect {
		if i < 0 {
			i = -i
		}
		if i >= extent {
			i = 2*(extent-1) - i
		}
		return i
	}
	return min(max(i, 0), extent-1)
}

func expand(x, y *accel.Tensor) {
	each(y.Shape, func(at []int, flat int) { y.Data[flat] = stretched(x, at) })
}

func gather(op accel.Gather, data, indices, y *accel.Tensor) error {
	extent, width := data.Shape[op.Axis], len(indices.Shape)
	for _, v := range indices.Data {
		if _, err := index(v, extent); err != nil {
			return err
		}
	}
	each(y.Shape, func(at []int, flat int) {
		i, _ := index(indices.Data[place(indices.Shape, at[op.Axis:op.Axis+width])], extent)
		from := append([]int(nil), at[:op.Axis]...)
		from = append(append(from, i), at[op.Axis+width:]...)
		y.Data[flat] = data.Data[place(data.Shape, from)]
	})
	return nil
}

// index reads a whole number held in a float32 as a place on an axis; negative
// ones count from the end.
func index(v float32, extent int) (int, error) {
	if f := float64(v); math.IsNaN(f) || f != math.Trunc(f) {
		return 0, fmt.Errorf("index %v is not a whole number", v)
	}
	if float64(v) < float64(-extent) || float64(v) >= float64(extent) {
		return 0, fmt.Errorf("index %v is outside an axis of %d", v, extent)
	}
	i := int(v)
	if i < 0 {
		i += extent
	}
	return i, nil
}
