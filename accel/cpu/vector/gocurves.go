package vector

import "math"

// each makes a function of one value one of many.
func each(fn func(float32) float32) func(y, x []float32) {
	return func(y, x []float32) {
		for i, v := range x[:len(y)] {
			y[i] = fn(v)
		}
	}
}

// Constants of exp. ln 2 is split so that n*ln2High is exact for every n that
// occurs.
const (
	log2e   = 1.44269504088896341
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
	// rounder added to a float32 of magnitude below 2^22 and taken off again
	// leaves the nearest whole number.
	rounder = 1.5 * (1 << 23)
	expMost = 88.72283
	expLess = -103.97208
)

// exp is e^x to about one unit in the last place of a float32, a few times
// faster than going through math.Exp: e^x = 2^n * e^r with r within ln2/2 of
// zero, e^r by its Taylor series, whose ninth term is below float32.
func exp(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > expMost:
		return float32(math.Inf(1))
	case x < expLess:
		return 0
	}
	n := float32(x*log2e+rounder) - rounder
	r := x - n*ln2High - n*ln2Low
	p := 1 + r*(1+r*(1.0/2+r*(1.0/6+r*(1.0/24+r*(1.0/120+r*(1.0/720+r*(1.0/5040)))))))
	return scale(p, int(n))
}

// scale is x*2^n for n between -150 and 128: in two steps, because neither
// 2^128 nor 2^-150 is a normal number.
func scale(x float32, n int) float32 {
	half := n / 2
	return x * power(half) * power(n-half)
}

func power(n int) float32 { return math.Float32frombits(uint32(n+127) << 23) }

func sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }

func silu(x float32) float32 { return x * sigmoid(x) }

// tanh is odd; taking the exponential of a negative number keeps it from
// overflowing. Near zero, where 1 - e^-2x cancels, its series is used.
func tanh(x float32) float32 {
	a := x
	if a < 0 {
		a = -a
	}
	if a < tanhSmall {
		s := x * x
		return x * (1 - s*(1.0/3-s*(2.0/15)))
	}
	e := exp(-2 * a)
	t := (1 - e) / (1 + e)
	if x < 0 {
		return -t
	}
	return t
}

// tanhSmall is where the first term that tanh's series leaves out is 1e-9.
const tanhSmall = 0.05

func erf(x float32) float32 { return float32(math.Erf(float64(x))) }

func gelu(x float32) float32 { return x * ((1 + erf(x*(1/math.Sqrt2))) / 2) }

// geluTanh uses that (1+tanh(u))/2 is the sigmoid of 2u.
func geluTanh(x float32) float32 {
	return x * sigmoid(2*0.79788456*(x+0.044715*x*x*x))
}

func hardSwish(x float32) float32 { return x * min(max(x*(1.0/6)+0.5, 0), 1) }
