package cpu

import (
	"math"

	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// mapper is a function of one value, ready to be applied to many: apply fills y
// with the function of x, and y may be x.
type mapper struct {
	accel.Map
	apply func(y, x []float32)
}

func newMapper(v vector.Family, m accel.Map) mapper {
	if apply := curve(v, m); apply != nil {
		return mapper{m, apply}
	}
	return mapper{m, each(oneValue(m))}
}

// curve returns what package vector has, nil where it has nothing.
func curve(v vector.Family, m accel.Map) func(y, x []float32) {
	switch m.Fn {
	case accel.Relu:
		return func(y, x []float32) { v.Clip(y, x, 0, infinity) }
	case accel.Clip:
		return func(y, x []float32) { v.Clip(y, x, m.A, m.B) }
	case accel.LeakyRelu:
		return func(y, x []float32) { v.LeakyRelu(y, x, m.A) }
	case accel.Neg:
		return func(y, x []float32) { v.MulScalar(y, x, -1) }
	case accel.Reciprocal:
		return func(y, x []float32) { v.ScalarDiv(y, x, 1) }
	case accel.HardSigmoid:
		return func(y, x []float32) { v.HardSigmoid(y, x, m.A, m.B) }
	case accel.Affine:
		return func(y, x []float32) { v.Affine(y, x, m.A, m.B) }
	case accel.HardSwish:
		return v.HardSwish
	case accel.Sigmoid:
		return v.Sigmoid
	case accel.Silu:
		return v.Silu
	case accel.Tanh:
		return v.Tanh
	case accel.Exp:
		return v.Exp
	case accel.Gelu:
		return v.Gelu
	case accel.GeluTanh:
		return v.GeluTanh
	case accel.Erf:
		return v.Erf
	}
	return nil
}

var infinity = float32(math.Inf(1))

// each applies a function whose own cost hides that of a call.
func each(fn func(float32) float32) func(y, x []float32) {
	return func(y, x []float32) {
		for i, v := range x[:len(y)] {
			y[i] = fn(v)
		}
	}
}

func oneValue(m accel.Map) func(float32) float32 {
	switch m.Fn {
	case accel.Elu:
		return func(v float32) float32 { return max(v, 0) + m.A*float32(math.Expm1(float64(min(v, 0)))) }
	case accel.Softplus:
		return softplus
	case accel.Log:
		return wide(math.Log)
	case accel.Sqrt:
		return wide(math.Sqrt)
	}
	return exact(m.Fn)
}

// exact returns the functions that do not round.
func exact(fn accel.MapFn) func(float32) float32 {
	switch fn {
	case accel.Abs:
		return wide(math.Abs)
	case accel.Floor:
		return wide(math.Floor)
	case accel.Ceil:
		return wide(math.Ceil)
	case accel.Round:
		return wide(math.RoundToEven)
	case accel.Trunc:
		return wide(math.Trunc)
	case accel.Not:
		return func(v float32) float32 { return truth(v == 0) }
	}
	panic("cpu: no kernel for function " + string(fn))
}

// wide makes a function of float64 one of float32.
func wide(fn func(float64) float64) func(float32) float32 {
	return func(v float32) float32 { return float32(fn(float64(v))) }
}

func softplus(v float32) float32 {
	return max(v, 0) + float32(math.Log1p(math.Exp(-math.Abs(float64(v)))))
}

func truth(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}

// mapStep is a Map that found no kernel to be the tail of.
type mapStep struct {
	fn   mapper
	x, y accel.ValueID
}

// rangeFloats is how many elements a task of an elementwise kernel handles.
const rangeFloats = 1 << 14

func (s *mapStep) needs(int) needs { return needs{} }

func (s *mapStep) run(f *frame) error {
	n := len(f.data[s.y])
	f.parallel(s, ceilDiv(n, rangeFloats), 8*n)
	return nil
}

func (s *mapStep) task(f *frame, _, i int) {
	y, x := f.data[s.y], f.data[s.x]
	low, high := i*rangeFloats, min((i+1)*rangeFloats, len(y))
	s.fn.apply(y[low:high], x[low:high])
}

func ceilDiv(n, by int) int { return (n + by - 1) / by }
