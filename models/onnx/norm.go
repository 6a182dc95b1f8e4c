package onnx

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// lowerBatchNorm keeps every BatchNormalization a step of its own, with the
// statistics stored in the file, whatever mode the file was exported in. A file
// exported with training on lists the updated statistics as further outputs;
// nothing that leads to the logits reads them.
func lowerBatchNorm(c *call) ([]*operand, error) {
	if err := c.need(5); err != nil {
		return nil, err
	}
	for i, what := range []string{"scale", "bias", "mean", "variance"} {
		if _, err := c.values(i+1, what); err != nil {
			return nil, err
		}
	}
	if c.attrInt("spatial", 1) == 0 {
		return nil, errors.New("spatial=0 (statistics per position) is not supported")
	}
	if len(c.in[0].shape) < 2 {
		return nil, fmt.Errorf("operand %v has no channel axis", c.in[0].shape)
	}
	eps := c.attrFloat("epsilon", 1e-5)
	return c.one(accel.Norm{Eps: eps}, c.in[0], c.in[1], c.in[2], c.in[3], c.in[4])
}

func lowerInstanceNorm(c *call) ([]*operand, error) {
	if err := c.need(3); err != nil {
		return nil, err
	}
	return c.one(accel.InstanceNorm{Eps: c.attrFloat("epsilon", 1e-5)}, c.in[0], c.in[1], c.in[2])
}

func lowerLayerNorm(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	axis, err := axisOf(c.attrInt("axis", -1), len(c.in[0].shape))
	if err != nil {
		return nil, err
	}
	return c.one(accel.LayerNorm{Axis: axis, Eps: c.attrFloat("epsilon", 1e-5)}, c.in[0], c.in[1], c.operand(2))
}

// lowerGroupNorm normalizes groups as the channels of an InstanceNorm, then
// scales. Scale and bias have one value a channel since opset 21, one a group before.
func lowerGroupNorm(c *call) ([]*operand, error) {
	if err := c.need(3); err != nil {
		return nil, err
	}
	x, groups := c.in[0], int(c.attrInt("num_groups", 0))
	if len(x.shape) < 3 || !x.shape[1:].Static() || groups < 1 || groups > maxWindow || x.shape[1].Fixed%groups != 0 {
		return nil, fmt.Errorf("operand %v does not divide into %d groups of channels", x.shape, groups)
	}
	y, err := c.normalizeGroups(x, groups)
	if err != nil {
		return nil, err
	}
	for i, fn := range []accel.BinaryFn{accel.Mul, accel.Add} {
		p, err := c.perChannel(c.in[i+1], x.shape, groups)
		if err != nil {
			return nil, err
		}
		if y, err = c.apply(accel.Binary{Fn: fn}, y, p); err != nil {
			return nil, err
		}
	}
	return []*operand{y}, nil
}

func (c *call) normalizeGroups(x *operand, groups int) (*operand, error) {
	size := x.shape[1:].Elements(1)
	if size < 0 {
		return nil, fmt.Errorf("operand %v is too large", x.shape)
	}
	y, err := c.reshape(x, accel.Shape{x.shape[0], accel.Fixed(groups), accel.Fixed(size / groups)})
	if err != nil {
		return nil, err
	}
	ones, zeros := slices.Repeat([]float32{1}, groups), make([]float32, groups)
	y, err = c.apply(accel.InstanceNorm{Eps: c.attrFloat("epsilon", 1e-5)}, y,
		floatConstant(c.node.label()+".ones", ones, groups), floatConstant(c.node.label()+".zeros", zeros, groups))
	if err != nil {
		return nil, err
	}
	return c.reshape(y, x.shape)
}

// perChannel shapes a scale or bias as [C 1 ...].
func (c *call) perChannel(p *operand, x accel.Shape, groups int) (*operand, error) {
	to := accel.Shape{x[1]}
	for range x[2:] {
		to = append(to, accel.Fixed(1))
	}
	if !p.shape.Equal(accel.StaticShape(groups)) || groups == x[1].Fixed {
		return c.reshape(p, to)
	}
	column, err := c.reshape(p, accel.StaticShape(groups, 1))
	if err != nil {
		return nil, err
	}
	spread, err := c.expand(column, accel.StaticShape(groups, x[1].Fixed/groups))
	if err != nil {
		return nil, err
	}
	return c.reshape(spread, to)
}

// lowerSoftmax follows both definitions: along one axis since opset 13, over all
// axes from the given one on before.
func lowerSoftmax(log bool) lowering {
	return func(c *call) ([]*operand, error) {
		if err := c.need(1); err != nil {
			return nil, err
		}
		x, byDefault := c.in[0], int64(-1)
		if c.im.opset < 13 {
			byDefault = 1
		}
		axis, err := axisOf(c.attrInt("axis", byDefault), len(x.shape))
		if err != nil {
			return nil, err
		}
		if c.im.opset >= 13 || axis == len(x.shape)-1 {
			return c.one(accel.Softmax{Axis: axis, Log: log}, x)
		}
		return single(c.softmaxFrom(x, axis, log))
	}
}

func (c *call) softmaxFrom(x *operand, axis int, log bool) (*operand, error) {
	size := x.shape[axis:].Elements(1)
	if !x.shape[axis:].Static() || size < 0 {
		return nil, fmt.Errorf("operand %v: the axes from %d on depend on the number of rows", x.shape, axis)
	}
	y, err := c.reshape(x, append(slices.Clone(x.shape[:axis]), accel.Fixed(size)))
	if err != nil {
		return nil, err
	}
	if y, err = c.apply(accel.Softmax{Axis: axis, Log: log}, y); err != nil {
		return nil, err
	}
	return c.reshape(y, x.shape)
}
