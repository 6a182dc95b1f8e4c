package main

import "math"

// columnSoftmax are the pointers to the columns at hand.
type columnSoftmax struct {
	*writer
	y, v, line, yRow, vRow, left gp
}

// writeColumnSoftmax goes down one register of columns at a time, three times while
// it is in the first-level cache: for the largest values, for the exponentials, and
// to divide them by their sum.
func (w *writer) writeColumnSoftmax() {
	w.start("ColumnSoftmax", "makes softmaxes of columns; there are whole registers of them.",
		append(append(all("[]float32", "y", "v", "top"), all("[]float64", "sums")...), all("int", "rows")...), nil)
	c := columnSoftmax{
		writer: w, y: w.loaded(w.base("y")), v: w.loaded(w.base("v")), line: w.loaded(w.length("top")),
		yRow: w.pointer(), vRow: w.pointer(), left: w.pointer(),
	}
	top, sums, n, e := w.loaded(w.base("top")), w.loaded(w.base("sums")), w.pointer(), w.exponential()
	least, lowest := w.held(-60), w.held(float32(math.Inf(-1))) // the first as package vector's Go has it
	w.op("MOVD", c.line, n)
	w.op("LSL", "$2", c.line, c.line)
	w.loop(n, lanes, "columns", "done", func() {
		w.scope(func() {
			most := c.largest(lowest)
			w.store(whole, most, top)
			low, high := c.exponentials(e, most, least)
			w.store(whole, low, sums)
			w.store(whole, high, sums)
			c.multiply(w.quotient(e.series[0], w.narrow(low, high)))
		})
		w.op("ADD", imm(lineBytes), c.y)
		w.op("ADD", imm(lineBytes), c.v)
	})
	w.op("RET")
}

// down repeats a step for each row with the columns' values in y.
func (c columnSoftmax) down(label string, step func(x vec)) {
	c.op("MOVD", c.y, c.yRow)
	c.op("MOVD", c.v, c.vRow)
	c.op("MOVD", c.param("rows"), c.left)
	c.label(label)
	c.scope(func() {
		x := c.take()
		c.op(whole.stay(), at(c.yRow, 0), x.f())
		step(x)
	})
	c.op("ADD", c.line, c.yRow)
	c.op("ADD", c.line, c.vRow)
	c.op("SUBS", "$1", c.left, c.left)
	c.op("BNE", label)
}

func (c columnSoftmax) largest(lowest vec) vec {
	most := c.copyOf(lowest)
	c.down("largest", func(x vec) { c.fmax(most, most, x) })
	return most
}

// exponentials writes v*e^(y-most) and returns what it adds up to.
func (c columnSoftmax) exponentials(e exponential, most, least vec) (low, high vec) {
	low, high = c.cleared(), c.cleared()
	c.down("exponentials", func(x vec) {
		c.fsub(x, x, most)
		c.fmax(x, x, least)
		y, v := e.of(x), c.take()
		c.op(whole.stay(), at(c.vRow, 0), v.f())
		c.fmul(y, y, v)
		c.op(whole.stay(), y.f(), at(c.yRow, 0))
		first, second := c.widen(y)
		c.fadd2(low, low, first)
		c.fadd2(high, high, second)
	})
	return low, high
}

func (c columnSoftmax) multiply(share vec) {
	c.down("divide", func(x vec) {
		c.fmul(x, x, share)
		c.op(whole.stay(), x.f(), at(c.yRow, 0))
	})
}

// narrow makes one register of float32 of two of float64.
func (w *writer) narrow(low, high vec) vec {
	y := w.take()
	w.fcvtn(y, low)
	w.fcvtn2(y, high)
	return y
}
