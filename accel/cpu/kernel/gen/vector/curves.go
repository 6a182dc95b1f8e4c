package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Constants of the exponential, as package vector's Go has them. Below expLess it
// is less than half of the smallest float32, above expMost more than the largest.
const (
	log2e   = 1.44269504088896341
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
	expLess = -105
	expMost = 89
)

const signBit = 1 << 31

// exponential is what computing one needs in registers.
type exponential struct {
	*writer
	low, high reg.VecVirtual
}

func (w *writer) exponential() exponential { return exponential{w, w.held(expLess), w.held(expMost)} }

// of is e^x = 2^n * e^r with r within ln2/2 of zero, e^r by its Taylor series.
func (e exponential) of(x reg.VecVirtual) reg.VecVirtual {
	r, n := e.between(x, e.low, e.high), e.vec()
	e.VMULPS(e.constant(log2e), r, n)
	e.round(n)
	e.VFNMADD231PS(e.constant(ln2High), n, r)
	e.VFNMADD231PS(e.constant(ln2Low), n, r)
	p := e.polynomial(r, 1, 1, 1.0/2, 1.0/6, 1.0/24, 1.0/120, 1.0/720, 1.0/5040)
	e.scale(p, n)
	return p
}

// round makes whole numbers of n, to nearest.
func (w *writer) round(n reg.VecVirtual) {
	if w.masks {
		w.VRNDSCALEPS(operand.Imm(0), n, n)
		return
	}
	w.VROUNDPS(operand.Imm(0), n, n)
}

// scale multiplies p by 2^n, n being whole. Without an instruction for it, it takes
// two steps, because neither 2^128 nor 2^-150 is a normal number.
func (w *writer) scale(p, n reg.VecVirtual) {
	if w.masks {
		w.VSCALEFPS(n, p, p)
		return
	}
	whole, half := w.vec(), w.vec()
	w.VCVTPS2DQ(n, whole)
	w.VPSRAD(operand.Imm(1), whole, half)
	w.VPSUBD(half, whole, whole)
	for _, power := range []reg.VecVirtual{half, whole} {
		w.VPADDD(w.bits(127), power, power)
		w.VPSLLD(operand.Imm(23), power, power)
		w.VMULPS(power, p, p)
	}
}

// sigmoid is 1/(1+e^-x).
func (e exponential) sigmoid(x reg.VecVirtual) reg.VecVirtual {
	minus := e.vec()
	e.VXORPS(e.bits(signBit), x, minus)
	r := e.of(minus)
	e.VADDPS(e.constant(1), r, r)
	return e.quotient(e.held(1), r)
}

// tanh is (1-e^-2a)/(1+e^-2a) of a = |x| with x's sign, and its series near zero,
// where 1 - e^-2a cancels.
func (e exponential) tanh(x reg.VecVirtual) reg.VecVirtual {
	a, exponent := e.vec(), e.vec()
	e.VANDPS(e.bits(signBit-1), x, a)
	e.VMULPS(e.constant(-2), a, exponent)
	r := e.of(exponent)
	far := e.difference(e.held(1), r)
	e.VADDPS(e.constant(1), r, r)
	far = e.quotient(far, r)
	near := e.product(a, e.polynomial(e.product(a, a), 1, -1.0/3, 2.0/15))
	return e.signed(e.choose(e.compare(lessThan, a, e.constant(0.05)), near, far), x)
}

// signed gives r, not negative, the sign of x.
func (w *writer) signed(r, x reg.VecVirtual) reg.VecVirtual {
	sign := w.vec()
	w.VANDPS(w.bits(signBit), x, sign)
	w.VORPS(sign, r, r)
	return r
}

// The error function is a quotient of polynomials of x squared times x up to
// erfOne, where it comes to 1 in float32. The coefficients were fitted to the
// least largest relative error, 2e-8.
const erfOne = 3.925

var (
	erfAbove = []float32{1.1283791, 0.19059455, 0.052769408, 0.0037725847, 0.0002848444, 2.0460225e-06}
	erfBelow = []float32{1, 0.50224274, 0.11418305, 0.014983268, 0.0011638663, 3.8047769e-05}
)

func (w *writer) erf(x reg.VecVirtual) reg.VecVirtual {
	square, one := w.product(x, x), w.held(1)
	r := w.quotient(w.product(x, w.polynomial(square, erfAbove...)), w.polynomial(square, erfBelow...))
	a := w.vec()
	w.VANDPS(w.bits(signBit-1), x, a)
	return w.choose(w.compare(atLeast, a, w.constant(erfOne)), w.signed(one, x), r)
}

// writeCurves writes the functions that take more than a few steps.
func (w *writer) writeCurves() {
	w.curve("Exp", "e^x", func(e exponential, x reg.VecVirtual) reg.VecVirtual { return e.of(x) })
	w.curve("Sigmoid", "1/(1+e^-x)", func(e exponential, x reg.VecVirtual) reg.VecVirtual { return e.sigmoid(x) })
	w.curve("Silu", "x/(1+e^-x)", func(e exponential, x reg.VecVirtual) reg.VecVirtual { return w.product(x, e.sigmoid(x)) })
	w.curve("Tanh", "the hyperbolic tangent of x", func(e exponential, x reg.VecVirtual) reg.VecVirtual { return e.tanh(x) })
	w.curve("GeluTanh", "x*(1+tanh(u))/2 of u = sqrt(2/pi)*(x + 0.044715*x^3)", func(e exponential, x reg.VecVirtual) reg.VecVirtual {
		twice := w.product(x, w.polynomial(w.product(x, x), 2*0.79788456, 2*0.79788456*0.044715))
		return w.product(x, e.sigmoid(twice))
	})
	w.plainCurve("Erf", "the error function of x", w.erf)
	w.plainCurve("Gelu", "x*(1+erf(x/sqrt 2))/2", func(x reg.VecVirtual) reg.VecVirtual {
		within := w.vec()
		w.VMULPS(w.constant(1/math.Sqrt2), x, within)
		e, half := w.erf(within), w.vec()
		w.VMULPS(w.constant(0.5), x, half)
		return w.affine(e, half, half)
	})
}

func (w *writer) curve(name, what string, fn func(exponential, reg.VecVirtual) reg.VecVirtual) {
	w.flat(name, "fills y with "+what+".", []string{"x"}, nil, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		e := w.exponential()
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return fn(e, in[0]) }
	})
}

func (w *writer) plainCurve(name, what string, fn func(reg.VecVirtual) reg.VecVirtual) {
	w.curve(name, what, func(_ exponential, x reg.VecVirtual) reg.VecVirtual { return fn(x) })
}
