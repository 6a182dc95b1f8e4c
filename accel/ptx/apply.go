package ptx

import "math"

// The functions here make an instruction of an operation on one lane: named after
// its operands, with the number of them.

// each1 gives every lane that is on the result for its operand.
func each1[D, A uint32 | uint64](on []uint8, d *[lanes]D, a *[lanes]A, f func(A) D) {
	for _, t := range on {
		d[t%lanes] = f(a[t%lanes])
	}
}

// each2 is each1 for two operands.
func each2[D, A, B uint32 | uint64](on []uint8, d *[lanes]D, a *[lanes]A, b *[lanes]B, f func(A, B) D) {
	for _, t := range on {
		d[t%lanes] = f(a[t%lanes], b[t%lanes])
	}
}

func words1(f func(a uint32) uint32) exec {
	return func(w *warp, o *op) { each1(w.on, &w.words[o.d], &w.words[o.a], f) }
}

func words2(f func(a, b uint32) uint32) exec {
	return func(w *warp, o *op) { each2(w.on, &w.words[o.d], &w.words[o.a], &w.words[o.b], f) }
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
	return func(w *warp, o *op) { each1(w.on, &w.longs[o.d], &w.longs[o.a], f) }
}

func longs2(f func(a, b uint64) uint64) exec {
	return func(w *warp, o *op) { each2(w.on, &w.longs[o.d], &w.longs[o.a], &w.longs[o.b], f) }
}

func shiftLongs(f func(a uint64, b uint32) uint64) exec {
	return func(w *warp, o *op) { each2(w.on, &w.longs[o.d], &w.longs[o.a], &w.words[o.b], f) }
}

func widen1(f func(a uint32) uint64) exec {
	return func(w *warp, o *op) { each1(w.on, &w.longs[o.d], &w.words[o.a], f) }
}

func widen(f func(a, b uint32) uint64) exec {
	return func(w *warp, o *op) { each2(w.on, &w.longs[o.d], &w.words[o.a], &w.words[o.b], f) }
}

func narrow1(f func(a uint64) uint32) exec {
	return func(w *warp, o *op) { each1(w.on, &w.words[o.d], &w.longs[o.a], f) }
}

func narrow2(f func(a, b uint64) uint32) exec {
	return func(w *warp, o *op) { each2(w.on, &w.words[o.d], &w.longs[o.a], &w.longs[o.b], f) }
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
	choose(w.on, &w.words[o.d], &w.words[o.a], &w.words[o.b], &w.words[o.c])
}

func selectLongs(w *warp, o *op) {
	choose(w.on, &w.longs[o.d], &w.longs[o.a], &w.longs[o.b], &w.words[o.c])
}

// choose gives every lane that is on a, where first is 1, or b.
func choose[T uint32 | uint64](on []uint8, d, a, b *[lanes]T, first *[lanes]uint32) {
	for _, t := range on {
		v := b[t%lanes]
		if first[t%lanes] == 1 {
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
