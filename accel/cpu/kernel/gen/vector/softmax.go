package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// least is what exponents are held above, as package vector's Go has it.
const least = -60

// writeColumnSoftmax goes down two registers of columns at a time, and down a last
// one alone, three times while they are in the first-level cache: for the largest
// values, for the exponentials, and to divide them by their sum.
func (w *writer) writeColumnSoftmax() {
	w.begin("ColumnSoftmax", "func(y, v, top []float32, sums []float64, rows int)",
		"makes softmaxes of columns; there are whole registers of them.")
	c := &columnSoftmax{
		writer: w, y: w.base(w.Param("y")), v: w.base(w.Param("v")), top: w.base(w.Param("top")), sums: w.base(w.Param("sums")),
		line: w.length(w.Param("top")), at: w.GP64(), rows: w.GP64(), exp: w.exponential(),
	}
	n := w.length(w.Param("top"))
	w.SHLQ(operand.Imm(2), c.line)
	w.SUBQ(operand.Imm(uint64(2*w.lanes)), n)
	w.JLT(operand.LabelRef("last"))
	w.Label("two")
	c.columns("two", 2)
	w.SUBQ(operand.Imm(uint64(2*w.lanes)), n)
	w.JGE(operand.LabelRef("two"))
	w.Label("last")
	w.ADDQ(operand.Imm(uint64(2*w.lanes)), n)
	w.JZ(operand.LabelRef("done"))
	c.columns("one", 1)
	w.Label("done")
	w.end()
}

type columnSoftmax struct {
	*writer
	y, v, top, sums, line reg.GPVirtual
	at, rows              reg.GPVirtual
	exp                   exponential
}

// columns makes the softmaxes of some registers of columns and goes on to the next.
func (c *columnSoftmax) columns(label string, registers int) {
	most := c.largest(label, registers)
	c.divide(label, c.exponentials(label, most))
	for _, cursor := range []reg.GPVirtual{c.y, c.v, c.top} {
		c.ADDQ(operand.U32(registers*c.width()), cursor)
	}
	c.ADDQ(operand.U32(2*registers*c.width()), c.sums)
}

// down repeats a step for each row, and in it for each register, which is at in y
// and v.
func (c *columnSoftmax) down(label string, registers int, step func(i int, y, v operand.Mem)) {
	c.Load(c.Param("rows"), c.rows)
	c.XORQ(c.at, c.at)
	c.Label(label)
	for i := range registers {
		disp := i * c.width()
		step(i, operand.Mem{Base: c.y, Index: c.at, Scale: 1, Disp: disp}, operand.Mem{Base: c.v, Index: c.at, Scale: 1, Disp: disp})
	}
	c.ADDQ(c.line, c.at)
	c.DECQ(c.rows)
	c.JNZ(operand.LabelRef(label))
}

func (c *columnSoftmax) largest(label string, registers int) (most []reg.VecVirtual) {
	for range registers {
		most = append(most, c.held(float32(math.Inf(-1))))
	}
	c.down(label+"Largest", registers, func(i int, y, _ operand.Mem) { c.VMAXPS(y, most[i], most[i]) })
	for i, r := range most {
		c.VMOVUPS(r, operand.Mem{Base: c.top, Disp: i * c.width()})
	}
	return most
}

// exponentials writes v*e^(y-most) and returns what it adds up to.
func (c *columnSoftmax) exponentials(label string, most []reg.VecVirtual) (total []reg.VecVirtual) {
	var low, high []reg.VecVirtual
	for range most {
		low, high = append(low, c.zero()), append(high, c.zero())
	}
	c.down(label+"Exponentials", len(most), func(i int, y, v operand.Mem) {
		x := c.vec()
		c.VMOVUPS(y, x)
		c.VSUBPS(most[i], x, x)
		c.VMAXPS(c.constant(least), x, x)
		r := c.exp.of(x)
		c.VMULPS(v, r, r)
		c.VMOVUPS(r, y)
		first, second := c.widen(r)
		c.VADDPD(first, low[i], low[i])
		c.VADDPD(second, high[i], high[i])
	})
	for i := range most {
		at := operand.Mem{Base: c.sums, Disp: 2 * i * c.width()}
		c.VMOVUPD(low[i], at)
		c.VMOVUPD(high[i], at.Offset(c.width()))
		total = append(total, c.narrow(low[i], high[i]))
	}
	return total
}

func (c *columnSoftmax) divide(label string, total []reg.VecVirtual) {
	var share []reg.VecVirtual
	for _, t := range total {
		share = append(share, c.quotient(c.held(1), t))
	}
	c.down(label+"Divide", len(total), func(i int, y, _ operand.Mem) {
		r := c.vec()
		c.VMULPS(y, share[i], r)
		c.VMOVUPS(r, y)
	})
}

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
