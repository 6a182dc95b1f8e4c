package plain

import "ttad/accel"

// matMul computes Alpha*a*b + Beta*c, one output at a time.
func matMul(op accel.MatMul, a, b, c, y *accel.Tensor) {
	rank := len(y.Shape)
	inner := a.Shape[len(a.Shape)-1]
	if op.TransA {
		inner = a.Shape[len(a.Shape)-2]
	}
	left, right := make([]int, rank), make([]int, rank)
	each(y.Shape, func(at []int, flat int) {
		copy(left, at)
		copy(right, at)
		sum := 0.0
		for k := range inner {
			setMatrix(left, at[rank-2], k, op.TransA)
			setMatrix(right, k, at[rank-1], op.TransB)
			sum += float64(stretched(a, left)) * float64(stretched(b, right))
		}
		sum *= float64(op.Alpha)
		if c != nil {
			sum += float64(op.Beta) * float64(stretched(c, at))
		}
		y.Data[flat] = float32(sum)
	})
}

func setMatrix(at []int, row, column int, trans bool) {
	if trans {
		row, column = column, row
	}
	at[len(at)-2], at[len(at)-1] = row, column
}
