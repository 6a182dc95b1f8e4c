package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tiny is a small number of full precision; what is below it adds nothing to an
// entropy.
const tiny = 1e-37

// logAbove is the polynomial P of log(1+r) = r - r^2/2 + r^3*P(r), r between
// sqrt(1/2)-1 and sqrt(2)-1, as Moshier's Cephes library has it, good to 1e-7.
var logAbove = []float32{
	3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1,
	-1.2420140846e-1, 1.1676998740e-1, -1.1514610310e-1, 7.0376836292e-2,
}

// log is the natural logarithm of x = 2^n * (1+r), a positive number of full
// precision.
func (w *writer) log(x reg.VecVirtual) reg.VecVirtual {
	least := w.bits(math.Float32bits(math.Sqrt2 / 2))
	rest, n, r := w.vec(), w.vec(), w.vec()
	w.VMOVUPS(least, n)
	w.VPSUBD(n, x, rest)
	w.VPSRAD(operand.Imm(23), rest, n)
	w.VCVTDQ2PS(n, n)
	w.keepBits(rest, 1<<23-1)
	w.VPADDD(least, rest, r)
	r = w.difference(r, w.held(1))
	square := w.product(r, r)
	p := w.product(w.polynomial(r, logAbove...), r)
	w.VADDPS(w.constant(-0.5), p, p)
	w.VFMADD213PS(r, square, p)
	w.VFMADD231PS(w.constant(math.Ln2), n, p)
	return p
}

func (w *writer) keepBits(x reg.VecVirtual, bits uint32) {
	if w.masks {
		w.VPANDD(w.bits(bits), x, x)
		return
	}
	w.VPAND(w.bits(bits), x, x)
}

// writeEntropy adds up -p*log p; where p is 0 so is the product.
func (w *writer) writeEntropy() {
	w.begin("Entropy", "func(p []float32) float64", "is minus the sum of p*log p.")
	x, n, s := w.base(w.Param("p")), w.length(w.Param("p")), w.sums()
	w.alongWays(n, func(p part, at operand.Mem, way int) {
		v, held := p.load(in(at, x)), w.vec()
		w.VMAXPS(w.constant(tiny), v, held)
		w.VFNMADD231PS(w.log(held), v, s[way])
	})
	w.giveBack(w.wideTotal(w.join(s)))
}
