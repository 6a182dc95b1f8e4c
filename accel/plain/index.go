package plain

import "ttad/accel"

// each calls visit with every index of a shape, in row-major order, and with
// its place in that order. The index is reused between calls.
func each(shape []int, visit func(at []int, flat int)) {
	at := make([]int, len(shape))
	for flat := range accel.Elements(shape) {
		visit(at, flat)
		for axis := len(at) - 1; axis >= 0; axis-- {
			if at[axis]++; at[axis] < shape[axis] {
				break
			}
			at[axis] = 0
		}
	}
}

// place returns where an index lies in row-major order.
func place(shape, at []int) int {
	flat := 0
	for axis, extent := range shape {
		flat = flat*extent + at[axis]
	}
	return flat
}

// stretched returns the value of t at an index of the shape it broadcasts to:
// leading axes t lacks are dropped, axes of extent 1 repeat.
func stretched(t *accel.Tensor, at []int) float32 {
	flat := 0
	for axis, extent := range t.Shape {
		i := at[len(at)-len(t.Shape)+axis]
		if extent == 1 {
			i = 0
		}
		flat = flat*extent + i
	}
	return t.Data[flat]
}
