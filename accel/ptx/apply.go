package ptx

import "math"

// The functions here make an instruction of an operation on one lane: named after
// its operands, with the number of them.

func words1(f func(a uint32) uint32) exec {
	return func(w *warp, o *op) {
		d, a := &w.words[o.d], &w.words[o.a]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes])
		}
	}
}

func words2(f func(a, b uint32) uint32) exec {
	return func(w *warp, o *op) {
		d, a, b := &w.words[o.d], &w.words[o.a], &w.words[o.b]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes], b[t%lanes])
		}
	}
}

func words3(f func(a, b, c uint32) uint32) exec {
	return func(w *warp, o *op) {
		d, a, b, c := &w.words[o.d], &w.words[o.a], &w.words[o.b], &w.words[o.c]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes], b[t%lanes], c[t%lanes])
		}
	}
}

func longs1(f func(a uint64) uint64) exec {
	return func(w *warp, o *op) {
		d, a := &w.longs[o.d], &w.longs[o.a]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes])
		}
	}
}

func longs2(f func(a, b uint64) uint64) exec {
	return func(w *warp, o *op) {
		d, a, b := &w.longs[o.d], &w.longs[o.a], &w.longs[o.b]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes], b[t%lanes])
		}
	}
}

func shiftLongs(f func(a uint64, b uint32) uint64) exec {
	return func(w *warp, o *op) {
		d, a, b := &w.longs[o.d], &w.longs[o.a], &w.words[o.b]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes], b[t%lanes])
		}
	}
}

func widen1(f func(a uint32) uint64) exec {
	return func(w *warp, o *op) {
		d, a := &w.longs[o.d], &w.words[o.a]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes])
		}
	}
}

func widen(f func(a, b uint32) uint64) exec {
	return func(w *warp, o *op) {
		d, a, b := &w.longs[o.d], &w.words[o.a], &w.words[o.b]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes], b[t%lanes])
		}
	}
}

func narrow1(f func(a uint64) uint32) exec {
	return func(w *warp, o *op) {
		d, a := &w.words[o.d], &w.longs[o.a]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes])
		}
	}
}

func narrow2(f func(a, b uint64) uint32) exec {
	return func(w *warp, o *op) {
		d, a, b := &w.words[o.d], &w.longs[o.a], &w.longs[o.b]
		for _, t := range w.on {
			d[t%lanes] = f(a[t%lanes], b[t%lanes])
		}
	}
}

func floats1(f func(a float32) float32) exec {
	return words1(func(a uint32) uint32 { return encoded(f(math.Float32frombits(a))) })
}

func floats2(f func(a, b float32) float32) exec {
	return words2(func(a, b uint32) uint32 {
		return encoded(f(math.Float32frombits(a), math.Float32frombits(b)))
	})
}

// encoded is the bits of a result.
func encoded(v float32) uint32 {
	if v != v {
		return notANumber
	}
	return math.Float32bits(v)
}

// divide gives what no index can be where there is nothing to divide by: hardware
// gives something, and compilers move divisions to where nobody uses the result.
func divide(f func(a, b uint32) uint32) exec {
	return words2(func(a, b uint32) uint32 {
		if b == 0 {
			return poison
		}
		return f(a, b)
	})
}

func selectWords(w *warp, o *op) {
	d, a, b, c := &w.words[o.d], &w.words[o.a], &w.words[o.b], &w.words[o.c]
	for _, t := range w.on {
		v := b[t%lanes]
		if c[t%lanes] == 1 {
			v = a[t%lanes]
		}
		d[t%lanes] = v // last: d may be a register that is read
	}
}

func selectLongs(w *warp, o *op) {
	d, a, b, c := &w.longs[o.d], &w.longs[o.a], &w.longs[o.b], &w.words[o.c]
	for _, t := range w.on {
		v := b[t%lanes]
		if c[t%lanes] == 1 {
			v = a[t%lanes]
		}
		d[t%lanes] = v // last: d may be a register that is read
	}
}

// What products and sums are made of has loops of its own: a call an element would be
// most of their time.

func addFloats(w *warp, o *op) {
	d, a, b := &w.words[o.d], &w.words[o.a], &w.words[o.b]
	for _, t := range w.on {
		d[t%lanes] = encoded(math.Float32frombits(a[t%lanes]) + math.Float32frombits(b[t%lanes]))
	}
}

func subFloats(w *warp, o *op) {
	d, a, b := &w.words[o.d], &w.words[o.a], &w.words[o.b]
	for _, t := range w.on {
		d[t%lanes] = encoded(math.Float32frombits(a[t%lanes]) - math.Float32frombits(b[t%lanes]))
	}
}

func mulFloats(w *warp, o *op) {
	d, a, b := &w.words[o.d], &w.words[o.a], &w.words[o.b]
	for _, t := range w.on {
		d[t%lanes] = encoded(math.Float32frombits(a[t%lanes]) * math.Float32frombits(b[t%lanes]))
	}
}

func fmaFloats(w *warp, o *op) {
	d, a, b, c := &w.words[o.d], &w.words[o.a], &w.words[o.b], &w.words[o.c]
	for _, t := range w.on {
		d[t%lanes] = encoded(fma(math.Float32frombits(a[t%lanes]), math.Float32frombits(b[t%lanes]), math.Float32frombits(c[t%lanes])))
	}
}
