package plain

import (
	"math"

	"ttad/accel"
)

// conv sums, for every output, the products over the group's channels and the
// window's taps. Taps that fall into the padding add nothing.
func conv(op accel.Conv, x, w, bias, y *accel.Tensor) {
	perGroup, kh, kw := w.Shape[1], w.Shape[2], w.Shape[3]
	height, width := x.Shape[2], x.Shape[3]
	each(y.Shape, func(at []int, flat int) {
		n, m := at[0], at[1]
		first := m / (w.Shape[0] / op.Groups) * perGroup
		sum := 0.0
		if bias != nil {
			sum = float64(bias.Data[m])
		}
		for c := range perGroup {
			for i := range kh {
				for j := range kw {
					h := at[2]*op.Stride[0] + i*op.Dilation[0] - op.Pad[0]
					v := at[3]*op.Stride[1] + j*op.Dilation[1] - op.Pad[1]
					if h < 0 || h >= height || v < 0 || v >= width {
						continue
					}
					sum += float64(x.Data[place(x.Shape, []int{n, first + c, h, v})]) *
						float64(w.Data[place(w.Shape, []int{m, c, i, j})])
				}
			}
		}
		y.Data[flat] = float32(sum)
	})
}

// pool folds each window. A window that sees no element at all, only padding,
// has the maximum -Inf and the average 0.
func pool(op accel.Pool, x, y *accel.Tensor) {
	each(y.Shape, func(at []int, flat int) {
		if op.Fn == accel.PoolMax {
			y.Data[flat] = float32(poolMax(op, x, at))
		} else {
			y.Data[flat] = float32(poolAverage(op, x, at))
		}
	})
}

// taps visits the window of one output: visit gets the element, or false where
// the tap lies in the padding. Taps beyond the padding, which rounding up
// makes possible, are not visited.
func taps(op accel.Pool, x *accel.Tensor, at []int, visit func(v float64, inside bool)) {
	height, width := x.Shape[2], x.Shape[3]
	for i := range op.Kernel[0] {
		for j := range op.Kernel[1] {
			h := at[2]*op.Stride[0] + i*op.Dilation[0] - op.Pad[0]
			w := at[3]*op.Stride[1] + j*op.Dilation[1] - op.Pad[1]
			switch {
			case h >= height+op.Pad[2] || w >= width+op.Pad[3]:
			case h < 0 || h >= height || w < 0 || w >= width:
				visit(0, false)
			default:
				visit(float64(x.Data[place(x.Shape, []int{at[0], at[1], h, w})]), true)
			}
		}
	}
}

func poolMax(op accel.Pool, x *accel.Tensor, at []int) float64 {
	top := math.Inf(-1)
	taps(op, x, at, func(v float64, inside bool) {
		if inside {
			top = max(top, v)
		}
	})
	return top
}

func poolAverage(op accel.Pool, x *accel.Tensor, at []int) float64 {
	sum, count := 0.0, 0
	taps(op, x, at, func(v float64, inside bool) {
		sum += v
		if inside || op.CountPadding {
			count++
		}
	})
	if count == 0 {
		return 0
	}
	return sum / float64(count)
}
