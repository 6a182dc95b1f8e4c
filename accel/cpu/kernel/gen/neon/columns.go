package main

// writeColumns writes the functions over the columns of a matrix.
func (w *writer) writeColumns() {
	w.writeColumnMoments()
	w.writeColumnAffine("ColumnAffine", "normalizes the columns of a matrix.", false)
	w.writeColumnAffine("ColumnAffineAdd", "normalizes the columns of a matrix and adds a residual.", true)
}

// columnMoments are the pointers to the columns at hand.
type columnMoments struct {
	*writer
	x, shift, sum, squares, line, cursor, left gp
}

// writeColumnMoments goes down a few registers of columns at a time, then down
// one, then down one column.
func (w *writer) writeColumnMoments() {
	params := append(all("[]float64", "sum", "squares"), all("[]float32", "x", "shift")...)
	w.start("ColumnMoments", "adds up the columns of x in float32, and that to sum and squares.", append(params, parameter{"rows", "int"}), nil)
	m := columnMoments{
		writer: w, x: w.loaded(w.base("x")), shift: w.loaded(w.base("shift")), sum: w.loaded(w.base("sum")),
		squares: w.loaded(w.base("squares")), line: w.loaded(w.length("shift")), cursor: w.pointer(), left: w.pointer(),
	}
	n := w.pointer()
	w.op("MOVD", m.line, n)
	w.op("LSL", "$2", m.line, m.line)
	w.loop(n, ways*lanes, "several", "single", func() { m.down("severalRow", whole, ways) })
	w.loop(n, lanes, "register", "few", func() { m.down("registerRow", whole, 1) })
	w.loop(n, 1, "one", "done", func() { m.down("oneRow", one, 1) })
	w.op("RET")
}

// down adds up the rows of some parts of columns and goes on to the next.
func (m columnMoments) down(label string, p part, parts int) {
	m.scope(func() {
		var shifts, s, q []vec
		for range parts {
			shifts, s, q = append(shifts, m.load(p, m.shift)), append(s, m.cleared()), append(q, m.cleared())
		}
		m.op("MOVD", m.x, m.cursor)
		m.op("MOVD", m.param("rows"), m.left)
		m.label(label)
		for i := range parts {
			m.scope(func() {
				x := m.take()
				m.op(p.stay(), at(m.cursor, i*lineBytes), x.f())
				d := m.difference(x, shifts[i])
				m.fadd(s[i], s[i], d)
				m.fmla(q[i], d, d)
			})
		}
		m.op("ADD", m.line, m.cursor)
		m.op("SUBS", "$1", m.left, m.left)
		m.op("BNE", label)
		for i := range parts {
			m.scope(func() { m.addWide(p, s[i], m.sum) })
			m.scope(func() { m.addWide(p, q[i], m.squares) })
		}
		m.op("ADD", imm(parts*int(p)*floatBytes), m.x)
	})
}

func (w *writer) cleared() vec {
	v := w.take()
	w.zero(v)
	return v
}

// writeColumnAffine goes along the rows.
func (w *writer) writeColumnAffine(name, doc string, residual bool) {
	w.startWith(name, doc, "ColumnAffine")
	y, x, left := w.field("ColumnAffine_Y"), w.field("ColumnAffine_X"), w.field("(ColumnAffine_Y+8)")
	low, high := w.spreadField("ColumnAffine_Low"), w.spreadField("ColumnAffine_High")
	more, n := w.field("ColumnAffine_Residual"), w.pointer()
	var columns [3]gp // of what is the same in every row
	for i := range columns {
		columns[i] = w.pointer()
	}
	w.label("row")
	for i, name := range []string{"Mean", "Scale", "Shift"} {
		w.op("MOVD", "ColumnAffine_"+name+"(R0)", columns[i])
	}
	w.op("MOVD", "(ColumnAffine_Mean+8)(R0)", n)
	w.op("SUB", n, left)
	w.along(n, func(p part, _ int) {
		d := w.difference(w.load(p, x), w.load(p, columns[0]))
		v := w.affine(d, w.load(p, columns[1]), w.load(p, columns[2]))
		if residual {
			w.fadd(v, v, w.load(p, more))
		}
		w.store(p, w.between(v, low, high), y)
	})
	w.op("CBNZ", left, "row")
	w.op("RET")
}
