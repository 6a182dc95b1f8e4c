package plain

import (
	"math"

	"ttad/accel"
)

// reduce folds the axes. Folding nothing at all yields the neutral element of
// the function, and NaN for the mean, which has none.
func reduce(op accel.Reduce, x, y *accel.Tensor) {
	folds := make([]fold, len(y.Data))
	for i := range folds {
		folds[i] = fold{low: math.Inf(1), high: math.Inf(-1)}
	}
	keep := append([]int(nil), x.Shape...)
	for _, axis := range op.Axes {
		keep[axis] = 1
	}
	each(x.Shape, func(at []int, flat int) {
		target := append([]int(nil), at...)
		for _, axis := range op.Axes {
			target[axis] = 0
		}
		folds[place(keep, target)].add(float64(x.Data[flat]))
	})
	for i, f := range folds {
		y.Data[i] = float32(f.result(op.Fn))
	}
}

// fold gathers what any of the reductions needs.
type fold struct {
	count, sum, squares float64
	low, high           float64
}

func (f *fold) add(v float64) {
	f.count++
	f.sum += v
	f.squares += v * v
	f.low, f.high = min(f.low, v), max(f.high, v)
}

func (f fold) result(fn accel.ReduceFn) float64 {
	switch fn {
	case accel.ReduceSum:
		return f.sum
	case accel.ReduceMean:
		return f.sum / f.count
	case accel.ReduceMax:
		return f.high
	case accel.ReduceMin:
		return f.low
	case accel.ReduceL2:
		return math.Sqrt(f.squares)
	}
	panic("plain: Infer accepted reduction " + string(fn))
}
