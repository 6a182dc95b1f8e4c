package main

import (
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// writeColumns writes the functions over the columns of a matrix.
func (w *writer) writeColumns() {
	w.writeColumnMoments()
	w.writeColumnAffine("ColumnAffine", false)
	w.writeColumnAffine("ColumnAffineAdd", true)
}

// writeColumnMoments goes down a few registers of columns at a time, and down the
// last columns one register at a time.
func (w *writer) writeColumnMoments() {
	w.begin("ColumnMoments", "func(sum, squares []float64, x, shift []float32, rows int)",
		"adds up the columns of x in float32, and that to sum and squares.")
	m := &columnMoments{
		writer: w, x: w.base(w.Param("x")), shift: w.base(w.Param("shift")),
		sum: w.base(w.Param("sum")), squares: w.base(w.Param("squares")), line: w.GP64(), at: w.GP64(),
	}
	n, turn := w.length(w.Param("shift")), ways*w.lanes
	w.MOVQ(n, m.line)
	w.SHLQ(operand.Imm(2), m.line)
	w.XORQ(m.at, m.at)
	w.SUBQ(operand.U32(turn), n)
	w.JLT(operand.LabelRef("single"))
	w.Label("several")
	m.down("severalRow", part{w, nil}, ways)
	w.SUBQ(operand.U32(turn), n)
	w.JGE(operand.LabelRef("several"))
	w.Label("single")
	w.ADDQ(operand.U32(turn-w.lanes), n)
	w.JLT(operand.LabelRef("few"))
	w.Label("whole")
	m.down("wholeRow", part{w, nil}, 1)
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JGE(operand.LabelRef("whole"))
	w.Label("few")
	w.ADDQ(operand.Imm(uint64(w.lanes)), n)
	w.JZ(operand.LabelRef("done"))
	lanes := w.first(n)
	m.down("fewRow", part{w, &lanes}, 1)
	w.Label("done")
	w.end()
}

type columnMoments struct {
	*writer
	x, shift, sum, squares reg.GPVirtual // float64 lie twice as far as float32
	line, at               reg.GPVirtual // bytes of a row, and of the columns done
}

// down adds up the rows of some registers of columns and goes on to the next.
func (m *columnMoments) down(label string, p part, registers int) {
	cursor, rows := m.GP64(), m.number(m.Param("rows"))
	m.LEAQ(operand.Mem{Base: m.x, Index: m.at, Scale: 1}, cursor)
	var shifts, s, q []reg.VecVirtual
	for i := range registers {
		shifts = append(shifts, p.load(operand.Mem{Base: m.shift, Index: m.at, Scale: 1, Disp: i * m.width()}))
		s, q = append(s, m.zero()), append(q, m.zero())
	}
	m.Label(label)
	for i := range registers {
		d := m.difference(p.load(operand.Mem{Base: cursor, Disp: i * m.width()}), shifts[i])
		m.VADDPS(d, s[i], s[i])
		m.VFMADD231PS(d, d, q[i])
	}
	m.ADDQ(m.line, cursor)
	m.DECQ(rows)
	m.JNZ(operand.LabelRef(label))
	for i := range registers {
		p.addWide(s[i], operand.Mem{Base: m.sum, Index: m.at, Scale: 2})
		p.addWide(q[i], operand.Mem{Base: m.squares, Index: m.at, Scale: 2})
		m.ADDQ(operand.Imm(uint64(m.width())), m.at)
	}
}

// writeColumnAffine goes along the rows.
func (w *writer) writeColumnAffine(name string, residual bool) {
	w.beginWith(name, columnAffineSignature(), "normalizes the columns of a matrix"+withResidual(residual))
	a := w.Param("a")
	y, x, left := w.base(a.Field("Y")), w.base(a.Field("X")), w.length(a.Field("Y"))
	low, high := w.spread(a.Field("Low")), w.spread(a.Field("High"))
	mean, scale, shift := w.base(a.Field("Mean")), w.base(a.Field("Scale")), w.base(a.Field("Shift"))
	cursors := []reg.GPVirtual{y, x}
	if residual {
		cursors = append(cursors, w.base(a.Field("Residual")))
	}
	w.Label("row")
	n := w.length(a.Field("Mean"))
	w.SUBQ(n, left)
	w.along(n, func(p part, at reg.GPVirtual) {
		here := operand.Mem{Index: at, Scale: 1}
		d := w.difference(p.load(in(here, x)), p.load(in(here, mean)))
		r := w.affine(d, p.load(in(here, scale)), p.load(in(here, shift)))
		if residual {
			w.VADDPS(p.load(in(here, cursors[2])), r, r)
		}
		p.store(w.between(r, low, high), in(here, y))
	})
	columns := w.length(a.Field("Mean"))
	for _, cursor := range cursors {
		w.LEAQ(operand.Mem{Base: cursor, Index: columns, Scale: floatBytes}, cursor)
	}
	w.TESTQ(left, left)
	w.JNZ(operand.LabelRef("row"))
	w.end()
}

func columnAffineSignature() *gotypes.Signature {
	return taking("ColumnAffine", field("Y", floats), field("X", floats), field("Residual", floats),
		field("Mean", floats), field("Scale", floats), field("Shift", floats),
		field("Low", single), field("High", single), field("Clip", truth))
}
