package onnx

import (
	"fmt"

	"ttad/accel"
)

// operand is what a value name of the file stands for during import: a float
// constant (floats), an integer known as linear forms of the row count (ints),
// or a value the program computes (neither). A nil operand is one not given.
type operand struct {
	name    string
	shape   accel.Shape
	integer bool // the file gives it an integer or bool type
	floats  []float32
	ints    []accel.Dim
	id      accel.ValueID // in the program; NoValue for constants no step uses yet
}

func floatConstant(name string, data []float32, extents ...int) *operand {
	return &operand{name: name, shape: accel.StaticShape(extents...), floats: data, id: accel.NoValue}
}

func intConstant(name string, data []accel.Dim, extents ...int) *operand {
	return &operand{name: name, shape: accel.StaticShape(extents...), integer: true, ints: data, id: accel.NoValue}
}

// constant reports whether the value is known at import, for every row count.
func (o *operand) constant() bool { return o.floats != nil || o.ints != nil }

// numbers returns a constant's elements as floats; integers that depend on the
// row count have none.
func (o *operand) numbers() ([]float32, error) {
	if o.floats != nil {
		return o.floats, nil
	}
	out := make([]float32, len(o.ints))
	for i, d := range o.ints {
		if !d.Static() {
			return nil, fmt.Errorf("value %q holds %v where a number is computed with: it would differ from batch to batch", o.name, d)
		}
		out[i] = float32(d.Fixed)
	}
	return out, nil
}

// tensor returns a constant with concrete extents.
func (o *operand) tensor() (*accel.Tensor, error) {
	data, err := o.numbers()
	if err != nil {
		return nil, err
	}
	return accel.TensorOf(data, o.shape.At(1)...), nil
}

// scalar returns the single element of a float or integer constant.
func (o *operand) scalar() (float32, bool) {
	if o == nil || !o.constant() || len(o.floats)+len(o.ints) != 1 {
		return 0, false
	}
	v, err := o.numbers()
	if err != nil {
		return 0, false
	}
	return v[0], true
}

// axisOf makes a possibly negative axis of the file absolute.
func axisOf(axis int64, rank int) (int, error) {
	if axis < 0 {
		axis += int64(rank)
	}
	if axis < 0 || axis >= int64(rank) {
		return 0, fmt.Errorf("axis %d is outside the %d axes of the operand", axis, rank)
	}
	return int(axis), nil
}
