package vector

import "math"

// Sum adds up x in float64.
func (f Family) Sum(x []float32) float64 { return f.sum(x) }

// MaxOf returns the largest of x, which has at least one element; NaN where there
// is one.
func (f Family) MaxOf(x []float32) float32 {
	_ = x[0]
	return f.most(x)
}

// Dot adds up a*b over the length of a, in a few float32 sums side by side.
func (f Family) Dot(a, b []float32) float32 { return f.dot(a, b[:len(a):len(b)]) }

// sumRun is how many values are added up in float32 before float64 takes over.
const sumRun = 4096

// SumShifted adds up x-m and its square: in float32 for a stretch, in float64 over
// the stretches. With m near the mean nothing cancels.
func (f Family) SumShifted(x []float32, m float32) (sum, squares float64) {
	for len(x) > sumRun {
		s, q := f.sumShifted(x[:sumRun], m)
		sum, squares, x = sum+s, squares+q, x[sumRun:]
	}
	s, q := f.sumShifted(x, m)
	return sum + s, squares + q
}

// Softmax fills y with the exponentials of x, made to add up to 1. It subtracts
// the largest value first, so that none overflows, and adds up in float64. y may
// be x, which has at least one element.
func (f Family) Softmax(y, x []float32) {
	sum := f.ExpSum(y, x, f.MaxOf(x))
	f.mulScalar(y, y, float32(1/sum))
}

// LogSoftmax fills y with the logarithms of Softmax; y is not x.
func (f Family) LogSoftmax(y, x []float32) {
	top := f.MaxOf(x)
	log := math.Log(f.ExpSum(y, x, top))
	for i, v := range x[:len(y):len(x)] {
		y[i] = float32(float64(v-top) - log)
	}
}

// ExpSum fills y with e^(x-m) and adds it up in float64. y may be x.
func (f Family) ExpSum(y, x []float32, m float32) float64 { return f.expSum(y, x[:len(y):len(x)], m) }

// LayerNorm normalizes x to mean 0 and variance 1, then multiplies by scale and
// adds bias, place by place (Ba, Kiros and Hinton, 2016, arXiv:1607.06450). All
// are as long as y, but bias may be nil. The mean is taken first and the variance
// around it, so neither suffers from x lying far from zero. y may be x.
func (f Family) LayerNorm(y, x, scale, bias []float32, eps float64) {
	x = x[:len(y):len(x)]
	mean, factor := f.Standard(x, eps)
	if bias != nil {
		bias = bias[:len(y):len(bias)]
	}
	f.placewise(y, x, scale[:len(y):len(scale)], bias, mean, factor)
}

// Standard returns the mean of x and 1/sqrt(variance+eps), the variance being the
// biased one.
func (f Family) Standard(x []float32, eps float64) (mean, factor float32) {
	n := float64(len(x))
	mean = float32(f.sum(x) / n)
	sum, squares := f.SumShifted(x, mean)
	d := sum / n
	variance := max(squares/n-d*d, 0)
	return mean, float32(1 / math.Sqrt(variance+eps))
}
