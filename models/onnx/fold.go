package onnx

import (
	"fmt"

	"ttad/accel"
	"ttad/accel/plain"
)

// foldable reports whether an operator on constants is computed at import. The
// costly ones stay steps: the folder's loops are plain, and exporters leave
// hardly any of them on constants.
func foldable(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.MatMul, accel.Pool, accel.Norm, accel.InstanceNorm:
		return false
	}
	return true
}

// spend takes visited elements from the import's budget.
func (im *importer) spend(shapes ...accel.Shape) error {
	for _, s := range shapes {
		n := s.Elements(1)
		if n < 0 || n > im.budget {
			return fmt.Errorf("constant of shape %v: the constants of this file grow out of proportion to its size", s)
		}
		im.budget -= n
	}
	return nil
}

// fold applies op to constants.
func (im *importer) fold(op accel.Op, in []*operand, shape accel.Shape, integer bool) (*operand, error) {
	if err := im.spend(shape); err != nil {
		return nil, err
	}
	if len(in) > 0 && places(op) && wholeNumbers(op, in) {
		return im.foldPlacement(op, in, shape)
	}
	tensors := make([]*accel.Tensor, len(in))
	for i, o := range in {
		if o == nil {
			continue
		}
		if err := im.spend(o.shape); err != nil {
			return nil, err
		}
		var err error
		if tensors[i], err = o.tensor(); err != nil {
			return nil, err
		}
	}
	out, err := plain.Eval(op, tensors)
	if err != nil {
		return nil, err
	}
	folded := floatConstant("", out[0].Data, out[0].Shape...)
	if integer {
		return folded.toInts()
	}
	return folded, nil
}

// toInts turns whole numbers back into linear forms.
func (o *operand) toInts() (*operand, error) {
	forms := make([]accel.Dim, len(o.floats))
	for i, f := range o.floats {
		if !(f > -1<<62 && f < 1<<62) {
			return nil, fmt.Errorf("constant %q: %v does not fit an integer", o.name, f)
		}
		forms[i] = accel.Fixed(int(f))
	}
	return intConstant(o.name, forms, o.shape.At(1)...), nil
}

// places reports whether op only puts elements elsewhere.
func places(op accel.Op) bool {
	switch op.(type) {
	case accel.Reshape, accel.Transpose, accel.Concat, accel.Slice, accel.Expand, accel.Gather:
		return true
	}
	return false
}

// wholeNumbers reports whether the elements placed by op are linear forms.
func wholeNumbers(op accel.Op, in []*operand) bool {
	if _, ok := op.(accel.Gather); ok {
		in = in[:1]
	}
	for _, o := range in {
		if o.ints == nil {
			return false
		}
	}
	return true
}

// foldPlacement moves linear forms about. It asks the folder where op puts the
// numbers 0, 1, 2, ... and then puts the forms there: one implementation of
// every such operator serves both kinds of constants.
func (im *importer) foldPlacement(op accel.Op, in []*operand, shape accel.Shape) (*operand, error) {
	var forms []accel.Dim
	tensors := make([]*accel.Tensor, len(in))
	for i, o := range in {
		if err := im.spend(o.shape); err != nil {
			return nil, err
		}
		if _, ok := op.(accel.Gather); ok && i == 1 {
			indices, err := o.tensor()
			if err != nil {
				return nil, err
			}
			tensors[1] = indices
			continue
		}
		tensors[i] = counting(len(forms), o.shape)
		forms = append(forms, o.ints...)
	}
	if len(forms) > 1<<24 {
		return nil, fmt.Errorf("%d integers in a constant, at most %d are followed", len(forms), 1<<24)
	}
	out, err := plain.Eval(op, tensors)
	if err != nil {
		return nil, err
	}
	placed := make([]accel.Dim, len(out[0].Data))
	for i, at := range out[0].Data {
		placed[i] = forms[int(at)]
	}
	return intConstant("", placed, shape.At(1)...), nil
}

// counting returns a tensor holding first, first+1, ...
func counting(first int, s accel.Shape) *accel.Tensor {
	t := accel.NewTensor(s.At(1)...)
	for i := range t.Data {
		t.Data[i] = float32(first + i)
	}
	return t
}
