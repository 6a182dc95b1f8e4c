package accel

import "fmt"

// Tensor is a dense row-major float32 array in host memory.
type Tensor struct {
	Shape []int
	Data  []float32
}

// NewTensor returns a zeroed tensor. It panics when the shape is negative or
// has more than MaxElements: shapes from outside are checked before they get here.
func NewTensor(shape ...int) *Tensor {
	n := Elements(shape)
	if n < 0 {
		panic(fmt.Sprintf("accel: tensor shape %v is negative or too large", shape))
	}
	return &Tensor{Shape: append([]int(nil), shape...), Data: make([]float32, n)}
}

// TensorOf wraps data without copying. It panics when data does not fill shape.
func TensorOf(data []float32, shape ...int) *Tensor {
	if n := Elements(shape); n != len(data) {
		panic(fmt.Sprintf("accel: shape %v wants %d elements, got %d", shape, n, len(data)))
	}
	return &Tensor{Shape: append([]int(nil), shape...), Data: data}
}

// Rows returns the extent of the first axis, or 1 for a scalar.
func (t *Tensor) Rows() int {
	if len(t.Shape) == 0 {
		return 1
	}
	return t.Shape[0]
}

// RowLen returns the number of elements of one row.
func (t *Tensor) RowLen() int {
	if len(t.Shape) == 0 {
		return 1
	}
	return Elements(t.Shape[1:])
}

// Row returns row i of the first axis, sharing memory.
func (t *Tensor) Row(i int) []float32 {
	n := t.RowLen()
	return t.Data[i*n : (i+1)*n : (i+1)*n]
}

// Clone returns a deep copy.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Shape: append([]int(nil), t.Shape...), Data: append([]float32(nil), t.Data...)}
}
