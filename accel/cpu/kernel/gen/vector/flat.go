package main

import (
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// flat writes a loop over slices of y's length: body gets a register of every
// input, and what it returns goes to y. Slices are the first parameters, y before
// the inputs; scalars, float32, come after them and are spread by the caller of
// flat in ready.
func (w *writer) flat(name, doc string, inputs, scalars []string, ready func() func(p part, in []reg.VecVirtual) reg.VecVirtual) {
	w.begin(name, "func("+params("y, "+strings.Join(inputs, ", "), "[]float32", strings.Join(scalars, ", "))+")", doc)
	y, n := w.base(w.Param("y")), w.length(w.Param("y"))
	var from []reg.GPVirtual
	for _, input := range inputs {
		from = append(from, w.base(w.Param(input)))
	}
	body := ready()
	w.along(n, func(p part, at reg.GPVirtual) {
		var in []reg.VecVirtual
		for _, base := range from {
			in = append(in, p.load(operand.Mem{Base: base, Index: at, Scale: 1}))
		}
		p.store(body(p, in), operand.Mem{Base: y, Index: at, Scale: 1})
	})
	w.end()
}

// params is a parameter list of slices and, where there are any, of float32s.
func params(slices, kind, scalars string) string {
	list := slices + " " + kind
	if scalars != "" {
		list += ", " + scalars + " float32"
	}
	return list
}

// along writes a loop over n floats, register by register, with what is left at
// the end; step gets the offset in bytes. It uses n up.
func (w *writer) along(n reg.GPVirtual, step func(p part, at reg.GPVirtual)) {
	at := w.GP64()
	w.XORQ(at, at)
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JLT(operand.LabelRef("few"))
	w.Label("whole")
	step(part{w, nil}, at)
	w.ADDQ(operand.Imm(uint64(w.width())), at)
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JGE(operand.LabelRef("whole"))
	w.Label("few")
	w.ADDQ(operand.Imm(uint64(w.lanes)), n)
	w.JZ(operand.LabelRef("done"))
	lanes := w.first(n)
	step(part{w, &lanes}, at)
	w.Label("done")
}

// writeFlat writes the functions without curves.
func (w *writer) writeFlat() {
	w.pair("Add", "a + b", w.sum)
	w.pair("Sub", "a - b", w.difference)
	w.pair("Mul", "a * b", w.product)
	w.pair("Div", "a / b", w.quotient)
	w.pair("Max", "the larger of a and b", w.larger)
	w.pair("Min", "the smaller of a and b", w.smaller)
	w.scalar("AddScalar", "x + k", w.sum)
	w.scalar("SubScalar", "x - k", w.difference)
	w.scalar("MulScalar", "x * k", w.product)
	w.scalar("DivScalar", "x / k", w.quotient)
	w.scalar("MaxScalar", "the larger of x and k", w.larger)
	w.scalar("MinScalar", "the smaller of x and k", w.smaller)
	w.scalar("ScalarSub", "k - x", swapped(w.difference))
	w.scalar("ScalarDiv", "k / x", swapped(w.quotient))
	w.lines()
}

// operation is a function of two registers.
type operation func(a, b reg.VecVirtual) reg.VecVirtual

func swapped(fn operation) operation {
	return func(a, b reg.VecVirtual) reg.VecVirtual { return fn(b, a) }
}

func (w *writer) pair(name, what string, fn operation) {
	w.flat(name, "fills y with "+what+".", []string{"a", "b"}, nil, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return fn(in[0], in[1]) }
	})
}

func (w *writer) scalar(name, what string, fn operation) {
	w.flat(name, "fills y with "+what+".", []string{"x"}, []string{"k"}, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		k := w.spread(w.Param("k"))
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return fn(in[0], k) }
	})
}

// lines writes the functions that are straight lines, with corners or without.
func (w *writer) lines() {
	x := []string{"x"}
	w.flat("Clip", "fills y with x held between low and high.", x, []string{"low", "high"}, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		low, high := w.spread(w.Param("low")), w.spread(w.Param("high"))
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return w.between(in[0], low, high) }
	})
	w.flat("Affine", "fills y with k*x + b.", x, []string{"k", "b"}, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		k, b := w.spread(w.Param("k")), w.spread(w.Param("b"))
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return w.affine(in[0], k, b) }
	})
	w.flat("Standardize", "fills y with (x-mean)*k + b.", x, []string{"mean", "k", "b"}, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		mean, k, b := w.spread(w.Param("mean")), w.spread(w.Param("k")), w.spread(w.Param("b"))
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return w.affine(w.difference(in[0], mean), k, b) }
	})
	w.flat("HardSigmoid", "fills y with k*x + b held between 0 and 1.", x, []string{"k", "b"}, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		k, b, zero, one := w.spread(w.Param("k")), w.spread(w.Param("b")), w.zero(), w.held(1)
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual { return w.between(w.affine(in[0], k, b), zero, one) }
	})
	w.flat("LeakyRelu", "fills y with x, times slope below zero.", x, []string{"slope"}, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		slope, zero := w.spread(w.Param("slope")), w.zero()
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual {
			above, below := w.vec(), w.vec()
			w.VMAXPS(in[0], zero, above)
			w.VMINPS(in[0], zero, below)
			return w.affine(below, slope, above)
		}
	})
	w.flat("HardSwish", "fills y with x times x/6 + 1/2 held between 0 and 1.", x, nil, func() func(part, []reg.VecVirtual) reg.VecVirtual {
		k, b, zero, one := w.held(1.0/6), w.held(0.5), w.zero(), w.held(1)
		return func(_ part, in []reg.VecVirtual) reg.VecVirtual {
			return w.product(in[0], w.between(w.affine(in[0], k, b), zero, one))
		}
	})
}
