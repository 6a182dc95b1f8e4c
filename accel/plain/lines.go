package plain

import (
	"math"
	"slices"

	"ttad/accel"
)

// lines calls visit with the places of the elements of every group that shares
// all coordinates except those on the given axes.
func lines(shape []int, axes []int, visit func(places []int)) {
	groups := map[int]int{}
	var members [][]int
	kept := make([]int, 0, len(shape))
	each(shape, func(at []int, flat int) {
		kept = kept[:0]
		var extents []int
		for axis, i := range at {
			if !slices.Contains(axes, axis) {
				kept, extents = append(kept, i), append(extents, shape[axis])
			}
		}
		key := place(extents, kept)
		if _, known := groups[key]; !known {
			groups[key] = len(members)
			members = append(members, nil)
		}
		members[groups[key]] = append(members[groups[key]], flat)
	})
	for _, places := range members {
		visit(places)
	}
}

func softmax(op accel.Softmax, x, y *accel.Tensor) {
	lines(x.Shape, []int{op.Axis}, func(places []int) {
		top := math.Inf(-1)
		for _, i := range places {
			top = max(top, float64(x.Data[i]))
		}
		sum := 0.0
		for _, i := range places {
			sum += math.Exp(float64(x.Data[i]) - top)
		}
		for _, i := range places {
			shifted := float64(x.Data[i]) - top
			if op.Log {
				y.Data[i] = float32(shifted - math.Log(sum))
			} else {
				y.Data[i] = float32(math.Exp(shifted) / sum)
			}
		}
	})
}

// layerNorm normalizes each line over the axes from Axis on; scale and bias
// have one value for each place within a line.
func layerNorm(op accel.LayerNorm, x, scale, bias, y *accel.Tensor) {
	lines(x.Shape, axesFrom(op.Axis, x), func(places []int) {
		m := standardizer(x, places, op.Eps)
		for k, i := range places {
			v := m(x.Data[i]) * float64(scale.Data[k])
			if bias != nil {
				v += float64(bias.Data[k])
			}
			y.Data[i] = float32(v)
		}
	})
}

// instanceNorm normalizes each channel of each row over its positions.
func instanceNorm(op accel.InstanceNorm, x, scale, bias, y *accel.Tensor) {
	positions := accel.Elements(x.Shape[2:])
	lines(x.Shape, axesFrom(2, x), func(places []int) {
		m := standardizer(x, places, op.Eps)
		for _, i := range places {
			c := i / positions % x.Shape[1]
			y.Data[i] = float32(m(x.Data[i])*float64(scale.Data[c]) + float64(bias.Data[c]))
		}
	})
}

func axesFrom(first int, x *accel.Tensor) []int {
	var axes []int
	for axis := first; axis < len(x.Shape); axis++ {
		axes = append(axes, axis)
	}
	return axes
}

// standardizer returns the function that takes the mean of the places off a
// value and divides by their standard deviation.
func standardizer(x *accel.Tensor, places []int, eps float32) func(float32) float64 {
	values := make([]element, len(places))
	for k, i := range places {
		values[k] = element{float64(x.Data[i]), i}
	}
	m := momentsOf(values)
	deviation := math.Sqrt(m.variance + float64(eps))
	return func(v float32) float64 { return (float64(v) - m.mean) / deviation }
}
