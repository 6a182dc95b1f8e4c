package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outputTransform computes, of six values m, the four
//
//	m0 + (m1 + m2) + (m3 + m4)
//	(m1 - m2) + 2 (m3 - m4)
//	(m1 + m2) + 4 (m3 + m4)
//	(m1 - m2) + 8 (m3 - m4) + m5
//
// two rows at a time: 0 and 2, which share their sums, then 1 and 3.
type outputTransform struct {
	*winograd
	two, four, eight reg.VecVirtual
	residual         reg.GPVirtual // of the tile at hand
	rows             steps         // between rows of points
}

func (w *winograd) output() {
	t := &outputTransform{winograd: w, residual: w.GP64()}
	t.two, t.four, t.eight = w.constant(2), w.constant(4), w.constant(8)
	w.Load(w.tiles.Field("Residual").Base(), t.residual)
	row := w.GP64()
	w.LEAQ(operand.Mem{Base: w.stride, Index: w.stride, Scale: 2}, row)
	w.ADDQ(row, row)
	t.rows = w.stepsOf(row)
	w.overTiles("tile", func() {
		for _, rows := range [][2]int{{0, 2}, {1, 3}} {
			for i, values := range t.down(rows) {
				t.finish(rows[i], t.along(values))
			}
		}
		w.ADDQ(operand.U32(4*w.width()), t.residual)
	})
}

// down transforms the six columns for two rows of the result.
func (t *outputTransform) down(rows [2]int) (out [2][]reg.VecVirtual) {
	at := t.GP64()
	t.MOVQ(t.points, at)
	for c := range 6 {
		m := func(r int) operand.Mem { return t.rows.from(at, r) }
		inner, outer := t.load(m(1)), t.load(m(3))
		if rows[0] == 0 {
			t.VADDPS(m(2), inner, inner)
			t.VADDPS(m(4), outer, outer)
		} else {
			t.VSUBPS(m(2), inner, inner)
			t.VSUBPS(m(4), outer, outer)
		}
		first, second := t.pair(rows[0], inner, outer, m(0), m(5))
		out[0], out[1] = append(out[0], first), append(out[1], second)
		if c < 5 {
			t.ADDQ(t.stride, at)
		}
	}
	return out
}

// pair are the rows 0 and 2 of sums, or 1 and 3 of differences, of m1 and m2 and
// of m3 and m4. It may overwrite them.
func (t *outputTransform) pair(row int, inner, outer reg.VecVirtual, m0, m5 operand.Op) (first, second reg.VecVirtual) {
	if row == 0 {
		first = t.sum(inner, outer)
		t.VADDPS(m0, first, first)
		t.VFMADD231PS(outer, t.four, inner)
		return first, inner
	}
	first = t.copyOf(inner)
	t.VFMADD231PS(outer, t.two, first)
	t.VFMADD231PS(outer, t.eight, inner)
	t.VADDPS(m5, inner, inner)
	return first, inner
}

func (t *outputTransform) load(at operand.Mem) reg.VecVirtual {
	v := t.vector(t.Context)
	t.VMOVUPS(at, v)
	return v
}

// along transforms six values in registers to the four of a row.
func (t *outputTransform) along(x []reg.VecVirtual) (y [4]reg.VecVirtual) {
	sum, difference := t.sum(x[1], x[2]), t.difference(x[1], x[2])
	sums, differences := t.sum(x[3], x[4]), t.difference(x[3], x[4])
	y[0], y[2] = t.pair(0, sum, sums, x[0], x[5])
	y[1], y[3] = t.pair(1, difference, differences, x[0], x[5])
	return y
}

// finish does what follows the sums of one row of pixels, and stores those that
// exist.
func (t *outputTransform) finish(row int, y [4]reg.VecVirtual) {
	label := func(name string) string { return fmt.Sprintf("%s%d", name, row) }
	done := label("done")
	t.CMPQ(memory(t.tiles.Field("Rows")), operand.Imm(uint64(row)))
	t.JLE(operand.LabelRef(done))
	unlessEmpty(t.Context, t.tiles.Field("Bias"), label("residual"))
	t.addBias(y)
	t.Label(label("residual"))
	unlessEmpty(t.Context, t.tiles.Field("Residual"), label("clip"))
	t.overPixels(t.line(row, t.residual, "ResidualLine"), y, label("clip"), func(at operand.Mem, v reg.VecVirtual) { t.VADDPS(at, v, v) })
	t.Label(label("clip"))
	unlessSet(t.Context, t.tiles.Field("Clip"), label("store"))
	t.clip(y)
	t.Label(label("store"))
	t.overPixels(t.line(row, t.pixels, "Line"), y, done, func(at operand.Mem, v reg.VecVirtual) { t.VMOVUPS(v, at) })
	t.Label(done)
}

// line is where a row of pixels begins, step floats apart.
func (t *outputTransform) line(row int, from reg.GPVirtual, step string) reg.GPVirtual {
	if row == 0 {
		return from
	}
	at := t.GP64()
	t.Load(t.tiles.Field(step), at)
	if row == 3 {
		t.LEAQ(operand.Mem{Base: at, Index: at, Scale: 2}, at)
	}
	scale := map[int]uint8{1: floatBytes, 2: 2 * floatBytes, 3: floatBytes}[row]
	t.LEAQ(operand.Mem{Base: from, Index: at, Scale: scale}, at)
	return at
}

// overPixels visits the pixels of a row that exist, and goes to done after them.
func (t *outputTransform) overPixels(at reg.GPVirtual, y [4]reg.VecVirtual, done string, visit func(operand.Mem, reg.VecVirtual)) {
	for i, v := range y {
		if i > 0 {
			t.CMPQ(t.left, operand.Imm(uint64(i)))
			t.JLE(operand.LabelRef(done))
		}
		visit(operand.Mem{Base: at, Disp: i * t.width()}, v)
	}
}

func (t *outputTransform) addBias(y [4]reg.VecVirtual) {
	at := t.GP64()
	t.Load(t.tiles.Field("Bias").Base(), at)
	b := t.load(operand.Mem{Base: at})
	for _, v := range y {
		t.VADDPS(b, v, v)
	}
}

// clip holds values between bounds, one bound at a time for want of registers.
func (t *outputTransform) clip(y [4]reg.VecVirtual) {
	low := t.vector(t.Context)
	t.VBROADCASTSS(memory(t.tiles.Field("Low")), low)
	for _, v := range y {
		t.VMAXPS(v, low, v)
	}
	high := t.vector(t.Context)
	t.VBROADCASTSS(memory(t.tiles.Field("High")), high)
	for _, v := range y {
		t.VMINPS(v, high, v)
	}
}
