package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// least is what exponents are held above, as package vector's Go has it.
const least = -60

// writeColumnSoftmax goes down one register of columns at a time, three times while
// it is in the first-level cache: for the largest values, for the exponentials, and
// to divide them by their sum.
func (w *writer) writeColumnSoftmax() {
	w.begin("ColumnSoftmax", "func(y, v, top []float32, sums []float64, rows int)",
		"makes softmaxes of columns; there are whole registers of them.")
	c := &columnSoftmax{
		writer: w, y: w.base(w.Param("y")), v: w.base(w.Param("v")), top: w.base(w.Param("top")), sums: w.base(w.Param("sums")),
		line: w.length(w.Param("top")), at: w.GP64(), rows: w.GP64(), exp: w.exponential(),
	}
	n := w.length(w.Param("top"))
	w.SHLQ(operand.Imm(2), c.line)
	w.Label("columns")
	most := c.largest()
	sum := c.exponentials(most)
	c.divide(sum)
	for _, cursor := range []reg.GPVirtual{c.y, c.v, c.top} {
		w.ADDQ(operand.Imm(uint64(w.width())), cursor)
	}
	w.ADDQ(operand.Imm(uint64(2*w.width())), c.sums)
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JNZ(operand.LabelRef("columns"))
	w.end()
}

type columnSoftmax struct {
	*writer
	y, v, top, sums, line reg.GPVirtual
	at, rows              reg.GPVirtual
	exp                   exponential
}

// down repeats a step for each row, which is at in y and v.
func (c *columnSoftmax) down(label string, step func(y, v operand.Mem)) {
	c.Load(c.Param("rows"), c.rows)
	c.XORQ(c.at, c.at)
	c.Label(label)
	step(operand.Mem{Base: c.y, Index: c.at, Scale: 1}, operand.Mem{Base: c.v, Index: c.at, Scale: 1})
	c.ADDQ(c.line, c.at)
	c.DECQ(c.rows)
	c.JNZ(operand.LabelRef(label))
}

func (c *columnSoftmax) largest() reg.VecVirtual {
	most := c.held(float32(math.Inf(-1)))
	c.down("largest", func(y, _ operand.Mem) { c.VMAXPS(y, most, most) })
	c.VMOVUPS(most, operand.Mem{Base: c.top})
	return most
}

// exponentials writes v*e^(y-most) and returns what it adds up to.
func (c *columnSoftmax) exponentials(most reg.VecVirtual) reg.VecVirtual {
	low, high := c.zero(), c.zero()
	c.down("exponentials", func(y, v operand.Mem) {
		x := c.vec()
		c.VMOVUPS(y, x)
		c.VSUBPS(most, x, x)
		c.VMAXPS(c.constant(least), x, x)
		r := c.exp.of(x)
		c.VMULPS(v, r, r)
		c.VMOVUPS(r, y)
		first, second := c.widen(r)
		c.VADDPD(first, low, low)
		c.VADDPD(second, high, high)
	})
	c.VMOVUPD(low, operand.Mem{Base: c.sums})
	c.VMOVUPD(high, operand.Mem{Base: c.sums, Disp: c.width()})
	return c.narrow(low, high)
}

func (c *columnSoftmax) divide(sum reg.VecVirtual) {
	share := c.quotient(c.held(1), sum)
	c.down("divide", func(y, _ operand.Mem) {
		r := c.product(share, c.load(y))
		c.VMOVUPS(r, y)
	})
}

func (c *columnSoftmax) load(m operand.Mem) reg.VecVirtual { return part{c.writer, nil}.load(m) }

// narrow makes one register of float32 of two of float64.
func (w *writer) narrow(low, high reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	if w.masks {
		lower, upper := w.YMM(), w.YMM()
		w.VCVTPD2PS(low, lower)
		w.VCVTPD2PS(high, upper)
		w.VINSERTF64X4(operand.Imm(1), upper, lower.AsZ(), r)
		return r
	}
	lower, upper := w.XMM(), w.XMM()
	w.VCVTPD2PSY(low, lower)
	w.VCVTPD2PSY(high, upper)
	w.VINSERTF128(operand.Imm(1), upper, lower.AsY(), r)
	return r
}
