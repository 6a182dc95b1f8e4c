package main

// lines point at the tile's pixels, a register for each line.
var lines = [tileReach]gp{5, 6, 7, 8, 9, 10}

// inputTransform computes, of six values x, the six
//
//	4 x0 - 5 x2 + x4
//	(x4 - 4 x2) + (x3 - 4 x1)
//	(x4 - 4 x2) - (x3 - 4 x1)
//	(x4 - x2) + 2 (x3 - x1)
//	(x4 - x2) - 2 (x3 - x1)
//	4 x1 - 5 x3 + x5
//
// Registers hold three rows of the result: first the upper three, then the lower.
type inputTransform struct{ *winograd }

func writeWinogradInput(f *file) {
	t := inputTransform{newWinograd(f, "neonWinogradInput", "takes tiles of pixels to points.")}
	t.op("MOVD", "Tiles_Pixels(R0)", lines[0])
	t.bytes("Line", walk)
	for i, r := range lines[1:] {
		t.op("ADD", walk, lines[i], r)
	}
	t.overTiles(func() {
		t.rows(0, t.upper)
		t.rows(1, t.lower)
	}, lines[:]...)
}

// rows writes three rows of points: half says which of six values in a column,
// beginning at the first or the second, it takes.
func (t inputTransform) rows(first int, half func(x [tileReach]vec) [3]vec) {
	var rows [3][tileReach]vec
	for c := range tileReach {
		var x [tileReach]vec
		for i := first; i < first+5; i++ {
			x[i] = t.take()
			t.op("FMOVQ", at(lines[i], c*lineBytes), x[i].f())
		}
		for i, y := range half(x) {
			rows[i][c] = y
		}
		t.give(x[first : first+5]...)
	}
	for _, x := range rows {
		t.store(t.upper(x))
		t.store(t.lower(x))
		t.give(x[:]...)
	}
}

func (t inputTransform) upper(x [tileReach]vec) [3]vec {
	even, odd := t.minus(x[4], four, x[2]), t.minus(x[3], four, x[1])
	defer t.give(even, odd)
	return [3]vec{t.outer(x[0], x[2], x[4]), t.sum(even, odd), t.difference(even, odd)}
}

func (t inputTransform) lower(x [tileReach]vec) [3]vec {
	even, odd := t.difference(x[4], x[2]), t.difference(x[3], x[1])
	defer t.give(even, odd)
	return [3]vec{t.plus(even, two, odd), t.minus(even, two, odd), t.outer(x[1], x[3], x[5])}
}

// outer is last - 5 middle + 4 first.
func (t inputTransform) outer(first, middle, last vec) vec {
	y := t.minus(last, five, middle)
	t.fmlaLane(y, first, t.factors, four)
	return y
}

// store writes the next three points.
func (t inputTransform) store(y [3]vec) {
	for _, v := range y {
		t.op("VST1.P", list(v), behind(walk, stride))
	}
	t.give(y[:]...)
}
