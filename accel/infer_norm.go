package accel

import "fmt"

// channelled checks that x has a channel axis whose extent is fixed, and that
// each named operand holds one value per channel.
func channelled(x Shape, names []string, vectors []Shape) error {
	if len(x) < 2 {
		return fmt.Errorf("x %v has no channel axis", x)
	}
	if !x[1].Static() {
		return fmt.Errorf("x %v: the number of channels depends on the number of rows", x)
	}
	for i, name := range names {
		if err := vectorOf(name, vectors[i], x[1]); err != nil {
			return err
		}
	}
	return nil
}

// Infer returns the shape of x.
func (n Norm) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 5, 5); err != nil {
		return nil, err
	}
	if err := channelled(in[0], []string{"gamma", "beta", "mean", "variance"}, in[1:]); err != nil {
		return nil, err
	}
	return one(in[0])
}

// Infer returns the shape of x.
func (n InstanceNorm) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 3, 3); err != nil {
		return nil, err
	}
	if err := channelled(in[0], []string{"scale", "bias"}, in[1:]); err != nil {
		return nil, err
	}
	return one(in[0])
}

// Infer returns the shape of x.
func (l LayerNorm) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 3); err != nil {
		return nil, err
	}
	x := in[0]
	if err := axisInRange(l.Axis, x); err != nil {
		return nil, err
	}
	tail := x[l.Axis:]
	if !tail.Static() {
		return nil, fmt.Errorf("x %v: the axes from %d on depend on the number of rows", x, l.Axis)
	}
	if !in[1].Equal(tail) {
		return nil, fmt.Errorf("scale %v does not match the normalized axes %v", in[1], tail)
	}
	if bias := optional(in, 2); bias != nil && !bias.Equal(tail) {
		return nil, fmt.Errorf("bias %v does not match the normalized axes %v", bias, tail)
	}
	return one(x)
}

// Infer returns the shape of x.
func (s Softmax) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	if err := axisInRange(s.Axis, in[0]); err != nil {
		return nil, err
	}
	return one(in[0])
}
