package main

// sums is one total in several parts.
type sums [ways]vec

func (w *writer) sums() (s sums) {
	for way := range s {
		s[way] = w.take()
		w.zero(s[way])
	}
	return s
}

// join puts the parts together in the first.
func (s sums) join(op func(d, n, m vec)) vec {
	op(s[0], s[0], s[1])
	op(s[2], s[2], s[3])
	op(s[0], s[0], s[2])
	return s[0]
}

// widen makes two registers of float64 of one of float32.
func (w *writer) widen(x vec) (low, high vec) {
	low, high = w.take(), w.take()
	w.fcvtl(low, x)
	w.fcvtl2(high, x)
	return low, high
}

// total adds up the lanes of float32 in float64.
func (w *writer) total(x vec) vec {
	low, high := w.widen(x)
	w.fadd2(low, low, high)
	w.faddpWide(low, low)
	return low
}

// writeRows writes what is added up along a row, and what follows the sums.
func (w *writer) writeRows() {
	w.writeSum()
	w.writeMaxOf()
	w.writeDot()
	w.writeSumShifted()
	w.writeExpSum()
	w.writePlacewise()
}

func (w *writer) writeSum() {
	w.start("Sum", "adds up x in float64.", all("[]float32", "x"), all("float64", "ret"))
	x, n, s := w.loaded(w.base("x")), w.loaded(w.length("x")), w.sums()
	w.along(n, func(p part, way int) {
		low, high := w.widen(w.load(p, x))
		w.fadd2(s[way], s[way], low)
		w.fadd2(s[(way+1)%ways], s[(way+1)%ways], high)
	})
	sum := s.join(w.fadd2)
	w.faddpWide(sum, sum)
	w.op("FMOVD", sum.f(), w.param("ret"))
	w.op("RET")
}

// writeMaxOf begins with the first value in every lane, and one float goes to all
// of them.
func (w *writer) writeMaxOf() {
	w.start("MaxOf", "returns the largest of x, which is not empty.", all("[]float32", "x"), all("float32", "ret"))
	x, n, tops := w.loaded(w.base("x")), w.loaded(w.length("x")), w.sums()
	for _, top := range tops {
		w.op("VLD1R", at(x, 0), list(top))
	}
	w.along(n, func(p part, way int) {
		v := w.load(p, x)
		if p == one {
			w.op("VDUP", element(v, "S", 0), v.s4())
		}
		w.fmax(tops[way], tops[way], v)
	})
	top := tops.join(w.fmax)
	w.fmaxv(top, top)
	w.op("FMOVS", top.f(), w.param("ret"))
	w.op("RET")
}

func (w *writer) writeDot() {
	w.start("Dot", "adds up a*b over the length of a.", all("[]float32", "a", "b"), all("float32", "ret"))
	a, b, n, s := w.loaded(w.base("a")), w.loaded(w.base("b")), w.loaded(w.length("a")), w.sums()
	w.along(n, func(p part, way int) { w.fmla(s[way], w.load(p, a), w.load(p, b)) })
	sum := s.join(w.fadd)
	w.faddp(sum, sum, sum)
	w.faddp(sum, sum, sum)
	w.op("FMOVS", sum.f(), w.param("ret"))
	w.op("RET")
}

func (w *writer) writeSumShifted() {
	params := append(all("[]float32", "x"), all("float32", "m")...)
	w.start("SumShifted", "adds up x-m and its square.", params, all("float64", "sum", "squares"))
	x, n := w.loaded(w.base("x")), w.loaded(w.length("x"))
	m, s, q := w.spreadParam("m"), w.sums(), w.sums()
	w.along(n, func(p part, way int) {
		d := w.difference(w.load(p, x), m)
		w.keep(p, d)
		w.fadd(s[way], s[way], d)
		w.fmla(q[way], d, d)
	})
	w.op("FMOVD", w.total(s.join(w.fadd)).f(), w.param("sum"))
	w.op("FMOVD", w.total(q.join(w.fadd)).f(), w.param("squares"))
	w.op("RET")
}

func (w *writer) writeExpSum() {
	params := append(all("[]float32", "y", "x"), all("float32", "m")...)
	w.start("ExpSum", "fills y with e^(x-m) and adds it up in float64.", params, all("float64", "ret"))
	y, x, n := w.loaded(w.base("y")), w.loaded(w.base("x")), w.loaded(w.length("y"))
	m, e, s := w.spreadParam("m"), w.exponential(), w.sums()
	w.along(n, func(p part, way int) {
		power := e.of(w.difference(w.load(p, x), m))
		w.keep(p, power)
		w.store(p, power, y)
		low, high := w.widen(power)
		w.fadd2(s[way], s[way], low)
		w.fadd2(s[(way+1)%ways], s[(way+1)%ways], high)
	})
	sum := s.join(w.fadd2)
	w.faddpWide(sum, sum)
	w.op("FMOVD", sum.f(), w.param("ret"))
	w.op("RET")
}

func (w *writer) writePlacewise() {
	w.flat("Placewise", "fills y with (x-mean)*factor*scale + bias.", []string{"x", "scale", "bias"}, []string{"mean", "factor"},
		func(k []vec) func([]vec) vec {
			return func(in []vec) vec {
				return w.affine(w.product(w.difference(in[0], k[0]), k[1]), in[1], in[2])
			}
		})
	w.flat("PlacewiseUnbiased", "fills y with (x-mean)*factor*scale.", []string{"x", "scale"}, []string{"mean", "factor"},
		func(k []vec) func([]vec) vec {
			return func(in []vec) vec {
				return w.product(w.product(w.difference(in[0], k[0]), k[1]), in[1])
			}
		})
}
