package cpu

import (
	"math"
	"slices"

	"ttad/accel"
	"ttad/accel/cpu/vector"
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

func (s *reduceStep) needs(int) needs { return needs{worker: stripFloats} }

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

func (s *reduceStep) task(f *frame, worker, i int) {
	x, y := f.data[s.x], f.data[s.y]
	kept, folded := s.views(f.rows)
	n := folded.elements()
	block := s.block(n)
	step := kept.stride[0][kept.rank-1]
	columns := step == 1 && s.byColumns(&folded, n)
	kept.walk(i*block, min((i+1)*block, len(y)), func(flat, count int, at [3]int) {
		if columns {
			c := columnFold{s.op.Fn, f.vectors(), f.scratch[worker][:stripFloats], folded, n}
			c.run(y[flat:flat+count], x[at[0]:])
			return
		}
		for j := range count {
			y[flat+j] = s.fold(f.vectors(), x, at[0]+j*step, &folded, n)
		}
	})
}

// fold reduces the elements a view reaches from start on.
func (s *reduceStep) fold(vectors vector.Family, x []float32, start int, v *view, n int) float32 {
	acc := neutral(s.op.Fn)
	step := v.stride[0][v.rank-1]
	if step == 1 && v.rank == 1 && n > 0 {
		return s.finish(foldRun(vectors, s.op.Fn, acc, x[start+v.base[0]:][:n]), n)
	}
	v.walk(0, n, func(_, count int, at [3]int) {
		from := start + at[0]
		if step == 1 {
			acc = foldRun(vectors, s.op.Fn, acc, x[from:from+count])
			return
		}
		for range count {
			acc = foldOne(s.op.Fn, acc, float64(x[from]))
			from += step
		}
	})
	return s.finish(acc, n)
}

// finish makes a result of what n elements were folded into.
func (s *reduceStep) finish(acc float64, n int) float32 {
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

// foldRun folds values that lie together, at least one.
func foldRun(v vector.Family, fn accel.ReduceFn, acc float64, x []float32) float64 {
	switch fn {
	case accel.ReduceMax:
		return max(acc, float64(v.MaxOf(x)))
	case accel.ReduceSum, accel.ReduceMean:
		return acc + v.Sum(x)
	}
	for _, value := range x {
		acc = foldOne(fn, acc, float64(value))
	}
	return acc
}

func foldOne(fn accel.ReduceFn, acc, v float64) float64 {
	switch fn {
	case accel.ReduceMax:
		return max(acc, v)
	case accel.ReduceMin:
		return min(acc, v)
	case accel.ReduceL2:
		return acc + v*v
	}
	return acc + v
}
