package main

import "math"

// registers hands out vector registers to a function that needs too many to name.
type registers struct {
	*file
	taken [vectors]bool
}

// take finds a register nobody uses; give hands it back.
func (w *registers) take() vec {
	for v, taken := range w.taken {
		if !taken {
			w.taken[v] = true
			return vec(v)
		}
	}
	panic("a function needs more vector registers than there are")
}

func (w *registers) give(registers ...vec) {
	for _, v := range registers {
		w.taken[v] = false
	}
}

// scope gives back, at its end, what body took.
func (w *registers) scope(body func()) {
	before := w.taken
	body()
	w.taken = before
}

func (w *registers) sum(a, b vec) vec        { return w.result(w.fadd, a, b) }
func (w *registers) difference(a, b vec) vec { return w.result(w.fsub, a, b) }
func (w *registers) product(a, b vec) vec    { return w.result(w.fmul, a, b) }
func (w *registers) quotient(a, b vec) vec   { return w.result(w.fdiv, a, b) }
func (w *registers) larger(a, b vec) vec     { return w.result(w.fmax, a, b) }
func (w *registers) smaller(a, b vec) vec    { return w.result(w.fmin, a, b) }

func (w *registers) result(op func(d, n, m vec), a, b vec) vec {
	y := w.take()
	op(y, a, b)
	return y
}

func (w *registers) copyOf(a vec) vec {
	y := w.take()
	w.op("VMOV", a.b16(), y.b16())
	return y
}

// between holds x between bounds; x stays what it is when it is not a number.
func (w *registers) between(x, low, high vec) vec {
	y := w.larger(x, low)
	w.fmin(y, y, high)
	return y
}

// affine is x*k + b.
func (w *registers) affine(x, k, b vec) vec {
	y := w.copyOf(b)
	w.fmla(y, x, k)
	return y
}

// held is a register full of a constant.
func (w *registers) held(value float32) vec { return w.bits(math.Float32bits(value)) }

func (w *registers) bits(pattern uint32) vec {
	v := w.take()
	w.op("MOVD", hex(uint64(pattern)), scratch)
	w.op("VDUP", scratch, v.s4())
	return v
}

// scratch is the general register for what nobody needs a moment later.
const scratch gp = 26
