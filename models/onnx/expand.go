package onnx

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

func lowerExpand(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	to, err := c.forms(1)
	if err != nil {
		return nil, err
	}
	if len(to) > 64 {
		return nil, fmt.Errorf("%d axes", len(to))
	}
	shape, err := accel.Broadcast(c.in[0].shape, accel.Shape(to))
	if err != nil {
		return nil, err
	}
	return single(c.expand(c.in[0], shape))
}

// lowerTile repeats x: an axis of extent e repeated r times is broadcast from
// [1 e] to [r e] and joined.
func lowerTile(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	x := c.in[0]
	repeats, err := c.forms(1)
	if err != nil {
		return nil, err
	}
	if len(repeats) != len(x.shape) {
		return nil, fmt.Errorf("%d repeats for %v", len(repeats), x.shape)
	}
	var split, spread, join accel.Shape
	for i, d := range x.shape {
		extent, err := mulForms(d, repeats[i])
		if err != nil {
			return nil, err
		}
		split, spread, join = append(split, accel.Fixed(1), d), append(spread, repeats[i], d), append(join, extent)
	}
	y, err := c.reshape(x, split)
	if err != nil {
		return nil, err
	}
	if y, err = c.expand(y, spread); err != nil {
		return nil, err
	}
	return single(c.reshape(y, join))
}

// lowerPad reads paddings from attributes (before opset 11) or operands.
func lowerPad(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	rank := len(c.in[0].shape)
	pads := c.attrInts("pads")
	if c.operand(1) != nil {
		var err error
		if pads, err = c.static(1); err != nil {
			return nil, err
		}
	}
	axes, err := c.padAxes(rank)
	if err != nil {
		return nil, err
	}
	if len(pads) != 2*len(axes) {
		return nil, fmt.Errorf("pads %v for %d axes", pads, len(axes))
	}
	op := accel.Pad{Before: make([]int, rank), After: make([]int, rank), Mode: accel.PadMode(c.attrText("mode", "constant"))}
	for i, axis := range axes {
		if op.Before[axis], op.After[axis], err = padPair(pads[i], pads[i+len(axes)]); err != nil {
			return nil, err
		}
	}
	if op.Value, err = c.padValue(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(append(slices.Clone(op.Before), op.After...), func(n int) bool { return n != 0 }) {
		return c.in[:1], nil
	}
	return c.one(op, c.in[0])
}

func (c *call) padAxes(rank int) ([]int, error) {
	if c.operand(3) != nil {
		return c.axes(3, rank)
	}
	axes := make([]int, rank)
	for i := range axes {
		axes[i] = i
	}
	return axes, nil
}

func padPair(before, after int64) (int, int, error) {
	if before < 0 || after < 0 || before > maxWindow || after > maxWindow {
		return 0, 0, fmt.Errorf("padding %d before and %d after: only 0 to %d is supported", before, after, maxWindow)
	}
	return int(before), int(after), nil
}

func (c *call) padValue() (float32, error) {
	if c.operand(2) == nil {
		return c.attrFloat("value", 0), nil
	}
	v, ok := c.in[2].scalar()
	if !ok {
		return 0, errors.New("the padding value must be a constant of the file")
	}
	return v, nil
}
