package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const floatBytes = 4

// instructionSet is what one file of functions is written for.
type instructionSet struct {
	prefix string
	lanes  int  // float32 values of a register
	masks  bool // mask registers, as AVX-512 has them
	vector func(*build.Context) reg.VecVirtual
}

var sets = map[string]instructionSet{
	"avx512": {"avx512", 16, true, func(c *build.Context) reg.VecVirtual { return c.ZMM() }},
	"avx2":   {"avx2", 8, false, func(c *build.Context) reg.VecVirtual { return c.YMM() }},
}

// writer writes the functions of one instruction set.
type writer struct {
	*build.Context
	instructionSet
	constants map[uint32]operand.Mem
	ends      operand.Mem // AVX2: lanes of ones, then lanes of zeros
}

func newWriter(ctx *build.Context, set instructionSet) *writer {
	w := &writer{Context: ctx, instructionSet: set, constants: map[uint32]operand.Mem{}}
	if !w.masks {
		w.ends = w.table("Ends", func(i int) uint32 { return -uint32(1 - i/w.lanes) }, 2*w.lanes)
	}
	return w
}

// table is data that functions read.
func (w *writer) table(name string, value func(i int) uint32, n int) operand.Mem {
	m := w.StaticGlobal(w.prefix + name)
	w.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range n {
		w.AppendDatum(operand.U32(value(i)))
	}
	return m
}

// bits is a register full of one pattern, in memory.
func (w *writer) bits(pattern uint32) operand.Mem {
	m, ok := w.constants[pattern]
	if !ok {
		m = w.table(fmt.Sprintf("Bits%08x", pattern), func(int) uint32 { return pattern }, w.lanes)
		w.constants[pattern] = m
	}
	return m
}

// constant is a register full of v, in memory.
func (w *writer) constant(v float32) operand.Mem { return w.bits(math.Float32bits(v)) }

// begin opens a function.
func (w *writer) begin(name, signature, doc string) {
	w.open(name, doc)
	w.SignatureExpr(signature)
}

// beginWith opens a function of the one parameter a, a struct.
func (w *writer) beginWith(name string, structure *gotypes.Signature, doc string) {
	w.open(name, doc)
	w.Signature(structure)
}

func (w *writer) open(name, doc string) {
	w.Function(w.prefix + name)
	w.Attributes(attr.NOSPLIT)
	w.Doc(w.prefix + name + " " + doc)
	w.Pragma("noescape")
}

func (w *writer) end() {
	w.VZEROUPPER()
	w.RET()
}

// vec is a fresh register.
func (w *writer) vec() reg.VecVirtual { return w.vector(w.Context) }

// zero is a register of zeros.
func (w *writer) zero() reg.VecVirtual {
	r := w.vec()
	w.VXORPS(r, r, r)
	return r
}

// spread is a register full of a float32 parameter.
func (w *writer) spread(param gotypes.Component) reg.VecVirtual {
	r := w.vec()
	w.VBROADCASTSS(w.address(param), r)
	return r
}

// held is a register full of a constant.
func (w *writer) held(v float32) reg.VecVirtual {
	r := w.vec()
	w.VMOVUPS(w.constant(v), r)
	return r
}

// address is where a parameter lies.
func (w *writer) address(param gotypes.Component) operand.Mem {
	b, err := param.Resolve()
	if err != nil {
		panic(err) // the signature has no such parameter
	}
	return b.Addr
}

// base and length are the two of a slice, in registers.
func (w *writer) base(param gotypes.Component) reg.GPVirtual {
	r := w.GP64()
	w.Load(param.Base(), r)
	return r
}

func (w *writer) length(param gotypes.Component) reg.GPVirtual {
	r := w.GP64()
	w.Load(param.Len(), r)
	return r
}

// number is an int parameter; bytes is one that counts floats.
func (w *writer) number(param gotypes.Component) reg.GPVirtual {
	r := w.GP64()
	w.Load(param, r)
	return r
}

func (w *writer) bytes(param gotypes.Component) reg.GPVirtual {
	r := w.number(param)
	w.SHLQ(operand.Imm(2), r)
	return r
}

// width is the bytes of a register.
func (w *writer) width() int { return w.lanes * floatBytes }
