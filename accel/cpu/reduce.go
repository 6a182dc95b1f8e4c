package cpu

import (
	"math"
	"slices"

	"ttad/accel"
)

// reduceStep folds axes. The operand's axes are split into those that are kept,
// which number the results, and those that are folded, walked for each result.
type reduceStep struct {
	op    accel.Reduce
	x, y  accel.ValueID
	shape accel.Shape
}

func newReduce(p *accel.Program, op accel.Reduce, n *node) *reduceStep {
	return &reduceStep{op, n.in[0], n.out, p.Values[n.in[0]].Shape}
}

func (s *reduceStep) needs(int) needs { return needs{} }

// views returns where each result's elements begin, and how they lie from there.
func (s *reduceStep) views(rows int) (kept, folded view) {
	strides := rowMajor(s.shape, rows)
	for axis, d := range s.shape {
		v := &kept
		if slices.Contains(s.op.Axes, axis) {
			v = &folded
		}
		v.extent[v.rank], v.stride[0][v.rank] = d.At(rows), strides[axis]
		v.rank++
	}
	return kept.simplify(1), folded.simplify(1)
}

func (v *view) elements() int {
	n := 1
	for axis := range v.rank {
		n *= v.extent[axis]
	}
	return n
}

func (s *reduceStep) run(f *frame) error {
	_, folded := s.views(f.rows)
	results, each := len(f.data[s.y]), folded.elements()
	f.parallel(s, ceilDiv(results, s.block(each)), 2*results*each)
	return nil
}

// block is how many results a task takes.
func (s *reduceStep) block(each int) int { return max(1, rangeFloats/max(each, 1)) }

func (s *reduceStep) task(f *frame, _, i int) {
	x, y := f.data[s.x], f.data[s.y]
	kept, folded := s.views(f.rows)
	n := folded.elements()
	block := s.block(n)
	step := kept.stride[0][kept.rank-1]
	kept.walk(i*block, min((i+1)*block, len(y)), func(flat, count int, at [3]int) {
		for j := range count {
			y[flat+j] = s.fold(x, at[0]+j*step, &folded, n)
		}
	})
}

// fold reduces the elements a view reaches from start on.
func (s *reduceStep) fold(x []float32, start int, v *view, n int) float32 {
	acc := neutral(s.op.Fn)
	step := v.stride[0][v.rank-1]
	v.walk(0, n, func(_, count int, at [3]int) {
		from := start + at[0]
		if step == 1 {
			acc = foldRun(s.op.Fn, acc, x[from:from+count])
			return
		}
		for range count {
			acc = foldRun(s.op.Fn, acc, x[from:from+1])
			from += step
		}
	})
	switch s.op.Fn {
	case accel.ReduceMean:
		acc /= float64(n)
	case accel.ReduceL2:
		acc = math.Sqrt(acc)
	}
	return float32(acc)
}

// neutral is what folding begins with, and what is left of nothing.
func neutral(fn accel.ReduceFn) float64 {
	switch fn {
	case accel.ReduceMax:
		return math.Inf(-1)
	case accel.ReduceMin:
		return math.Inf(1)
	}
	return 0
}

func foldRun(fn accel.ReduceFn, acc float64, x []float32) float64 {
	switch fn {
	case accel.ReduceMax:
		for _, v := range x {
			acc = max(acc, float64(v))
		}
	case accel.ReduceMin:
		for _, v := range x {
			acc = min(acc, float64(v))
		}
	case accel.ReduceL2:
		for _, v := range x {
			acc += float64(v) * float64(v)
		}
	default:
		for _, v := range x {
			acc += float64(v)
		}
	}
	return acc
}
