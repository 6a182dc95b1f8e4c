package onnx

import (
	"errors"
	"fmt"
	"math"

	"ttad/accel"
)

// farAway is how exporters write "to the end": any number no axis reaches.
const farAway = math.MaxInt32

// lowerSlice reads bounds from attributes (before opset 10) or operands and
// applies one step per axis that is really cut.
func lowerSlice(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	cuts, err := c.cuts()
	if err != nil {
		return nil, err
	}
	x := c.in[0]
	for _, cut := range cuts {
		if x, err = c.cut(x, cut); err != nil {
			return nil, err
		}
	}
	return []*operand{x}, nil
}

// cut is a slice of one axis as the file states it.
type cut struct {
	axis       int
	start, end accel.Dim
	step       int
}

func (c *call) cuts() ([]cut, error) {
	starts, ends := fixedForms(c.attrInts("starts")), fixedForms(c.attrInts("ends"))
	if len(c.in) > 1 {
		var err error
		if starts, err = c.forms(1); err != nil {
			return nil, err
		}
		if ends, err = c.forms(2); err != nil {
			return nil, err
		}
	}
	rank := len(c.in[0].shape)
	axes, err := c.axes(3, rank)
	if err != nil {
		return nil, err
	}
	steps, err := c.steps(len(starts))
	if err != nil {
		return nil, err
	}
	if len(starts) > rank || len(ends) != len(starts) || len(steps) != len(starts) || axes != nil && len(axes) != len(starts) {
		return nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps for %v", len(starts), len(ends), len(axes), len(steps), c.in[0].shape)
	}
	out := make([]cut, len(starts))
	for i := range out {
		out[i] = cut{axis: i, start: starts[i], end: ends[i], step: steps[i]}
		if axes != nil {
			out[i].axis = axes[i]
		}
	}
	return out, nil
}

func fixedForms(list []int64) []accel.Dim {
	out := make([]accel.Dim, len(list))
	for i, v := range list {
		out[i] = accel.Fixed(int(v))
	}
	return out
}

func (c *call) steps(n int) ([]int, error) {
	out := make([]int, 0, n)
	if c.operand(4) == nil {
		for range n {
			out = append(out, 1)
		}
		return out, nil
	}
	list, err := c.static(4)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if s == 0 || s > farAway || s < -farAway {
			return nil, fmt.Errorf("step %d is out of range", s)
		}
		out = append(out, int(s))
	}
	return out, nil
}

// cut applies one slice.
func (c *call) cut(x *operand, k cut) (*operand, error) {
	extent := x.shape[k.axis]
	start, err := bound(k.start, extent, k.step < 0, false)
	if err != nil {
		return nil, err
	}
	end, err := bound(k.end, extent, k.step < 0, true)
	if err != nil {
		return nil, err
	}
	if start == accel.Fixed(0) && end == extent && k.step == 1 {
		return x, nil
	}
	count, err := countSteps(start, end, k.step)
	if err != nil {
		return nil, err
	}
	if count == accel.Fixed(0) {
		start = accel.Fixed(0)
	}
	return c.apply(accel.Slice{Axis: k.axis, Start: start, Count: count, Step: k.step}, x)
}

// bound makes a start or an end absolute and clamps it as ONNX does: forward
// slices to [0,extent], backward ones to [0,extent-1] for the start and
// [-1,extent-1] for the end.
func bound(b, extent accel.Dim, backward, end bool) (accel.Dim, error) {
	low, high := accel.Fixed(0), extent
	if backward {
		high = accel.Dim{PerRow: extent.PerRow, Fixed: extent.Fixed - 1}
	}
	if backward && end {
		low = accel.Fixed(-1)
	}
	switch {
	case b.Static() && b.Fixed >= farAway:
		return high, nil
	case b.Static() && b.Fixed <= -farAway:
		return low, nil
	}
	if negative, err := less(b, accel.Fixed(0)); err != nil {
		return b, err
	} else if negative {
		if b, err = addForms(b, extent); err != nil {
			return b, err
		}
	}
	b, err := choose(b, high, false)
	if err != nil {
		return b, err
	}
	return choose(b, low, true)
}

// countSteps returns how many elements lie between start and end.
func countSteps(start, end accel.Dim, step int) (accel.Dim, error) {
	span, err := subForms(end, start)
	if err != nil {
		return span, err
	}
	if step < 0 {
		span, step = accel.Dim{PerRow: -span.PerRow, Fixed: -span.Fixed}, -step
	}
	if empty, err := less(span, accel.Fixed(1)); err == nil && empty {
		return accel.Fixed(0), nil
	}
	return divForms(accel.Dim{PerRow: span.PerRow, Fixed: span.Fixed + step - 1}, accel.Fixed(step))
}

// lowerSplit reads sizes from an attribute (before opset 13), an operand, or
// divides evenly.
func lowerSplit(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	x := c.in[0]
	axis, err := axisOf(c.attrInt("axis", 0), len(x.shape))
	if err != nil {
		return nil, err
	}
	sizes, err := c.splitSizes(x.shape[axis])
	if err != nil {
		return nil, err
	}
	out, at := []*operand{}, accel.Fixed(0)
	for _, size := range sizes {
		part, err := c.apply(accel.Slice{Axis: axis, Start: at, Count: size, Step: 1}, x)
		if err != nil {
			return nil, err
		}
		out = append(out, part)
		if at, err = addForms(at, size); err != nil {
			return nil, err
		}
	}
	if at != x.shape[axis] {
		return nil, fmt.Errorf("parts %v do not make up axis %d of %v", sizes, axis, x.shape)
	}
	return out, nil
}

func (c *call) splitSizes(extent accel.Dim) ([]accel.Dim, error) {
	if c.operand(1) != nil {
		return c.forms(1)
	}
	if sizes := c.attrInts("split"); sizes != nil {
		return fixedForms(sizes), nil
	}
	parts := len(c.node.Outputs)
	if !extent.Static() || parts == 0 {
		return nil, errors.New("an axis that depends on the number of rows is not split")
	}
	size := (extent.Fixed + parts - 1) / parts
	out := make([]accel.Dim, parts)
	for i := range out {
		out[i] = accel.Fixed(min(size, extent.Fixed-i*size))
	}
	return out, nil
}
