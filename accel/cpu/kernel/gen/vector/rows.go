package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// writeRows writes what is added up along a row, and what follows the sums.
func (w *writer) writeRows() {
	w.writeSum()
	w.writeMaxOf()
	w.writeDot()
	w.writeSumShifted()
	w.writeExpSum()
	w.writePlacewise("Placewise", []string{"x", "scale", "bias"})
	w.writePlacewise("PlacewiseUnbiased", []string{"x", "scale"})
}

func (w *writer) writeSum() {
	w.begin("Sum", "func(x []float32) float64", "adds up x in float64.")
	x, n, s := w.base(w.Param("x")), w.length(w.Param("x")), w.sums()
	w.alongWays(n, func(p part, at operand.Mem, way int) {
		low, high := w.widen(p.load(in(at, x)))
		w.VADDPD(low, s[way], s[way])
		w.VADDPD(high, s[(way+1)%ways], s[(way+1)%ways])
	})
	w.VADDPD(s[1], s[0], s[0])
	w.VADDPD(s[3], s[2], s[2])
	w.VADDPD(s[2], s[0], s[0])
	w.giveBack(w.total(s[0]))
}

// writeMaxOf begins with the first value in every lane.
func (w *writer) writeMaxOf() {
	w.begin("MaxOf", "func(x []float32) float32", "returns the largest of x, which is not empty.")
	x, n := w.base(w.Param("x")), w.length(w.Param("x"))
	var tops sums
	for way := range tops {
		tops[way] = w.vec()
		w.VBROADCASTSS(operand.Mem{Base: x}, tops[way])
	}
	w.alongWays(n, func(p part, at operand.Mem, way int) {
		v := p.orElse(p.load(in(at, x)), tops[way])
		w.VMOVAPS(w.larger(v, tops[way]), tops[way])
	})
	top := w.larger(w.larger(tops[0], tops[1]), w.larger(tops[2], tops[3]))
	for lanes := w.lanes / 2; lanes >= 1; lanes /= 2 {
		top = w.larger(top, w.turned(top, lanes))
	}
	w.giveBackSingle(top)
}

// turned brings the lanes from place n on to the beginning.
func (w *writer) turned(x reg.VecVirtual, n int) reg.VecVirtual {
	r := w.vec()
	switch n {
	case 8:
		w.VSHUFF32X4(operand.Imm(0x4e), x, x, r)
	case 4:
		if w.masks {
			w.VSHUFF32X4(operand.Imm(0xb1), x, x, r)
		} else {
			w.VPERM2F128(operand.Imm(0x01), x, x, r)
		}
	case 2:
		w.VPERMILPS(operand.Imm(0x4e), x, r)
	default:
		w.VPERMILPS(operand.Imm(0xb1), x, r)
	}
	return r
}

func (w *writer) writeDot() {
	w.begin("Dot", "func(a, b []float32) float32", "adds up a*b over the length of a.")
	a, b, n, s := w.base(w.Param("a")), w.base(w.Param("b")), w.length(w.Param("a")), w.sums()
	w.alongWays(n, func(p part, at operand.Mem, way int) {
		w.VFMADD231PS(p.load(in(at, a)), p.load(in(at, b)), s[way])
	})
	r := w.join(s)
	for lanes := w.lanes / 2; lanes >= 1; lanes /= 2 {
		w.VADDPS(w.turned(r, lanes), r, r)
	}
	w.giveBackSingle(r)
}

func (w *writer) writeSumShifted() {
	w.begin("SumShifted", "func(x []float32, m float32) (sum, squares float64)", "adds up x-m and its square.")
	x, n := w.base(w.Param("x")), w.length(w.Param("x"))
	m, s, q := w.spread(w.Param("m")), w.sums(), w.sums()
	w.alongWays(n, func(p part, at operand.Mem, way int) {
		d := w.difference(p.load(in(at, x)), m)
		p.keep(d)
		w.VADDPS(d, s[way], s[way])
		w.VFMADD231PS(d, d, q[way])
	})
	sum := w.wideTotal(w.join(s))
	w.giveBack(sum, w.wideTotal(w.join(q)))
}

func (w *writer) writeExpSum() {
	w.begin("ExpSum", "func(y, x []float32, m float32) float64", "fills y with e^(x-m) and adds it up in float64.")
	y, x, n := w.base(w.Param("y")), w.base(w.Param("x")), w.length(w.Param("y"))
	m, e := w.spread(w.Param("m")), w.exponential()
	lows, highs := w.zero(), w.zero()
	w.along(n, func(p part, at reg.GPVirtual) {
		r := e.of(w.difference(p.load(operand.Mem{Base: x, Index: at, Scale: 1}), m))
		p.keep(r)
		p.store(r, operand.Mem{Base: y, Index: at, Scale: 1})
		low, high := w.widen(r)
		w.VADDPD(low, lows, lows)
		w.VADDPD(high, highs, highs)
	})
	w.VADDPD(highs, lows, lows)
	w.giveBack(w.total(lows))
}

func (w *writer) writePlacewise(name string, inputs []string) {
	w.flat(name, "fills y with (x-mean)*factor*scale, plus bias where it has one.", inputs, []string{"mean", "factor"},
		func() func(part, []reg.VecVirtual) reg.VecVirtual {
			mean, factor := w.spread(w.Param("mean")), w.spread(w.Param("factor"))
			return func(_ part, in []reg.VecVirtual) reg.VecVirtual {
				r := w.product(w.difference(in[0], mean), factor)
				if len(in) == 3 {
					return w.affine(r, in[1], in[2])
				}
				return w.product(r, in[1])
			}
		})
}
