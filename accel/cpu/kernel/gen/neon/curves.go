package main

import "math"

// exponential is the constants of one, in registers.
type exponential struct {
	*writer
	low, high, log2e, ln2High, ln2Low, bias vec
	series                                  []vec
}

// exponential loads them; they are those of gen/vector. Below -105 e^x is less
// than half of the smallest float32, above 89 more than the largest.
func (w *writer) exponential() exponential {
	return exponential{
		writer: w, low: w.held(-105), high: w.held(89), log2e: w.held(1.44269504088896341),
		ln2High: w.held(0.693359375), ln2Low: w.held(-2.12194440e-4), bias: w.bits(127),
		series: w.coefficients(1, 1, 1.0/2, 1.0/6, 1.0/24, 1.0/120, 1.0/720, 1.0/5040),
	}
}

func (w *writer) coefficients(values ...float32) (c []vec) {
	for _, v := range values {
		c = append(c, w.held(v))
	}
	return c
}

// polynomial is the sum of c[i]*x^i.
func (w *writer) polynomial(x vec, c []vec) vec {
	y := w.copyOf(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		next := w.affine(y, x, c[i])
		w.give(y)
		y = next
	}
	return y
}

// of is e^x = 2^n * e^r with r within ln2/2 of zero, e^r by its Taylor series.
func (e exponential) of(x vec) vec {
	r := e.between(x, e.low, e.high)
	n := e.product(r, e.log2e)
	e.frintn(n, n)
	e.fmls(r, n, e.ln2High)
	e.fmls(r, n, e.ln2Low)
	p := e.polynomial(r, e.series)
	e.scale(p, n)
	e.give(r, n)
	return p
}

// scale multiplies p by 2^n, n being whole, in two steps, because neither 2^128
// nor 2^-150 is a normal number.
func (e exponential) scale(p, n vec) {
	half := e.take()
	e.fcvtns(n, n)
	e.halve(half, n)
	e.op("VSUB", half.s4(), n.s4(), n.s4())
	for _, power := range []vec{half, n} {
		e.op("VADD", e.bias.s4(), power.s4(), power.s4())
		e.op("VSHL", "$23", power.s4(), power.s4())
		e.fmul(p, p, power)
	}
	e.give(half)
}

// sigmoid is 1/(1+e^-x).
func (e exponential) sigmoid(x vec) vec {
	minus := e.take()
	e.fneg(minus, x)
	y := e.of(minus)
	e.fadd(y, y, e.series[0])
	e.fdiv(y, e.series[0], y)
	return y
}

// tanh is (1-e^-2a)/(1+e^-2a) of a = |x| with x's sign, and its series near zero,
// where 1 - e^-2a cancels.
func (e exponential) tanh(near []vec, small, minusTwo, sign vec) func(x vec) vec {
	return func(x vec) vec {
		a := e.take()
		e.fabs(a, x)
		power := e.of(e.product(a, minusTwo))
		y := e.quotient(e.difference(e.series[0], power), e.sum(e.series[0], power))
		series := e.product(a, e.polynomial(e.product(a, a), near))
		isSmall := e.take()
		e.fcmgt(isSmall, small, a)
		e.insert(y, series, isSmall)
		e.insert(y, x, sign)
		return y
	}
}

// insert puts the bits of x into y where mask has ones.
func (f *file) insert(y, x, mask vec) { f.op("VBIT", mask.b16(), x.b16(), y.b16()) }

// signBit is the only one of -0.
const signBit = 1 << 31

// erf is a quotient of polynomials of x squared, times x, up to where it comes to
// 1 in float32, with the coefficients of gen/vector.
func (w *writer) erf() func(x vec) vec {
	above := w.coefficients(1.1283791, 0.19059455, 0.052769408, 0.0037725847, 0.0002848444, 2.0460225e-06)
	below := w.coefficients(1, 0.50224274, 0.11418305, 0.014983268, 0.0011638663, 3.8047769e-05)
	most, sign := w.held(3.925), w.bits(signBit)
	return func(x vec) vec {
		square := w.product(x, x)
		y := w.quotient(w.product(x, w.polynomial(square, above)), w.polynomial(square, below))
		a, isLarge := w.take(), w.take()
		w.fabs(a, x)
		w.fcmge(isLarge, a, most)
		end := w.copyOf(below[0])
		w.insert(end, x, sign)
		w.insert(y, end, isLarge)
		return y
	}
}

// writeCurves writes the functions that take more than a few steps.
func (w *writer) writeCurves() {
	w.curve("Exp", "e^x", func(e exponential) func(vec) vec { return e.of })
	w.curve("Sigmoid", "1/(1+e^-x)", func(e exponential) func(vec) vec { return e.sigmoid })
	w.curve("Silu", "x/(1+e^-x)", func(e exponential) func(vec) vec {
		return func(x vec) vec { return w.product(x, e.sigmoid(x)) }
	})
	w.curve("Tanh", "the hyperbolic tangent of x", func(e exponential) func(vec) vec {
		return e.tanh(w.coefficients(1, -1.0/3, 2.0/15), w.held(0.05), w.held(-2), w.bits(signBit))
	})
	w.curve("GeluTanh", "x*(1+tanh(u))/2 of u = sqrt(2/pi)*(x + 0.044715*x^3)", func(e exponential) func(vec) vec {
		twice := w.coefficients(2*0.79788456, 2*0.79788456*0.044715)
		return func(x vec) vec { return w.product(x, e.sigmoid(w.product(x, w.polynomial(w.product(x, x), twice)))) }
	})
	w.plainCurve("Erf", "the error function of x", w.erf)
	w.plainCurve("Gelu", "x*(1+erf(x/sqrt 2))/2", func() func(vec) vec {
		erf, inverse, half := w.erf(), w.held(1/math.Sqrt2), w.held(0.5)
		return func(x vec) vec {
			y, halfX := erf(w.product(x, inverse)), w.product(x, half)
			return w.affine(y, halfX, halfX)
		}
	})
}

func (w *writer) curve(name, what string, ready func(exponential) func(vec) vec) {
	w.plainCurve(name, what, func() func(vec) vec { return ready(w.exponential()) })
}

func (w *writer) plainCurve(name, what string, ready func() func(vec) vec) {
	w.flat(name, "fills y with "+what+".", []string{"x"}, nil, func([]vec) func([]vec) vec {
		body := ready()
		return func(in []vec) vec { return body(in[0]) }
	})
}
