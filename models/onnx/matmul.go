package onnx

import (
	"fmt"
	"slices"

	"ttad/accel"
)

func lowerGemm(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	if len(c.in[0].shape) != 2 || len(c.in[1].shape) != 2 {
		return nil, fmt.Errorf("operands %v and %v: want two axes each", c.in[0].shape, c.in[1].shape)
	}
	return c.one(accel.MatMul{
		TransA: c.attrInt("transA", 0) != 0, TransB: c.attrInt("transB", 0) != 0,
		Alpha: c.attrFloat("alpha", 1), Beta: c.attrFloat("beta", 1),
	}, c.in[0], c.in[1], c.operand(2))
}

// lowerMatMul gives vectors the axis NumPy's rule adds and takes away again.
func lowerMatMul(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	a, b := c.in[0], c.in[1]
	rowVector, columnVector := len(a.shape) == 1, len(b.shape) == 1
	var err error
	if rowVector {
		if a, err = c.reshape(a, accel.Shape{accel.Fixed(1), a.shape[0]}); err != nil {
			return nil, err
		}
	}
	if columnVector {
		if b, err = c.reshape(b, accel.Shape{b.shape[0], accel.Fixed(1)}); err != nil {
			return nil, err
		}
	}
	y, err := c.apply(accel.MatMul{Alpha: 1, Beta: 1}, a, b)
	if err != nil {
		return nil, err
	}
	to := slices.Clone(y.shape)
	if columnVector {
		to = to[:len(to)-1]
	}
	if rowVector {
		at := len(y.shape) - 2
		to = slices.Delete(to, at, at+1)
	}
	return single(c.reshape(y, to))
}
