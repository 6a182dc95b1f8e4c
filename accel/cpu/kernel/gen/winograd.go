package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// winograd writes one of the two transforms; package kernel says what they
// compute. Both go over a row of tiles, and over a tile twice: down its columns,
// for as many rows of the result as registers hold, then along these rows.
type winograd struct {
	*build.Context
	instructionSet
	tiles          gotypes.Component
	pixels, points reg.GPVirtual // of the tile at hand
	stride         reg.GPVirtual // between points, in bytes
	left           reg.GPVirtual // columns of the output to go
}

func writeWinograd(ctx *build.Context, set instructionSet) {
	writeTransform(ctx, set, "WinogradInput", "takes tiles of pixels to points", (*winograd).input)
	writeTransform(ctx, set, "WinogradOutput", "takes points to tiles of pixels", (*winograd).output)
}

func writeTransform(ctx *build.Context, set instructionSet, name, does string, transform func(*winograd)) {
	ctx.Function(set.prefix + name)
	ctx.Attributes(attr.NOSPLIT)
	ctx.Signature(tilesSignature())
	ctx.Doc(set.prefix + name + " " + does + ".")
	ctx.Pragma("noescape")
	w := &winograd{Context: ctx, instructionSet: set, tiles: ctx.Dereference(ctx.Param("tiles"))}
	w.pixels, w.points, w.left = ctx.GP64(), ctx.GP64(), ctx.GP64()
	w.toFirst()
	w.stride = w.bytes("Stride")
	transform(w)
	ctx.VZEROUPPER()
	ctx.RET()
}

// toFirst goes to the first tile.
func (w *winograd) toFirst() {
	w.Load(w.tiles.Field("Pixels").Base(), w.pixels)
	w.Load(w.tiles.Field("Points").Base(), w.points)
	w.Load(w.tiles.Field("Cols"), w.left)
}

// bytes loads a step that counts floats.
func (w *winograd) bytes(field string) reg.GPVirtual {
	step := w.GP64()
	w.Load(w.tiles.Field(field), step)
	w.SHLQ(operand.Imm(2), step)
	return step
}

// overTiles writes the loop over tiles, whose name must be its own: body, and on
// by one tile.
func (w *winograd) overTiles(name string, body func()) {
	w.Label(name)
	body()
	w.ADDQ(operand.U32(4*w.width()), w.pixels)
	w.ADDQ(operand.Imm(uint64(w.width())), w.points)
	w.SUBQ(operand.Imm(4), w.left)
	w.JG(operand.LabelRef(name))
}

// width is the bytes of a register.
func (w *winograd) width() int { return w.lanes * floatBytes }

// constant is a register full of one number.
func (w *winograd) constant(value float32) reg.VecVirtual {
	bits, one, all := w.GP32(), w.XMM(), w.vector(w.Context)
	w.MOVL(operand.U32(math.Float32bits(value)), bits)
	w.VMOVD(bits, one)
	w.VBROADCASTSS(one, all)
	return all
}

// copyOf returns another register with the same value.
func (w *winograd) copyOf(x reg.VecVirtual) reg.VecVirtual {
	y := w.vector(w.Context)
	w.VMOVAPS(x, y)
	return y
}

// sum and difference of two values.
func (w *winograd) sum(a operand.Op, b reg.VecVirtual) reg.VecVirtual {
	y := w.vector(w.Context)
	w.VADDPS(a, b, y)
	return y
}

func (w *winograd) difference(a reg.VecVirtual, b operand.Op) reg.VecVirtual {
	y := w.vector(w.Context)
	w.VSUBPS(b, a, y)
	return y
}

// steps reaches zero to five steps of one length from an address.
type steps struct{ one, three, five reg.GPVirtual }

func (w *winograd) stepsOf(one reg.GPVirtual) steps {
	s := steps{one, w.GP64(), w.GP64()}
	w.LEAQ(operand.Mem{Base: one, Index: one, Scale: 2}, s.three)
	w.LEAQ(operand.Mem{Base: one, Index: one, Scale: 4}, s.five)
	return s
}

// from is the place n steps from base.
func (s steps) from(base reg.GPVirtual, n int) operand.Mem {
	m := operand.Mem{Base: base}
	switch n {
	case 0:
	case 3:
		m.Index, m.Scale = s.three, 1
	case 5:
		m.Index, m.Scale = s.five, 1
	default:
		m.Index, m.Scale = s.one, uint8(n)
	}
	return m
}
