package onnx

import (
	"errors"
	"slices"

	"ttad/accel"
)

func reduceOperators() map[string]lowering {
	ops := map[string]lowering{}
	for _, fn := range []accel.ReduceFn{accel.ReduceSum, accel.ReduceMean, accel.ReduceMax, accel.ReduceMin, accel.ReduceL2} {
		ops["Reduce"+string(fn)] = lowerReduce(fn)
	}
	return ops
}

func lowerReduce(fn accel.ReduceFn) lowering {
	return func(c *call) ([]*operand, error) {
		if err := c.need(1); err != nil {
			return nil, err
		}
		axes, err := c.reducedAxes()
		if err != nil {
			return nil, err
		}
		if axes == nil {
			return c.in[:1], nil
		}
		return c.one(accel.Reduce{Fn: fn, Axes: axes, KeepDims: c.attrInt("keepdims", 1) != 0}, c.in[0])
	}
}

// reducedAxes returns the axes to fold: those given, else all, else none where
// the node says that no axes mean nothing to do.
func (c *call) reducedAxes() ([]int, error) {
	rank := len(c.in[0].shape)
	axes, err := c.axes(1, rank)
	if err != nil || len(axes) == 0 && c.attrInt("noop_with_empty_axes", 0) != 0 {
		return nil, err
	}
	if len(axes) > 0 {
		slices.Sort(axes)
		return slices.Compact(axes), nil
	}
	all := make([]int, rank)
	for i := range all {
		all[i] = i
	}
	return all, nil
}

// lowerReduceProd multiplies integers known at import, as in "the number of
// pixels"; a product over data is not an operator of classifiers.
func lowerReduceProd(c *call) ([]*operand, error) {
	forms, err := c.forms(0)
	if err != nil {
		return nil, err
	}
	if axes, err := c.reducedAxes(); err != nil || len(axes) != len(c.in[0].shape) {
		return nil, errors.Join(errors.New("only products over all axes are supported"), err)
	}
	product := accel.Fixed(1)
	for _, d := range forms {
		if product, err = mulForms(product, d); err != nil {
			return nil, err
		}
	}
	extents := []int{}
	if c.attrInt("keepdims", 1) != 0 {
		extents = slices.Repeat([]int{1}, len(c.in[0].shape))
	}
	return []*operand{intConstant("", []accel.Dim{product}, extents...)}, nil
}
