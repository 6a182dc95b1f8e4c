package onnx

import (
	"fmt"
	"math"

	"ttad/accel"
)

// mapOperators lists operators that are a function of one value.
func mapOperators() map[string]lowering {
	ops := map[string]lowering{
		"LeakyRelu":   withAttrs(accel.LeakyRelu, 0.01, 0),
		"Elu":         withAttrs(accel.Elu, 1, 0),
		"HardSigmoid": withAttrs(accel.HardSigmoid, 0.2, 0.5),
	}
	for _, fn := range []accel.MapFn{
		accel.Relu, accel.Sigmoid, accel.HardSwish, accel.Tanh, accel.Erf, accel.Exp, accel.Log, accel.Sqrt,
		accel.Reciprocal, accel.Neg, accel.Abs, accel.Floor, accel.Ceil, accel.Round, accel.Softplus, accel.Not,
	} {
		ops[string(fn)] = lowerMap(accel.Map{Fn: fn})
	}
	return ops
}

func lowerMap(op accel.Map) lowering {
	return func(c *call) ([]*operand, error) {
		if err := c.need(1); err != nil {
			return nil, err
		}
		x := c.in[0]
		if x.ints != nil && op.Fn == accel.Neg {
			zero := intConstant("", []accel.Dim{{}})
			return single(c.integers(accel.Sub, zero, x))
		}
		return c.one(op, x)
	}
}

// withAttrs reads A from the attribute alpha and B from beta.
func withAttrs(fn accel.MapFn, alpha, beta float32) lowering {
	return func(c *call) ([]*operand, error) {
		op := accel.Map{Fn: fn, A: c.attrFloat("alpha", alpha), B: c.attrFloat("beta", beta)}
		return lowerMap(op)(c)
	}
}

// lowerClip reads its bounds from attributes (before opset 11) or operands.
// Bounds computed from the data become Max and Min.
func lowerClip(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	x, low, high := c.in[0], c.operand(1), c.operand(2)
	a, okLow := low.scalar()
	b, okHigh := high.scalar()
	if low == nil {
		a, okLow = c.attrFloat("min", float32(math.Inf(-1))), true
	}
	if high == nil {
		b, okHigh = c.attrFloat("max", float32(math.Inf(1))), true
	}
	if okLow && okHigh {
		return c.one(accel.Map{Fn: accel.Clip, A: a, B: b}, x)
	}
	var err error
	if low != nil {
		if x, err = c.apply(accel.Binary{Fn: accel.Max}, x, low); err != nil {
			return nil, err
		}
	}
	if high != nil {
		x, err = c.apply(accel.Binary{Fn: accel.Min}, x, high)
	}
	return single(x, err)
}

func lowerGelu(c *call) ([]*operand, error) {
	switch how := c.attrText("approximate", "none"); how {
	case "none":
		return lowerMap(accel.Map{Fn: accel.Gelu})(c)
	case "tanh":
		return lowerMap(accel.Map{Fn: accel.GeluTanh})(c)
	default:
		return nil, fmt.Errorf("approximate=%q is not known", how)
	}
}

// lowerMish writes x*tanh(softplus(x)).
func lowerMish(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	gate, err := c.chain(c.in[0], accel.Map{Fn: accel.Softplus}, accel.Map{Fn: accel.Tanh})
	if err != nil {
		return nil, err
	}
	return c.one(accel.Binary{Fn: accel.Mul}, c.in[0], gate)
}

// lowerIdentity serves Dropout too, whatever its training_mode says: a file
// exported in training mode is still run as a classifier.
func lowerIdentity(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	return []*operand{c.in[0]}, nil
}

func lowerCast(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	return single(c.cast(c.in[0], DataType(c.attrInt("to", 0))))
}

func lowerCastLike(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	to := TypeFloat
	if c.in[1].integer {
		to = TypeInt64
	}
	return single(c.cast(c.in[0], to))
}

// cast changes the element type. The program holds everything as float32, so
// only a cast that drops a fraction, or everything but "not zero", computes.
func (c *call) cast(x *operand, to DataType) (*operand, error) {
	switch {
	case !to.known():
		return nil, fmt.Errorf("cast to %s is not supported", to)
	case to == TypeBool:
		return c.castBool(x)
	case to.Integer() == x.integer:
		return x, nil
	case to.Integer():
		return c.castInteger(x)
	}
	return c.castFloat(x)
}

func (c *call) castBool(x *operand) (*operand, error) {
	if x.ints != nil {
		forms := make([]accel.Dim, len(x.ints))
		for i, d := range x.ints {
			same, err := equalForms(d, accel.Fixed(0))
			if err != nil {
				return nil, err
			}
			forms[i] = truth(!same)
		}
		return intConstant("", forms, x.shape.At(1)...), nil
	}
	y, err := c.chain(x, accel.Map{Fn: accel.Not}, accel.Map{Fn: accel.Not})
	if err != nil || y.floats == nil {
		return typed(y, true), err
	}
	return y.toInts()
}

func (c *call) castInteger(x *operand) (*operand, error) {
	if x.floats != nil {
		return x.toInts()
	}
	y, err := c.apply(accel.Map{Fn: accel.Trunc}, x)
	return typed(y, true), err
}

func (c *call) castFloat(x *operand) (*operand, error) {
	if x.ints == nil {
		return typed(x, false), nil
	}
	data, err := x.numbers()
	if err != nil {
		return nil, err
	}
	return floatConstant("", data, x.shape.At(1)...), nil
}

// typed returns x with another element type of the file; the value is the same.
func typed(x *operand, integer bool) *operand {
	if x == nil {
		return nil
	}
	c := *x
	c.integer = integer
	return &c
}
