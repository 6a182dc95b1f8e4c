package onnx

import (
	"fmt"
	"slices"

	"ttad/accel"
)

// maxRowElements bounds a value of the program: a batch of one row of it still
// fits in 1 GiB.
const maxRowElements = 1 << 28

// apply computes op on operands: now, when all of them are constants, or as a
// step of the program. Its result has the integer type exactly when every given
// operand has; lowerings that know better set it.
func (c *call) apply(op accel.Op, in ...*operand) (*operand, error) {
	for len(in) > 0 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	shapes := make([]accel.Shape, len(in))
	integer, known := true, true
	for i, o := range in {
		if o != nil {
			shapes[i] = o.shape
			integer, known = integer && o.integer, known && o.constant()
		}
	}
	out, err := op.Infer(shapes)
	if err != nil {
		return nil, err
	}
	if known && out[0].Static() && foldable(op) {
		return c.im.fold(op, in, out[0], integer)
	}
	return c.emit(op, in, out[0], integer)
}

// emit appends a step.
func (c *call) emit(op accel.Op, in []*operand, shape accel.Shape, integer bool) (*operand, error) {
	if n := shape.Elements(1); n < 0 || n > maxRowElements {
		return nil, fmt.Errorf("result %v: more than %d elements for one row", shape, maxRowElements)
	}
	step := accel.Step{Name: c.node.label(), Op: op}
	for _, o := range in {
		id, err := c.im.place(o)
		if err != nil {
			return nil, err
		}
		step.In = append(step.In, id)
	}
	id := c.im.value(accel.Value{Shape: shape})
	step.Out = []accel.ValueID{id}
	c.im.prog.Steps = append(c.im.prog.Steps, step)
	return &operand{shape: shape, integer: integer, id: id}, nil
}

// one is apply for lowerings with a single result.
func (c *call) one(op accel.Op, in ...*operand) ([]*operand, error) {
	return single(c.apply(op, in...))
}

func single(o *operand, err error) ([]*operand, error) {
	if err != nil {
		return nil, err
	}
	return []*operand{o}, nil
}

// chain applies operators of one operand, each to the result before.
func (c *call) chain(x *operand, ops ...accel.Op) (*operand, error) {
	for _, op := range ops {
		var err error
		if x, err = c.apply(op, x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// reshape gives x another shape, or x itself when it already has it.
func (c *call) reshape(x *operand, to accel.Shape) (*operand, error) {
	if x.shape.Equal(to) {
		return x, nil
	}
	return c.apply(accel.Reshape{To: to}, x)
}

// transpose permutes x's axes, or returns x itself when they stay.
func (c *call) transpose(x *operand, perm []int) (*operand, error) {
	if slices.IsSorted(perm) && len(perm) == len(x.shape) {
		return x, nil
	}
	return c.apply(accel.Transpose{Perm: perm}, x)
}

// expand broadcasts x, or returns x itself when it already has the shape.
func (c *call) expand(x *operand, to accel.Shape) (*operand, error) {
	if x.shape.Equal(to) {
		return x, nil
	}
	return c.apply(accel.Expand{To: to}, x)
}
