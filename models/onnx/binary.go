package onnx

import (
	"fmt"

	"ttad/accel"
)

// binaryOperators lists operators that combine two or more values.
func binaryOperators() map[string]lowering {
	ops := map[string]lowering{
		"Sum": lowerVariadic(accel.Add), "Max": lowerVariadic(accel.Max), "Min": lowerVariadic(accel.Min),
	}
	for _, fn := range []accel.BinaryFn{
		accel.Add, accel.Sub, accel.Mul, accel.Div, accel.Mod, accel.Equal, accel.Less, accel.LessEqual,
		accel.Greater, accel.GreaterEqual, accel.And, accel.Or, accel.PRelu,
	} {
		ops[string(fn)] = lowerBinary(fn)
	}
	return ops
}

func lowerBinary(fn accel.BinaryFn) lowering {
	return func(c *call) ([]*operand, error) {
		if err := c.need(2); err != nil {
			return nil, err
		}
		if fn == accel.Mod && c.attrInt("fmod", 0) != 0 {
			return nil, fmt.Errorf("fmod=1 is not supported")
		}
		return single(c.binary(fn, c.in[0], c.in[1]))
	}
}

// binary combines two operands: integers known at import stay known, integers
// from the data keep their rounding, everything else is a step.
func (c *call) binary(fn accel.BinaryFn, a, b *operand) (*operand, error) {
	if a.ints != nil && b.ints != nil && c.im.forms[fn] != nil {
		return c.integers(fn, a, b)
	}
	y, err := c.apply(accel.Binary{Fn: fn}, a, b)
	if err != nil {
		return nil, err
	}
	switch fn {
	case accel.Equal, accel.Less, accel.LessEqual, accel.Greater, accel.GreaterEqual, accel.And, accel.Or:
		if y.floats != nil {
			return y.toInts()
		}
		return typed(y, true), nil
	case accel.Div:
		if y.integer {
			return c.apply(accel.Map{Fn: accel.Trunc}, y)
		}
	}
	return y, nil
}

// integers combines linear forms with broadcasting.
func (c *call) integers(fn accel.BinaryFn, a, b *operand) (*operand, error) {
	shape, err := accel.Broadcast(a.shape, b.shape)
	if err != nil {
		return nil, err
	}
	if a, err = c.expand(a, shape); err != nil {
		return nil, err
	}
	if b, err = c.expand(b, shape); err != nil {
		return nil, err
	}
	out := make([]accel.Dim, len(a.ints))
	for i := range out {
		if out[i], err = c.im.forms[fn](a.ints[i], b.ints[i]); err != nil {
			return nil, err
		}
	}
	return intConstant("", out, shape.At(1)...), nil
}

func lowerVariadic(fn accel.BinaryFn) lowering {
	return func(c *call) ([]*operand, error) { return single(c.accumulate(fn)) }
}

// accumulate combines all operands from the left.
func (c *call) accumulate(fn accel.BinaryFn) (*operand, error) {
	if err := c.need(max(1, len(c.in))); err != nil {
		return nil, err
	}
	y := c.in[0]
	for _, x := range c.in[1:] {
		var err error
		if y, err = c.binary(fn, y, x); err != nil {
			return nil, err
		}
	}
	return y, nil
}

func lowerMean(c *call) ([]*operand, error) {
	sum, err := c.accumulate(accel.Add)
	if err != nil {
		return nil, err
	}
	return c.one(accel.Map{Fn: accel.Affine, A: 1 / float32(len(c.in))}, sum)
}

// lowerPow writes a square, by far the most common power, as a product.
func lowerPow(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	x := c.in[0]
	if p, ok := c.in[1].scalar(); ok && p == 2 && len(c.in[1].shape) <= len(x.shape) {
		return single(c.binary(accel.Mul, x, x))
	}
	y, err := c.apply(accel.Binary{Fn: accel.Pow}, x, c.in[1])
	if err != nil || !x.integer || y.constant() {
		return single(y, err)
	}
	return single(c.cast(typed(y, false), TypeInt64)) // a fractional power of an integer is an integer
}

func lowerWhere(c *call) ([]*operand, error) {
	if err := c.need(3); err != nil {
		return nil, err
	}
	cond, a, b := c.in[0], c.in[1], c.in[2]
	if cond.ints != nil && a.ints != nil && b.ints != nil {
		return single(c.selectForms(cond, a, b))
	}
	return c.one(accel.Where{}, cond, a, b)
}

// selectForms is Where on linear forms; the condition holds 0 and 1.
func (c *call) selectForms(cond, a, b *operand) (*operand, error) {
	shape, err := accel.Broadcast(a.shape, b.shape)
	if err != nil {
		return nil, err
	}
	if shape, err = accel.Broadcast(cond.shape, shape); err != nil {
		return nil, err
	}
	for _, o := range []**operand{&cond, &a, &b} {
		if *o, err = c.expand(*o, shape); err != nil {
			return nil, err
		}
	}
	out := make([]accel.Dim, len(cond.ints))
	for i, t := range cond.ints {
		out[i] = b.ints[i]
		if t != accel.Fixed(0) {
			out[i] = a.ints[i]
		}
	}
	return intConstant("", out, shape.At(1)...), nil
}
