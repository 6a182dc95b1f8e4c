package cpu

import (
	"math"

	"ttad/accel"
)

// mapper is a function of one value, ready to be applied.
type mapper struct {
	accel.Map
	each func(float32) float32 // nil where apply has a loop of its own
}

func newMapper(m accel.Map) mapper {
	switch m.Fn {
	case accel.Relu, accel.LeakyRelu, accel.Clip, accel.HardSigmoid, accel.HardSwish,
		accel.Affine, accel.Sigmoid, accel.Silu:
		return mapper{m, nil}
	}
	return mapper{m, oneValue(m)}
}

// apply fills y with the function of x; y may be x. Comparisons that choose a
// result are written so that NaN passes: the built-in min and max keep it, and
// compile without a branch, which values of random sign would mispredict.
func (m *mapper) apply(y, x []float32) {
	x = x[:len(y)]
	switch m.Fn {
	case accel.Relu:
		for i, v := range x {
			y[i] = max(v, 0)
		}
	case accel.LeakyRelu:
		for i, v := range x {
			y[i] = max(v, 0) + m.A*min(v, 0)
		}
	case accel.Clip:
		for i, v := range x {
			y[i] = min(max(v, m.A), m.B)
		}
	case accel.HardSigmoid:
		for i, v := range x {
			y[i] = min(max(m.A*v+m.B, 0), 1)
		}
	case accel.HardSwish:
		for i, v := range x {
			y[i] = v * min(max(v*(1.0/6)+0.5, 0), 1)
		}
	case accel.Affine:
		for i, v := range x {
			y[i] = m.A*v + m.B
		}
	case accel.Sigmoid:
		for i, v := range x {
			y[i] = sigmoid(v)
		}
	case accel.Silu:
		for i, v := range x {
			y[i] = v * sigmoid(v)
		}
	default:
		for i, v := range x {
			y[i] = m.each(v)
		}
	}
}

// oneValue returns the functions whose own cost hides that of a call.
func oneValue(m accel.Map) func(float32) float32 {
	switch m.Fn {
	case accel.Tanh:
		return tanh
	case accel.Exp:
		return exp
	case accel.Gelu:
		return func(v float32) float32 { return v * (1 + erf(v*(1/math.Sqrt2))) / 2 }
	case accel.GeluTanh:
		return func(v float32) float32 { return v * (1 + tanh(0.79788456*(v+0.044715*v*v*v))) / 2 }
	case accel.Erf:
		return erf
	case accel.Elu:
		return func(v float32) float32 { return max(v, 0) + m.A*float32(math.Expm1(float64(min(v, 0)))) }
	case accel.Softplus:
		return softplus
	case accel.Log:
		return wide(math.Log)
	case accel.Sqrt:
		return wide(math.Sqrt)
	case accel.Reciprocal:
		return func(v float32) float32 { return 1 / v }
	}
	return exact(m.Fn)
}

// exact returns the functions that do not round.
func exact(fn accel.MapFn) func(float32) float32 {
	switch fn {
	case accel.Neg:
		return func(v float32) float32 { return -v }
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

func erf(v float32) float32 { return float32(math.Erf(float64(v))) }

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
