package main

import "fmt"

// Registers of the output transform.
const (
	pixels   gp = 5 // of the tile at hand
	residual gp = 6
	line     gp = 7 // bytes between lines of either
	moreLine gp = 8
	to       gp = 9 // the line at hand
	more     gp = 10
	row      gp = 11 // bytes between rows of points
)

// outputTransform computes, of six values m, the four
//
//	m0 + (m1 + m2) + (m3 + m4)
//	(m1 - m2) + 2 (m3 - m4)
//	(m1 + m2) + 4 (m3 + m4)
//	(m1 - m2) + 8 (m3 - m4) + m5
//
// Registers hold all four rows of the six columns.
type outputTransform struct{ *winograd }

func writeWinogradOutput(f *file) {
	t := outputTransform{newWinograd(f, "neonWinogradOutput", "takes points to tiles of pixels.")}
	t.op("MOVD", "Tiles_Pixels(R0)", pixels)
	t.op("MOVD", "Tiles_Residual(R0)", residual)
	t.bytes("Line", line)
	t.bytes("ResidualLine", moreLine)
	t.op("ADD", stride.String()+"<<1", stride, row)
	t.op("LSL", "$1", row, row)
	t.overTiles(func() {
		rows := t.down()
		t.op("MOVD", pixels, to)
		t.op("MOVD", residual, more)
		for r, m := range rows {
			y := t.transform(m)
			t.finish(r, y)
			t.give(y[:]...)
		}
		t.label("done")
	}, pixels, residual)
}

// down transforms the six columns. Points of a column are six apart.
func (t outputTransform) down() (rows [tilePixels][tileReach]vec) {
	for c := range tileReach {
		t.op("MOVD", walk, to)
		var m [tileReach]vec
		for r := range m {
			m[r] = t.take()
			t.op("VLD1.P", behind(to, row), list(m[r]))
		}
		for r, y := range t.transform(m) {
			rows[r][c] = y
		}
		t.op("ADD", stride, walk)
	}
	return rows
}

// transform gives the registers of m back, of which there are few.
func (t outputTransform) transform(m [tileReach]vec) [tilePixels]vec {
	sum, difference := t.sum(m[1], m[2]), t.difference(m[1], m[2])
	sums, differences := t.sum(m[3], m[4]), t.difference(m[3], m[4])
	t.give(m[1:5]...)
	first := t.sum(sum, sums)
	t.fadd(first, m[0], first)
	second, third := t.plus(difference, two, differences), t.plus(sum, four, sums)
	t.give(sum, sums)
	last := t.plus(difference, eight, differences)
	t.fadd(last, last, m[5])
	t.give(difference, differences, m[0], m[5])
	return [tilePixels]vec{first, second, third, last}
}

// finish does what follows the transform for one row of pixels, stores those that
// exist, and goes on to the next line.
func (t outputTransform) finish(r int, y [tilePixels]vec) {
	label := func(name string) string { return fmt.Sprintf("%s%d", name, r) }
	t.op("MOVD", "Tiles_Rows(R0)", scratch)
	t.op("CMP", imm(r), scratch)
	t.op("BLE", "done")
	t.unlessEmpty("Tiles_Bias", label("residual"), scratch)
	t.addBias(y)
	t.label(label("residual"))
	t.unlessEmpty("Tiles_Residual", label("clip"), scratch)
	t.overPixels(more, y, label("clip"), t.addPixel)
	t.label(label("clip"))
	t.op("MOVBU", "Tiles_Clip(R0)", scratch)
	t.op("CBZ", scratch, label("store"))
	t.clip(y)
	t.label(label("store"))
	t.overPixels(to, y, label("next"), func(place string, v vec) { t.op("FMOVQ", v.f(), place) })
	t.label(label("next"))
	t.op("ADD", line, to)
	t.op("ADD", moreLine, more)
}

// overPixels visits the pixels of a line that exist, and goes to done after them.
func (t outputTransform) overPixels(from gp, y [tilePixels]vec, done string, visit func(place string, v vec)) {
	for i, v := range y {
		if i > 0 {
			t.op("CMP", imm(i), cols)
			t.op("BLE", done)
		}
		visit(at(from, i*lineBytes), v)
	}
}

func (t outputTransform) addPixel(place string, v vec) {
	x := t.take()
	t.op("FMOVQ", place, x.f())
	t.fadd(v, v, x)
	t.give(x)
}

func (t outputTransform) addBias(y [tilePixels]vec) {
	t.op("MOVD", "Tiles_Bias(R0)", scratch)
	bias := t.take()
	t.op("FMOVQ", at(scratch, 0), bias.f())
	for _, v := range y {
		t.fadd(v, v, bias)
	}
	t.give(bias)
}

func (t outputTransform) clip(y [tilePixels]vec) {
	low, high, mask := t.take(), t.take(), t.take()
	t.spread("Tiles_Low(R0)", low)
	t.spread("Tiles_High(R0)", high)
	for _, v := range y {
		t.clamp(v, low, high, mask)
	}
	t.give(low, high, mask)
}
