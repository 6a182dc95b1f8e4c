package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// inputTransform computes, of six values d, the six
//
//	4 d0 - 5 d2 + d4
//	(d4 - 4 d2) + (d3 - 4 d1)
//	(d4 - 4 d2) - (d3 - 4 d1)
//	(d4 - d2) + 2 (d3 - d1)
//	(d4 - d2) - 2 (d3 - d1)
//	4 d1 - 5 d3 + d5
type inputTransform struct {
	*winograd
	two, four, five reg.VecVirtual
}

// input goes over the tiles once for every few rows of points: all 36 points of a
// tile are on as many pages of memory, more than processors keep at hand for
// stores.
func (w *winograd) input() {
	line := w.stepsOf(w.bytes("Line"))
	points := w.stepsOf(w.stride)
	row := w.GP64() // of six points
	w.LEAQ(operand.Mem{Base: points.three, Index: points.three, Scale: 1}, row)
	t := &inputTransform{w, w.constant(2), w.constant(4), w.constant(5)}
	first := w.GP64()
	w.XORQ(first, first)
	for _, rows := range t.rowsAtOnce() {
		w.toFirst()
		w.ADDQ(first, w.points)
		w.overTiles(fmt.Sprintf("rows%d", rows[0]), func() {
			at := w.GP64()
			w.MOVQ(w.points, at)
			for i, values := range t.down(rows, line) {
				if i > 0 {
					w.ADDQ(row, at)
				}
				t.along(values, func(i int, v reg.VecVirtual) { w.VMOVUPS(v, points.from(at, i)) })
			}
		})
		for range rows {
			w.ADDQ(row, first)
		}
	}
}

// rowsAtOnce are the rows of the result, together what shares sums and fits.
func (t *inputTransform) rowsAtOnce() [][]int {
	if t.lanes == 16 {
		return [][]int{{0}, {1, 2}, {3, 4}, {5}}
	}
	return [][]int{{0}, {1}, {2}, {3}, {4}, {5}} // half as many registers
}

// down transforms the six columns, for the rows asked for.
func (t *inputTransform) down(rows []int, line steps) [][]reg.VecVirtual {
	out := make([][]reg.VecVirtual, len(rows))
	for c := range 6 {
		d := func(r int) operand.Mem {
			m := line.from(t.pixels, r)
			m.Disp = c * t.width()
			return m
		}
		for i, v := range t.column(rows, d) {
			out[i] = append(out[i], v)
		}
	}
	return out
}

// column computes rows of one column, given where its values lie.
func (t *inputTransform) column(rows []int, d func(int) operand.Mem) []reg.VecVirtual {
	switch rows[0] {
	case 0:
		return []reg.VecVirtual{t.outer(t.load(d(4)), d(2), d(0))}
	case 5:
		return []reg.VecVirtual{t.outer(t.load(d(5)), d(3), d(1))}
	}
	even, odd := t.load(d(4)), t.load(d(3))
	factor := t.factor(rows[0])
	if factor == t.four {
		t.VFNMADD231PS(d(2), factor, even)
		t.VFNMADD231PS(d(1), factor, odd)
	} else {
		t.VSUBPS(d(2), even, even)
		t.VSUBPS(d(1), odd, odd)
	}
	var out []reg.VecVirtual
	for _, r := range rows {
		out = append(out, t.inner(r, even, odd))
	}
	return out
}

// factor is what the rows multiply by: 1 and 2 inside and four, or two outside.
func (t *inputTransform) factor(row int) reg.VecVirtual {
	if row <= 2 {
		return t.four
	}
	return t.two
}

// inner is rows 1 to 4: the even part plus or minus the odd one, or twice that.
func (t *inputTransform) inner(row int, even, odd reg.VecVirtual) reg.VecVirtual {
	switch row {
	case 1:
		return t.sum(even, odd)
	case 2:
		return t.difference(even, odd)
	}
	v := t.copyOf(even)
	if row == 3 {
		t.VFMADD231PS(odd, t.two, v)
	} else {
		t.VFNMADD231PS(odd, t.two, v)
	}
	return v
}

// outer is rows 0 and 5: last - 5 middle + 4 first, in the place of last.
func (t *inputTransform) outer(last reg.VecVirtual, middle, first operand.Op) reg.VecVirtual {
	t.VFNMADD231PS(middle, t.five, last)
	t.VFMADD231PS(first, t.four, last)
	return last
}

func (t *inputTransform) load(at operand.Mem) reg.VecVirtual {
	v := t.vector(t.Context)
	t.VMOVUPS(at, v)
	return v
}

// along transforms six values in registers and hands out the results.
func (t *inputTransform) along(x []reg.VecVirtual, emit func(int, reg.VecVirtual)) {
	emit(0, t.outer(t.copyOf(x[4]), x[2], x[0]))
	even, odd := t.copyOf(x[4]), t.copyOf(x[3])
	t.VFNMADD231PS(x[2], t.four, even)
	t.VFNMADD231PS(x[1], t.four, odd)
	emit(1, t.inner(1, even, odd))
	emit(2, t.inner(2, even, odd))
	even, odd = t.difference(x[4], x[2]), t.difference(x[3], x[1])
	emit(3, t.inner(3, even, odd))
	emit(4, t.inner(4, even, odd))
	emit(5, t.outer(x[5], x[3], x[1]))
}
