package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// ways is how many sums go side by side: an addition takes about four cycles, and
// one can begin in each.
const ways = 4

// sums is one total in several parts.
type sums [ways]reg.VecVirtual

func (w *writer) sums() (s sums) {
	for i := range s {
		s[i] = w.zero()
	}
	return s
}

// join adds the parts up in the first.
func (w *writer) join(s sums) reg.VecVirtual {
	w.VADDPS(s[1], s[0], s[0])
	w.VADDPS(s[3], s[2], s[2])
	w.VADDPS(s[2], s[0], s[0])
	return s[0]
}

// alongWays is along with ways registers a turn; step also gets which of the sums
// to add to.
func (w *writer) alongWays(n reg.GPVirtual, step func(p part, at operand.Mem, way int)) {
	at, turn := w.GP64(), ways*w.lanes
	w.XORQ(at, at)
	w.SUBQ(operand.U32(turn), n)
	w.JLT(operand.LabelRef("single"))
	w.Label("several")
	for way := range ways {
		step(part{w, nil}, operand.Mem{Index: at, Scale: 1, Disp: way * w.width()}, way)
	}
	w.ADDQ(operand.U32(turn*floatBytes), at)
	w.SUBQ(operand.U32(turn), n)
	w.JGE(operand.LabelRef("several"))
	w.Label("single")
	w.ADDQ(operand.U32(turn-w.lanes), n)
	w.JLT(operand.LabelRef("few"))
	w.Label("whole")
	step(part{w, nil}, operand.Mem{Index: at, Scale: 1}, 0)
	w.ADDQ(operand.Imm(uint64(w.width())), at)
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JGE(operand.LabelRef("whole"))
	w.Label("few")
	w.ADDQ(operand.Imm(uint64(w.lanes)), n)
	w.JZ(operand.LabelRef("done"))
	lanes := w.first(n)
	step(part{w, &lanes}, operand.Mem{Index: at, Scale: 1}, 0)
	w.Label("done")
}

// in is the same place in the slice at base.
func in(at operand.Mem, base reg.GPVirtual) operand.Mem {
	at.Base = base
	return at
}

// widen makes two registers of float64 of one of float32.
func (w *writer) widen(x reg.VecVirtual) (low, high reg.VecVirtual) {
	low, high = w.vec(), w.vec()
	if w.masks {
		upper := w.YMM()
		w.VEXTRACTF64X4(operand.Imm(1), x, upper)
		w.VCVTPS2PD(x.AsY(), low)
		w.VCVTPS2PD(upper, high)
		return low, high
	}
	upper := w.XMM()
	w.VEXTRACTF128(operand.Imm(1), x, upper)
	w.VCVTPS2PD(x.AsX(), low)
	w.VCVTPS2PD(upper, high)
	return low, high
}

// total adds up the lanes of float64 in the lowest of the result.
func (w *writer) total(x reg.VecVirtual) reg.VecVirtual {
	y, other := x.AsY().(reg.VecVirtual), w.XMM()
	if w.masks {
		upper := w.YMM()
		w.VEXTRACTF64X4(operand.Imm(1), x, upper)
		w.VADDPD(upper, y, y)
	}
	w.VEXTRACTF128(operand.Imm(1), y, other)
	r := y.AsX().(reg.VecVirtual)
	w.VADDPD(other, r, r)
	w.VUNPCKHPD(r, r, other)
	w.VADDSD(other, r, r)
	return r
}

// wideTotal adds up lanes of float32 in float64.
func (w *writer) wideTotal(x reg.VecVirtual) reg.VecVirtual {
	low, high := w.widen(x)
	w.VADDPD(high, low, low)
	return w.total(low)
}

// giveBack ends a function with results of float64 that lie in the lowest lanes.
func (w *writer) giveBack(results ...reg.VecVirtual) {
	for i, r := range results {
		w.VMOVSD(r, w.address(w.ReturnIndex(i)))
	}
	w.end()
}

// giveBackSingle is giveBack of one float32.
func (w *writer) giveBackSingle(r reg.VecVirtual) {
	w.VMOVSS(r.AsX(), w.address(w.ReturnIndex(0)))
	w.end()
}
