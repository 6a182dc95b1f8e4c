package accel

import (
	"fmt"
	"slices"
)

// MapFns lists every function of one value.
func MapFns() []MapFn {
	return []MapFn{
		Relu, LeakyRelu, Elu, Clip, Sigmoid, HardSigmoid, HardSwish, Silu, Tanh,
		Gelu, GeluTanh, Erf, Exp, Log, Sqrt, Reciprocal, Neg, Abs, Floor, Ceil,
		Round, Trunc, Softplus, Not, Affine,
	}
}

// BinaryFns lists every function of two values.
func BinaryFns() []BinaryFn {
	return []BinaryFn{
		Add, Sub, Mul, Div, Pow, Min, Max, Mod, Equal, Less, LessEqual, Greater,
		GreaterEqual, And, Or, PRelu,
	}
}

// Infer returns the shape of x.
func (m Map) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	if !slices.Contains(MapFns(), m.Fn) {
		return nil, fmt.Errorf("no function of one value is called %q", m.Fn)
	}
	return one(in[0])
}

// Infer returns the shape a and b broadcast to.
func (b Binary) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 2); err != nil {
		return nil, err
	}
	if !slices.Contains(BinaryFns(), b.Fn) {
		return nil, fmt.Errorf("no function of two values is called %q", b.Fn)
	}
	s, err := Broadcast(in[0], in[1])
	if err != nil {
		return nil, err
	}
	return one(s)
}

// Infer returns the shape cond, a and b broadcast to.
func (Where) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 3, 3); err != nil {
		return nil, err
	}
	s, err := Broadcast(in[1], in[2])
	if err != nil {
		return nil, err
	}
	if s, err = Broadcast(in[0], s); err != nil {
		return nil, fmt.Errorf("cond: %w", err)
	}
	return one(s)
}

// Infer returns To when x stretches to it.
func (e Expand) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	if err := broadcastTo(in[0], e.To); err != nil {
		return nil, err
	}
	return one(e.To)
}
