package onnx

import (
	"fmt"
	"slices"

	"ttad/accel"
)

// lowerShape gives the extents from start to end (opset 15), all by default.
func lowerShape(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	rank := int64(len(c.in[0].shape))
	clamp := func(i int64) int64 {
		if i < 0 {
			i += rank
		}
		return max(0, min(i, rank))
	}
	start, end := clamp(c.attrInt("start", 0)), clamp(c.attrInt("end", rank))
	forms := slices.Clone([]accel.Dim(c.in[0].shape[start:max(start, end)]))
	if forms == nil {
		forms = []accel.Dim{}
	}
	return []*operand{intConstant("", forms, len(forms))}, nil
}

func lowerSize(c *call) ([]*operand, error) {
	if err := c.need(1); err != nil {
		return nil, err
	}
	n := accel.Fixed(1)
	for _, d := range c.in[0].shape {
		var err error
		if n, err = mulForms(n, d); err != nil {
			return nil, err
		}
	}
	return []*operand{intConstant("", []accel.Dim{n})}, nil
}

func lowerConstant(c *call) ([]*operand, error) {
	if len(c.node.Attrs) != 1 {
		return nil, fmt.Errorf("%d attributes, want one", len(c.node.Attrs))
	}
	a := &c.node.Attrs[0]
	switch {
	case a.Name == "value" && a.T != nil:
		return single(fromTensor(c.node.label(), a.T))
	case a.Name == "value_float":
		return []*operand{floatConstant(c.node.label(), []float32{a.F})}, nil
	case a.Name == "value_floats":
		return []*operand{floatConstant(c.node.label(), append([]float32{}, a.Floats...), len(a.Floats))}, nil
	case a.Name == "value_int":
		return []*operand{intConstant(c.node.label(), fixedForms([]int64{a.I}))}, nil
	case a.Name == "value_ints":
		return []*operand{intConstant(c.node.label(), fixedForms(a.Ints), len(a.Ints))}, nil
	}
	return nil, fmt.Errorf("constant given as %s is not supported", a.Name)
}

// fromTensor reads a constant of the file: integers as linear forms, so that
// they can take part in shape arithmetic, everything else as float32.
func fromTensor(name string, t *Tensor) (*operand, error) {
	extents, err := t.Extents()
	if err != nil {
		return nil, err
	}
	if !t.Type.Integer() {
		data, err := t.Float32s()
		if err != nil {
			return nil, err
		}
		return floatConstant(name, data, extents...), nil
	}
	ints, err := t.Int64Values()
	if err != nil {
		return nil, err
	}
	return intConstant(name, fixedForms(ints), extents...), nil
}

// lowerConstantOfShape fills a shape with one value; a shape that depends on the
// row count becomes a step.
func lowerConstantOfShape(c *call) ([]*operand, error) {
	forms, err := c.forms(0)
	if err != nil {
		return nil, err
	}
	fill := floatConstant(c.node.label(), []float32{0})
	if a := c.attr("value"); a != nil && a.T != nil {
		if fill, err = fromTensor(c.node.label(), a.T); err != nil {
			return nil, err
		}
	}
	if len(forms) > 64 {
		return nil, fmt.Errorf("%d axes", len(forms))
	}
	if _, ok := fill.scalar(); !ok {
		return nil, fmt.Errorf("value %v is not a single number", fill.shape)
	}
	scalar, err := c.reshape(fill, accel.Shape{})
	if err != nil {
		return nil, err
	}
	return single(c.expand(scalar, accel.Shape(forms)))
}

// lowerRange counts integers known at import.
func lowerRange(c *call) ([]*operand, error) {
	var v [3]int64
	for i := range v {
		list, err := c.static(i)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 {
			return nil, fmt.Errorf("operand %d has %d values, want one", i, len(list))
		}
		v[i] = list[0]
	}
	start, limit, delta := v[0], v[1], v[2]
	if delta == 0 || max(start, -start, limit, -limit, delta, -delta) > farAway {
		return nil, fmt.Errorf("range from %d to %d in steps of %d", start, limit, delta)
	}
	n := max(0, int((limit-start+delta-sign(delta))/delta))
	if err := c.im.spend(accel.StaticShape(n)); err != nil {
		return nil, err
	}
	out := make([]accel.Dim, n)
	for i := range out {
		out[i] = accel.Fixed(int(start + int64(i)*delta))
	}
	return []*operand{intConstant("", out, n)}, nil
}

func sign(d int64) int64 {
	if d < 0 {
		return -1
	}
	return 1
}
