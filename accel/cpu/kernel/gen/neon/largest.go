package main

import (
	"fmt"
	"math"
)

// most is how many of the largest values are kept in registers.
const most = 8

// columnLargest are the pointers to the columns at hand.
type columnLargest struct {
	*writer
	y, x, line, k, cursor, left gp
}

// writeColumnLargest goes down one register of columns at a time, then down one
// column. A row's values sink past those that are larger and push the others down.
func (w *writer) writeColumnLargest() {
	w.start("ColumnLargest", fmt.Sprintf("finds the k largest values, %d at most, of each column of x.", most),
		append(all("[]float32", "y", "x"), all("int", "columns", "rows", "k")...), nil)
	l := columnLargest{
		writer: w, y: w.loaded(w.base("y")), x: w.loaded(w.base("x")), line: w.loaded(w.param("columns")),
		k: w.loaded(w.param("k")), cursor: w.pointer(), left: w.pointer(),
	}
	n := w.pointer()
	w.op("MOVD", l.line, n)
	w.op("LSL", "$2", l.line, l.line)
	w.loop(n, lanes, "whole", "few", func() { l.down("whole", whole) })
	w.loop(n, 1, "one", "done", func() { l.down("one", one) })
	w.op("RET")
}

// down finds the largest values of a part of the columns and goes on to the next.
func (l columnLargest) down(label string, p part) {
	l.scope(func() {
		var best []vec
		for range most {
			best = append(best, l.held(float32(math.Inf(-1))))
		}
		v, lower := l.take(), l.take()
		l.op("MOVD", l.x, l.cursor)
		l.op("MOVD", l.param("rows"), l.left)
		l.label(label + "Row")
		l.op(p.stay(), at(l.cursor, 0), v.f())
		l.untilK(label+"Next", func(i int) {
			l.fmin(lower, v, best[i])
			l.fmax(best[i], v, best[i])
			v, lower = lower, v
		})
		l.op("ADD", l.line, l.cursor)
		l.op("SUBS", "$1", l.left, l.left)
		l.op("BNE", label+"Row")
		l.op("MOVD", l.y, l.cursor)
		l.untilK(label+"Stored", func(i int) {
			l.op(p.stay(), best[i].f(), at(l.cursor, 0))
			l.op("ADD", l.line, l.cursor)
		})
	})
	l.op("ADD", imm(int(p)*floatBytes), l.x)
	l.op("ADD", imm(int(p)*floatBytes), l.y)
}

// untilK repeats a step k times.
func (l columnLargest) untilK(end string, step func(i int)) {
	for i := range most {
		step(i)
		if i < most-1 {
			l.op("CMP", imm(i+1), l.k)
			l.op("BEQ", end)
		}
	}
	l.label(end)
}
