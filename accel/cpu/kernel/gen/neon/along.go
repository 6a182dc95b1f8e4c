package main

import "strings"

// writer writes functions over slices. General registers are handed out in turn,
// from R1 on.
type writer struct {
	registers
	general gp
}

// start opens a function and forgets the one before.
func (w *writer) start(name, doc string, params, results []parameter) {
	w.begin("neon"+name, doc, params, results)
	w.taken, w.general = [vectors]bool{}, 0
}

// loaded is a new general register with a parameter, or a part of one.
func (w *writer) loaded(from string) gp {
	r := w.pointer()
	w.op("MOVD", from, r)
	return r
}

func (w *writer) pointer() gp {
	w.general++
	if w.general == 18 {
		w.general++
	}
	if w.general >= scratch {
		panic("a function needs more general registers than there are")
	}
	return w.general
}

// spreadParam is a register full of a float32 parameter.
func (w *writer) spreadParam(name string) vec {
	v := w.take()
	w.spread(w.param(name), v)
	return v
}

// part is how many floats a step of a loop works on: a register of them, or one,
// in the first lane of a register whose others are zero.
type part int

const (
	whole part = lanes
	one   part = 1
)

// load reads a part, and the pointer goes on behind it; store writes it.
func (w *writer) load(p part, from gp) vec {
	v := w.take()
	w.op(p.move(), at(from, int(p)*floatBytes), v.f())
	return v
}

func (w *writer) store(p part, v vec, to gp) { w.op(p.move(), v.f(), at(to, int(p)*floatBytes)) }

func (p part) move() string {
	if p == whole {
		return "FMOVQ.P"
	}
	return "FMOVS.P"
}

// stay is move without the pointer going on.
func (p part) stay() string { return strings.TrimSuffix(p.move(), ".P") }

// keep clears the lanes that are not of the part.
func (w *writer) keep(p part, v vec) {
	if p == one {
		w.op("FMOVS", v.f(), v.f())
	}
}

// ways is how many registers a turn of a loop works on: an addition takes about
// four cycles, so that is also how many sums go side by side.
const ways = 4

// along writes a loop over n floats: a few registers a turn, then one register,
// then one float. Every step has the registers taken before it and gets which of
// the sums to add to. It uses n up.
func (w *writer) along(n gp, step func(p part, way int)) {
	w.loop(n, ways*lanes, "several", "whole", func() {
		for way := range ways {
			w.scope(func() { step(whole, way) })
		}
	})
	w.loop(n, lanes, "register", "few", func() { w.scope(func() { step(whole, 0) }) })
	w.loop(n, 1, "one", "done", func() { w.scope(func() { step(one, 0) }) })
}

// loop does body for every turn of so many that n still has, and goes on at next
// with the rest in n.
func (w *writer) loop(n gp, turn int, label, next string, body func()) {
	w.op("SUBS", imm(turn), n, n)
	w.op("BLT", next)
	w.label(label)
	body()
	w.op("SUBS", imm(turn), n, n)
	w.op("BGE", label)
	w.label(next)
	w.op("ADD", imm(turn), n)
}
