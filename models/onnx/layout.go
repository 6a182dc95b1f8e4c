package onnx

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// lowerReshape follows ONNX: 0 copies the operand's extent, one -1 takes what is left.
func lowerReshape(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	forms, err := c.forms(1)
	if err != nil {
		return nil, err
	}
	if len(forms) > 64 {
		return nil, fmt.Errorf("%d axes", len(forms))
	}
	to, err := reshapeTarget(c.in[0].shape, forms, c.attrInt("allowzero", 0) != 0)
	if err != nil {
		return nil, err
	}
	y, err := c.reshape(c.in[0], to)
	if err != nil && !c.in[0].shape.Static() && to[:min(1, len(to))].Static() {
		err = fmt.Errorf("%w (was the batch size written into the file as a number? %s)", err, dynamicAxesAdvice(c.im.model))
	}
	return single(y, err)
}

func reshapeTarget(x accel.Shape, forms []accel.Dim, allowZero bool) (accel.Shape, error) {
	to, open := slices.Clone(accel.Shape(forms)), -1
	for i, d := range forms {
		switch {
		case d == accel.Fixed(0) && !allowZero:
			if i >= len(x) {
				return nil, fmt.Errorf("axis %d is to be copied from %v, which has no such axis", i, x)
			}
			to[i] = x[i]
		case d == accel.Fixed(-1) && open >= 0:
			return nil, fmt.Errorf("target %v leaves two extents open", to)
		case d == accel.Fixed(-1):
			open = i
			to[i] = accel.Fixed(1)
		}
	}
	if open < 0 {
		return to, nil
	}
	d, err := remaining(x, to)
	to[open] = d
	return to, err
}

// remaining returns the extent that, times the others, has as many elements as
// x. It is found from batches of one and of two rows; Reshape.Infer then checks
// the equality for every row count.
func remaining(x, others accel.Shape) (accel.Dim, error) {
	var extent [2]int
	for i, rows := range []int{1, 2} {
		have, rest := x.Elements(rows), others.Elements(rows)
		if have < 0 || rest < 1 || have%rest != 0 {
			return accel.Dim{}, fmt.Errorf("%v does not divide into an open extent beside %v", x, others)
		}
		extent[i] = have / rest
	}
	return accel.Dim{PerRow: extent[1] - extent[0], Fixed: 2*extent[0] - extent[1]}, nil
}

func lowerFlatten(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	x := c.in[0].shape
	axis := c.attrInt("axis", 1)
	if axis < 0 {
		axis += int64(len(x))
	}
	if axis < 0 || axis > int64(len(x)) {
		return nil, fmt.Errorf("axis %d is outside %v", axis, x)
	}
	before, err := remaining(x[:axis], nil)
	if err != nil {
		return nil, err
	}
	after, err := remaining(x[axis:], nil)
	if err != nil {
		return nil, err
	}
	return single(c.reshape(c.in[0], accel.Shape{before, after}))
}

func lowerSqueeze(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	x := c.in[0].shape
	axes, err := c.axes(1, len(x))
	if err != nil {
		return nil, err
	}
	to := accel.Shape{}
	for i, d := range x {
		switch dropped := slices.Contains(axes, i); {
		case dropped && d != accel.Fixed(1):
			return nil, fmt.Errorf("axis %d of %v is not 1", i, x)
		case dropped || axes == nil && d == accel.Fixed(1):
		default:
			to = append(to, d)
		}
	}
	return single(c.reshape(c.in[0], to))
}

func lowerUnsqueeze(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	x, count := c.in[0].shape, len(c.attrInts("axes"))
	if c.operand(1) != nil {
		count = len(c.in[1].ints)
	}
	if count > 64 {
		return nil, fmt.Errorf("%d axes", count)
	}
	axes, err := c.axes(1, len(x)+count)
	if err != nil {
		return nil, err
	}
	to := accel.Shape{}
	for i := range len(x) + count {
		switch {
		case slices.Contains(axes, i):
			to = append(to, accel.Fixed(1))
		case len(x) == 0:
			return nil, errors.New("an axis is listed twice")
		default:
			to, x = append(to, x[0]), x[1:]
		}
	}
	return single(c.reshape(c.in[0], to))
}

func lowerTranspose(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	rank := len(c.in[0].shape)
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = rank - 1 - i
	}
	if listed := c.attrInts("perm"); listed != nil {
		if len(listed) != rank {
			return nil, fmt.Errorf("perm %v does not list the axes of %v", listed, c.in[0].shape)
		}
		for i, axis := range listed {
			if axis < 0 || axis >= int64(rank) {
				return nil, fmt.Errorf("perm %v does not list the axes of %v", listed, c.in[0].shape)
			}
			perm[i] = int(axis)
		}
	}
	return single(c.transpose(c.in[0], perm))
}
