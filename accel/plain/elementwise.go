package plain

import (
	"math"

	"ttad/accel"
)

func mapEach(m accel.Map, x, y *accel.Tensor) {
	a, b := float64(m.A), float64(m.B)
	for i, v := range x.Data {
		y.Data[i] = float32(apply(m.Fn, a, b, float64(v)))
	}
}

// apply evaluates a function of one value.
func apply(fn accel.MapFn, a, b, x float64) float64 {
	switch fn {
	case accel.Relu:
		return clip(x, 0, math.Inf(1))
	case accel.LeakyRelu:
		return when(x < 0, a*x, x)
	case accel.Elu:
		return when(x < 0, a*math.Expm1(x), x)
	case accel.Clip:
		return clip(x, a, b)
	case accel.Sigmoid:
		return sigmoid(x)
	case accel.HardSigmoid:
		return clip(a*x+b, 0, 1)
	case accel.HardSwish:
		return x * clip(x/6+0.5, 0, 1)
	case accel.Silu:
		return x * sigmoid(x)
	case accel.Tanh:
		return math.Tanh(x)
	case accel.Gelu:
		return x * (1 + math.Erf(x/math.Sqrt2)) / 2
	case accel.GeluTanh:
		return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2
	case accel.Erf:
		return math.Erf(x)
	case accel.Exp:
		return math.Exp(x)
	case accel.Log:
		return math.Log(x)
	case accel.Sqrt:
		return math.Sqrt(x)
	case accel.Reciprocal:
		return 1 / x
	case accel.Softplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case accel.Affine:
		return a*x + b
	}
	return applyExact(fn, x)
}

// applyExact evaluates the functions whose result needs no rounding.
func applyExact(fn accel.MapFn, x float64) float64 {
	switch fn {
	case accel.Neg:
		return -x
	case accel.Abs:
		return math.Abs(x)
	case accel.Floor:
		return math.Floor(x)
	case accel.Ceil:
		return math.Ceil(x)
	case accel.Round:
		return math.RoundToEven(x)
	case accel.Trunc:
		return math.Trunc(x)
	case accel.Not:
		return truth(x == 0)
	}
	panic("plain: Infer accepted function " + string(fn))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// clip leaves NaN alone, since no comparison with it holds.
func clip(x, low, high float64) float64 {
	if x < low {
		x = low
	}
	if x > high {
		x = high
	}
	return x
}

func when(yes bool, a, b float64) float64 {
	if yes {
		return a
	}
	return b
}

func truth(yes bool) float64 { return when(yes, 1, 0) }

func binary(op accel.Binary, a, b, y *accel.Tensor) {
	each(y.Shape, func(at []int, flat int) {
		y.Data[flat] = float32(combine(op.Fn, float64(stretched(a, at)), float64(stretched(b, at))))
	})
}

// combine evaluates a function of two values.
func combine(fn accel.BinaryFn, a, b float64) float64 {
	switch fn {
	case accel.Add:
		return a + b
	case accel.Sub:
		return a - b
	case accel.Mul:
		return a * b
	case accel.Div:
		return a / b
	case accel.Pow:
		return math.Pow(a, b)
	case accel.Min:
		return min(a, b)
	case accel.Max:
		return max(a, b)
	case accel.Mod:
		return mod(a, b)
	case accel.PRelu:
		return when(a < 0, a*b, a)
	}
	return truth(compare(fn, a, b))
}

func compare(fn accel.BinaryFn, a, b float64) bool {
	switch fn {
	case accel.Equal:
		return a == b
	case accel.Less:
		return a < b
	case accel.LessEqual:
		return a <= b
	case accel.Greater:
		return a > b
	case accel.GreaterEqual:
		return a >= b
	case accel.And:
		return a != 0 && b != 0
	case accel.Or:
		return a != 0 || b != 0
	}
	panic("plain: Infer accepted function " + string(fn))
}

// mod is the remainder with the divisor's sign; math.Mod has the dividend's.
func mod(a, b float64) float64 {
	r := math.Mod(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

func where(cond, a, b, y *accel.Tensor) {
	each(y.Shape, func(at []int, flat int) {
		y.Data[flat] = stretched(b, at)
		if stretched(cond, at) != 0 {
			y.Data[flat] = stretched(a, at)
		}
	})
}
