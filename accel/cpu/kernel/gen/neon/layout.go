package main

import (
	"fmt"
	"strings"
)

// writeLayout writes what moves values.
func (w *writer) writeLayout() {
	w.writeTranspose()
	for channels := 1; channels <= lanes; channels++ {
		name := fmt.Sprintf("Interleave%d", channels)
		w.writeInterleave(name, fmt.Sprintf("makes pixels of four floats from planes of %d, a multiple of 4 of them.", channels), channels, lanes)
	}
	for channels := 2; channels < lanes; channels++ {
		name := fmt.Sprintf("Pixels%d", channels)
		w.writeInterleave(name, fmt.Sprintf("makes pixels of %d floats from as many planes, a multiple of 4 of them.", channels), channels, channels)
	}
}

// writeTranspose goes through registers: what two steps of zip do to lines is what
// turns them into columns.
func (w *writer) writeTranspose() {
	params := append(all("*float32", "y", "x"), all("int", "yStep", "xStep")...)
	w.start("Transpose", "transposes 4x4 values.", params, nil)
	y, x, yStep, xStep := w.loaded(w.param("y")), w.loaded(w.param("x")), w.loaded(w.param("yStep")), w.loaded(w.param("xStep"))
	w.op("LSL", "$2", yStep, yStep)
	w.op("LSL", "$2", xStep, xStep)
	var rows [lanes]vec
	for i := range rows {
		rows[i] = w.take()
		w.op("VLD1.P", behind(x, xStep), list(rows[i]))
	}
	for range 2 {
		rows = w.zipped(rows)
	}
	for _, column := range rows {
		w.op("VST1.P", list(column), behind(y, yStep))
	}
	w.op("RET")
}

// zipped are the lower and the upper halves of the first and the third register,
// lane by lane in turn, then those of the second and the fourth.
func (w *writer) zipped(r [lanes]vec) (out [lanes]vec) {
	for i := range out {
		out[i] = w.take()
		w.op(fmt.Sprintf("VZIP%d", i%2+1), r[i/2+2].s4(), r[i/2].s4(), out[i].s4())
	}
	return out
}

// writeInterleave makes pixels of so many floats and leaves their order to the
// store.
func (w *writer) writeInterleave(name, doc string, channels, floats int) {
	params := append(all("*float32", "y", "x"), all("int", "pixels", "plane")...)
	w.start(name, doc, params, nil)
	y, n, step := w.loaded(w.param("y")), w.loaded(w.param("pixels")), w.loaded(w.param("plane"))
	cursors := []gp{w.loaded(w.param("x"))}
	for len(cursors) < channels {
		next := w.pointer()
		w.op("ADD", step.String()+"<<2", cursors[len(cursors)-1], next)
		cursors = append(cursors, next)
	}
	var pixel []vec
	var names []string
	for range floats {
		v := w.cleared()
		pixel, names = append(pixel, v), append(names, v.s4())
	}
	w.label("pixels")
	for c, cursor := range cursors {
		w.op("FMOVQ.P", at(cursor, lineBytes), pixel[c].f())
	}
	w.op(fmt.Sprintf("VST%d.P", floats), "["+strings.Join(names, ", ")+"]", at(y, floats*lineBytes))
	w.op("SUBS", imm(lanes), n, n)
	w.op("BNE", "pixels")
	w.op("RET")
}
