package cpu

import "ttad/accel"

// view says how the elements of up to three operands line up with those of a
// row-major result: the result's extents, and for each operand how far it moves
// when an axis of the result advances by one. Broadcast axes do not move.
type view struct {
	rank   int
	extent [maxRank]int
	stride [3][maxRank]int
	base   [3]int
}

// broadcastView lines up shapes under NumPy's rule.
func broadcastView(result accel.Shape, rows int, operands ...accel.Shape) view {
	v := view{rank: len(result)}
	for axis, d := range result {
		v.extent[axis] = d.At(rows)
	}
	for k, s := range operands {
		v.stride[k] = broadcastStrides(s, v.rank, rows)
	}
	return v.simplify(len(operands))
}

// broadcastStrides returns the row-major strides of a shape aligned at the last
// of rank axes, 0 where it is stretched.
func broadcastStrides(s accel.Shape, rank, rows int) (strides [maxRank]int) {
	step := 1
	for axis := len(s) - 1; axis >= 0; axis-- {
		if n := s[axis].At(rows); n != 1 {
			strides[rank-len(s)+axis] = step
			step *= n
		}
	}
	return strides
}

// rowMajor returns the strides of a shape that is not stretched.
func rowMajor(s accel.Shape, rows int) [maxRank]int { return broadcastStrides(s, len(s), rows) }

// simplify drops axes of one element and joins axes that all operands cross
// without a jump, so that the last axis is as long as can be.
func (v view) simplify(operands int) view {
	out := view{base: v.base}
	for axis := range v.rank {
		if v.extent[axis] == 1 {
			continue
		}
		if n := out.rank; n > 0 && v.joins(&out, axis, operands) {
			out.extent[n-1] *= v.extent[axis]
			for k := range operands {
				out.stride[k][n-1] = v.stride[k][axis]
			}
			continue
		}
		out.extent[out.rank] = v.extent[axis]
		for k := range operands {
			out.stride[k][out.rank] = v.stride[k][axis]
		}
		out.rank++
	}
	if out.rank == 0 {
		out.rank, out.extent[0] = 1, 1
	}
	return out
}

func (v *view) joins(out *view, axis, operands int) bool {
	for k := range operands {
		if out.stride[k][out.rank-1] != v.stride[k][axis]*v.extent[axis] {
			return false
		}
	}
	return true
}

// walk visits the result's elements from low to high as runs along the last
// axis: where a run starts in the result, its length, and where it starts in
// each operand. Operands move by stride[k][rank-1] within a run.
func (v *view) walk(low, high int, visit func(flat, n int, at [3]int)) {
	if low >= high {
		return
	}
	var index [maxRank]int
	rest := low
	for axis := v.rank - 1; axis >= 0; axis-- {
		index[axis] = rest % v.extent[axis]
		rest /= v.extent[axis]
	}
	last := v.rank - 1
	for low < high {
		n := min(v.extent[last]-index[last], high-low)
		visit(low, n, v.place(&index))
		low += n
		index[last] = 0
		for axis := last - 1; axis >= 0; axis-- {
			if index[axis]++; index[axis] < v.extent[axis] {
				break
			}
			index[axis] = 0
		}
	}
}

func (v *view) place(index *[maxRank]int) (at [3]int) {
	at = v.base
	for k := range at {
		for axis := range v.rank {
			at[k] += index[axis] * v.stride[k][axis]
		}
	}
	return at
}
