package main

import (
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// writeBlocks writes the functions over the pixels of one channel block.
func (w *writer) writeBlocks() {
	w.writeBlockMoments()
	w.writeBlockAffine()
}

// cursor goes through the rows of a plane, line bytes apart.
type cursor struct{ at, line reg.GPVirtual }

func (w *writer) cursor(plane gotypes.Component) cursor {
	return cursor{w.base(plane.Field("Data")), w.bytes(plane.Field("Line"))}
}

// rows writes a loop over rows of pixels; body works on one.
func (w *writer) rows(height reg.GPVirtual, cursors []cursor, body func()) {
	w.Label("row")
	body()
	for _, c := range cursors {
		w.ADDQ(c.line, c.at)
	}
	w.DECQ(height)
	w.JNZ(operand.LabelRef("row"))
}

func (w *writer) writeBlockMoments() {
	w.beginWith("BlockMoments", blockMomentsSignature(), "adds up the pixels of a channel block.")
	a := w.Param("a")
	x := w.cursor(a.Field("X"))
	height, shift := w.number(a.Field("Height")), w.vec()
	w.VMOVUPS(operand.Mem{Base: w.base(a.Field("Shift"))}, shift)
	s, q := w.sums(), w.sums()
	w.rows(height, []cursor{x}, func() {
		n := w.GP64()
		w.Load(a.Field("Width"), n)
		w.pixels(n, func(at operand.Mem, way int) {
			v, d := w.vec(), w.vec()
			w.VMOVUPS(in(at, x.at), v)
			w.VSUBPS(shift, v, d)
			w.VADDPS(d, s[way], s[way])
			w.VFMADD231PS(d, d, q[way])
		})
	})
	part{w, nil}.addWide(w.join(s), operand.Mem{Base: w.base(a.Field("Sum"))})
	part{w, nil}.addWide(w.join(q), operand.Mem{Base: w.base(a.Field("Squares"))})
	w.end()
}

// pixels writes a loop over n pixels, ways at a time. It uses n up.
func (w *writer) pixels(n reg.GPVirtual, step func(at operand.Mem, way int)) {
	at := w.GP64()
	w.XORQ(at, at)
	w.SUBQ(operand.Imm(ways), n)
	w.JLT(operand.LabelRef("single"))
	w.Label("several")
	for way := range ways {
		step(operand.Mem{Index: at, Scale: 1, Disp: way * w.width()}, way)
	}
	w.ADDQ(operand.U32(ways*w.width()), at)
	w.SUBQ(operand.Imm(ways), n)
	w.JGE(operand.LabelRef("several"))
	w.Label("single")
	w.ADDQ(operand.Imm(ways), n)
	w.JZ(operand.LabelRef("done"))
	w.Label("one")
	step(operand.Mem{Index: at, Scale: 1}, 0)
	w.ADDQ(operand.Imm(uint64(w.width())), at)
	w.DECQ(n)
	w.JNZ(operand.LabelRef("one"))
	w.Label("done")
}

func (w *writer) writeBlockAffine() {
	w.writeAffinePixels("BlockAffine", false)
	w.writeAffinePixels("BlockAffineAdd", true)
}

// writeAffinePixels writes the normalization of pixels, with a residual or without.
func (w *writer) writeAffinePixels(name string, residual bool) {
	w.beginWith(name, blockAffineSignature(), "normalizes the pixels of a channel block"+withResidual(residual))
	a := w.Param("a")
	cursors := []cursor{w.cursor(a.Field("Y")), w.cursor(a.Field("X"))}
	if residual {
		cursors = append(cursors, w.cursor(a.Field("Residual")))
	}
	height, low, high := w.number(a.Field("Height")), w.spread(a.Field("Low")), w.spread(a.Field("High"))
	var lane [3]reg.VecVirtual
	for i, field := range []string{"Mean", "Scale", "Shift"} {
		lane[i] = w.vec()
		w.VMOVUPS(operand.Mem{Base: w.base(a.Field(field))}, lane[i])
	}
	w.rows(height, cursors, func() {
		n := w.GP64()
		w.Load(a.Field("Width"), n)
		w.pixels(n, func(at operand.Mem, _ int) {
			v := w.vec()
			w.VMOVUPS(in(at, cursors[1].at), v)
			r := w.affine(w.difference(v, lane[0]), lane[1], lane[2])
			if residual {
				w.VADDPS(in(at, cursors[2].at), r, r)
			}
			w.VMOVUPS(w.between(r, low, high), in(at, cursors[0].at))
		})
	})
	w.end()
}

func withResidual(residual bool) string {
	if residual {
		return " and adds a residual."
	}
	return "."
}

func blockMomentsSignature() *gotypes.Signature {
	plane := structure("Plane", field("Data", floats), field("Line", number))
	return taking("BlockMoments", field("X", plane), field("Shift", floats), field("Sum", doubles), field("Squares", doubles),
		field("Height", number), field("Width", number))
}

func blockAffineSignature() *gotypes.Signature {
	plane := structure("Plane", field("Data", floats), field("Line", number))
	return taking("BlockAffine", field("Y", plane), field("X", plane), field("Residual", plane),
		field("Mean", floats), field("Scale", floats), field("Shift", floats), field("Height", number), field("Width", number),
		field("Low", single), field("High", single), field("Clip", truth))
}
