package main

// Functions that take a struct get its address: fields lie where go_asm.h says.

// field loads a field of the struct at arg; bytes one that counts floats.
func (w *writer) field(name string) gp { return w.loaded(name + "(R0)") }

func (w *writer) bytes(name string) gp {
	r := w.field(name)
	w.op("LSL", "$2", r, r)
	return r
}

// lanesOf loads the first lanes of a slice in a field.
func (w *writer) lanesOf(name string) vec {
	w.op("MOVD", name+"(R0)", scratch)
	v := w.take()
	w.op("FMOVQ", at(scratch, 0), v.f())
	return v
}

// spreadField is a register full of a float32 field.
func (w *writer) spreadField(name string) vec {
	v := w.take()
	w.spread(name+"(R0)", v)
	return v
}

// plane is a pointer into a field of type Plane, and the bytes from the end of a
// row of pixels to the next.
type plane struct{ cursor, gap gp }

// plane loads one; width is the pixels of a row.
func (w *writer) plane(name string, width gp) plane {
	p := plane{w.field("(" + name + "+Plane_Data)"), w.bytes("(" + name + "+Plane_Line)")}
	w.op("SUB", width.String()+"<<4", p.gap, p.gap)
	return p
}

// overPixels writes a loop over height rows of width pixels.
func (w *writer) overPixels(height, width gp, planes []plane, step func(way int)) {
	w.label("row")
	left := w.pointer()
	w.op("MOVD", width, left)
	w.loop(left, ways, "several", "single", func() {
		for way := range ways {
			w.scope(func() { step(way) })
		}
	})
	w.loop(left, 1, "one", "done", func() { w.scope(func() { step(0) }) })
	for _, p := range planes {
		w.op("ADD", p.gap, p.cursor)
	}
	w.op("SUBS", "$1", height, height)
	w.op("BNE", "row")
}

// writeBlocks writes the functions over the pixels of one channel block.
func (w *writer) writeBlocks() {
	w.writeBlockMoments()
	w.writeBlockAffine("BlockAffine", "normalizes the pixels of a channel block.", false)
	w.writeBlockAffine("BlockAffineAdd", "normalizes the pixels of a channel block and adds a residual.", true)
}

// startWith opens a function of one struct and loads its address.
func (w *writer) startWith(name, doc, kind string) {
	w.start(name, doc, all("*"+kind, "a"), nil)
	w.op("MOVD", w.param("a"), arg)
}

func (w *writer) writeBlockMoments() {
	w.startWith("BlockMoments", "adds up the pixels of a channel block.", "BlockMoments")
	height, width := w.field("BlockMoments_Height"), w.field("BlockMoments_Width")
	x := w.plane("BlockMoments_X", width)
	shift, s, q := w.lanesOf("BlockMoments_Shift"), w.sums(), w.sums()
	w.overPixels(height, width, []plane{x}, func(way int) {
		d := w.difference(w.load(whole, x.cursor), shift)
		w.fadd(s[way], s[way], d)
		w.fmla(q[way], d, d)
	})
	w.addWide(whole, s.join(w.fadd), w.field("BlockMoments_Sum"))
	w.addWide(whole, q.join(w.fadd), w.field("BlockMoments_Squares"))
	w.op("RET")
}

// addWide adds a part's lanes to float64 values in memory, and the pointer goes on
// behind them.
func (w *writer) addWide(p part, x vec, to gp) {
	low, high := w.widen(x)
	if p == one {
		old := w.take()
		w.op("FMOVD", at(to, 0), old.f())
		w.fadd2(low, low, old)
		w.op("FMOVD.P", low.f(), at(to, 8))
		return
	}
	for _, v := range []vec{low, high} {
		old := w.take()
		w.op("FMOVQ", at(to, 0), old.f())
		w.fadd2(v, v, old)
		w.op("FMOVQ.P", v.f(), at(to, lineBytes))
	}
}

func (w *writer) writeBlockAffine(name, doc string, residual bool) {
	w.startWith(name, doc, "BlockAffine")
	height, width := w.field("BlockAffine_Height"), w.field("BlockAffine_Width")
	planes := []plane{w.plane("BlockAffine_Y", width), w.plane("BlockAffine_X", width)}
	if residual {
		planes = append(planes, w.plane("BlockAffine_Residual", width))
	}
	mean, scale, shift := w.lanesOf("BlockAffine_Mean"), w.lanesOf("BlockAffine_Scale"), w.lanesOf("BlockAffine_Shift")
	low, high := w.spreadField("BlockAffine_Low"), w.spreadField("BlockAffine_High")
	w.overPixels(height, width, planes, func(int) {
		v := w.affine(w.difference(w.load(whole, planes[1].cursor), mean), scale, shift)
		if residual {
			w.fadd(v, v, w.load(whole, planes[2].cursor))
		}
		w.store(whole, w.between(v, low, high), planes[0].cursor)
	})
	w.op("RET")
}
