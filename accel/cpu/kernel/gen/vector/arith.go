package main

import "github.com/mmcloughlin/avo/reg"

func (w *writer) sum(a, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VADDPS(b, a, r)
	return r
}

func (w *writer) difference(a, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VSUBPS(b, a, r)
	return r
}

func (w *writer) product(a, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VMULPS(b, a, r)
	return r
}

func (w *writer) quotient(a, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VDIVPS(b, a, r)
	return r
}

// larger is the larger of two, or the one that is not a number: x86 returns the
// operand that is named first here, so only the other needs a look.
func (w *writer) larger(a, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VMAXPS(a, b, r)
	return w.choose(w.compare(notNumber, b, b), b, r)
}

func (w *writer) smaller(a, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VMINPS(a, b, r)
	return w.choose(w.compare(notNumber, b, b), b, r)
}

// between holds x between bounds that are numbers; x stays what it is when it is
// not one.
func (w *writer) between(x, low, high reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VMAXPS(x, low, r)
	w.VMINPS(r, high, r)
	return r
}

// affine is x*k + b; x is used up.
func (w *writer) affine(x, k, b reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	w.VMOVAPS(x, r)
	w.VFMADD213PS(b, k, r)
	return r
}

// polynomial is the sum of c[i]*x^i, the last coefficient first.
func (w *writer) polynomial(x reg.VecVirtual, c ...float32) reg.VecVirtual {
	r := w.held(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		w.VFMADD213PS(w.constant(c[i]), x, r)
	}
	return r
}
