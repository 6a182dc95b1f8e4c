package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// most is how many of the largest values are kept in registers.
const most = 8

// writeColumnLargest goes down one register of columns at a time. A row's values
// sink past those that are larger and push the others down: no lane waits for what
// another one decides.
func (w *writer) writeColumnLargest() {
	w.begin("ColumnLargest", "func(y, x []float32, columns, rows, k int)",
		fmt.Sprintf("finds the k largest values, %d at most, of each column of x.", most))
	l := &columnLargest{writer: w, y: w.base(w.Param("y")), x: w.base(w.Param("x")), line: w.bytes(w.Param("columns")), k: w.number(w.Param("k"))}
	n := w.number(w.Param("columns"))
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JLT(operand.LabelRef("few"))
	w.Label("whole")
	l.down("whole", part{w, nil})
	w.ADDQ(operand.Imm(uint64(w.width())), l.x)
	w.ADDQ(operand.Imm(uint64(w.width())), l.y)
	w.SUBQ(operand.Imm(uint64(w.lanes)), n)
	w.JGE(operand.LabelRef("whole"))
	w.Label("few")
	w.ADDQ(operand.Imm(uint64(w.lanes)), n)
	w.JZ(operand.LabelRef("done"))
	lanes := w.first(n)
	l.down("few", part{w, &lanes})
	w.Label("done")
	w.end()
}

type columnLargest struct {
	*writer
	y, x, line, k reg.GPVirtual
}

// down finds the largest values of a register of columns.
func (l *columnLargest) down(label string, p part) {
	var best []reg.VecVirtual
	for range most {
		best = append(best, l.held(float32(math.Inf(-1))))
	}
	cursor, rows := l.GP64(), l.number(l.Param("rows"))
	l.MOVQ(l.x, cursor)
	l.Label(label + "Row")
	v := p.load(operand.Mem{Base: cursor})
	l.untilK(label+"Next", func(i int) {
		lower := l.vec()
		l.VMINPS(v, best[i], lower)
		l.VMAXPS(v, best[i], best[i])
		v = lower
	})
	l.ADDQ(l.line, cursor)
	l.DECQ(rows)
	l.JNZ(operand.LabelRef(label + "Row"))
	l.MOVQ(l.y, cursor)
	l.untilK(label+"Stored", func(i int) {
		p.store(best[i], operand.Mem{Base: cursor})
		l.ADDQ(l.line, cursor)
	})
}

// untilK repeats a step k times.
func (l *columnLargest) untilK(end string, step func(i int)) {
	for i := range most {
		step(i)
		if i < most-1 {
			l.CMPQ(l.k, operand.Imm(uint64(i+1)))
			l.JE(operand.LabelRef(end))
		}
	}
	l.Label(end)
}
