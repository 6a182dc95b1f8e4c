package main

// flat writes a function over slices of y's length: ready loads what is the same
// for all elements, then body gets a register of every input, and what it returns
// goes to y. Slices are the first parameters, scalars of float32 come after them.
func (w *writer) flat(name, doc string, inputs, scalars []string, ready func(scalars []vec) func(in []vec) vec) {
	w.start(name, doc, append(all("[]float32", append([]string{"y"}, inputs...)...), all("float32", scalars...)...), nil)
	y, n := w.loaded(w.base("y")), w.loaded(w.length("y"))
	var from []gp
	for _, input := range inputs {
		from = append(from, w.loaded(w.base(input)))
	}
	var spread []vec
	for _, scalar := range scalars {
		spread = append(spread, w.spreadParam(scalar))
	}
	body := ready(spread)
	w.along(n, func(p part, _ int) {
		var in []vec
		for _, r := range from {
			in = append(in, w.load(p, r))
		}
		w.store(p, body(in), y)
	})
	w.op("RET")
}

// writeFlat writes the functions that take a step or two for an element.
func (w *writer) writeFlat() {
	for _, f := range []struct {
		name, does string
		op         func(a, b vec) vec
	}{
		{"Add", "a + b", w.sum}, {"Sub", "a - b", w.difference}, {"Mul", "a * b", w.product}, {"Div", "a / b", w.quotient},
		{"Max", "the larger of a and b", w.larger}, {"Min", "the smaller of a and b", w.smaller},
	} {
		w.flat(f.name, "fills y with "+f.does+".", []string{"a", "b"}, nil, func([]vec) func([]vec) vec {
			return func(in []vec) vec { return f.op(in[0], in[1]) }
		})
	}
	for _, f := range []struct {
		name, does string
		op         func(x, k vec) vec
	}{
		{"AddScalar", "x + k", w.sum}, {"SubScalar", "x - k", w.difference},
		{"MulScalar", "x * k", w.product}, {"DivScalar", "x / k", w.quotient},
		{"MaxScalar", "the larger of x and k", w.larger}, {"MinScalar", "the smaller of x and k", w.smaller},
		{"ScalarSub", "k - x", func(x, k vec) vec { return w.difference(k, x) }},
		{"ScalarDiv", "k / x", func(x, k vec) vec { return w.quotient(k, x) }},
	} {
		w.flat(f.name, "fills y with "+f.does+".", []string{"x"}, []string{"k"}, func(k []vec) func([]vec) vec {
			return func(in []vec) vec { return f.op(in[0], k[0]) }
		})
	}
	w.writeBounded()
}

// writeBounded writes what multiplies, adds and holds between bounds.
func (w *writer) writeBounded() {
	x := []string{"x"}
	w.flat("Clip", "fills y with x held between low and high.", x, []string{"low", "high"}, func(k []vec) func([]vec) vec {
		return func(in []vec) vec { return w.between(in[0], k[0], k[1]) }
	})
	w.flat("Affine", "fills y with k*x + b.", x, []string{"k", "b"}, func(k []vec) func([]vec) vec {
		return func(in []vec) vec { return w.affine(in[0], k[0], k[1]) }
	})
	w.flat("Standardize", "fills y with (x-mean)*k + b.", x, []string{"mean", "k", "b"}, func(k []vec) func([]vec) vec {
		return func(in []vec) vec { return w.affine(w.difference(in[0], k[0]), k[1], k[2]) }
	})
	w.flat("HardSigmoid", "fills y with k*x + b held between 0 and 1.", x, []string{"k", "b"}, func(k []vec) func([]vec) vec {
		low, high := w.held(0), w.held(1)
		return func(in []vec) vec { return w.between(w.affine(in[0], k[0], k[1]), low, high) }
	})
	w.flat("HardSwish", "fills y with x times x/6 + 1/2 held between 0 and 1.", x, nil, func([]vec) func([]vec) vec {
		low, high, sixth, half := w.held(0), w.held(1), w.held(1.0/6), w.held(0.5)
		return func(in []vec) vec { return w.product(in[0], w.between(w.affine(in[0], sixth, half), low, high)) }
	})
}
