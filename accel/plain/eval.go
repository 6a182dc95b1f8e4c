package plain

import (
	"fmt"

	"ttad/accel"
)

// Eval applies one operator to tensors in the order of its operands; nil, or
// being left off at the end, stands for an absent one. The operator's extents
// must be fixed (see accel.AtRows). A Norm normalizes with its source moments;
// other rules are the business of Norm.
//
// The result may be as large as the attributes ask for, up to the accel.MaxElements elements
// of accel.Elements: a caller with operators from outside infers shapes first.
func Eval(op accel.Op, in []*accel.Tensor) ([]*accel.Tensor, error) {
	shapes, err := resultShapes(op, in)
	if err != nil {
		return nil, fmt.Errorf("op %s: %w", op.Kind(), err)
	}
	out := make([]*accel.Tensor, len(shapes))
	for i, s := range shapes {
		if accel.Elements(s.At(0)) < 0 {
			return nil, fmt.Errorf("op %s: result %v has more than 2^31-4096 elements", op.Kind(), s)
		}
		out[i] = accel.NewTensor(s.At(0)...)
	}
	if err := fill(op, in, out[0]); err != nil {
		return nil, fmt.Errorf("op %s: %w", op.Kind(), err)
	}
	return out, nil
}

func resultShapes(op accel.Op, in []*accel.Tensor) ([]accel.Shape, error) {
	shapes := make([]accel.Shape, len(in))
	for i, t := range in {
		if t == nil {
			continue
		}
		if accel.Elements(t.Shape) != len(t.Data) {
			return nil, fmt.Errorf("operand %d: %d values for shape %v", i, len(t.Data), t.Shape)
		}
		shapes[i] = accel.StaticShape(t.Shape...)
	}
	out, err := op.Infer(shapes)
	if err != nil {
		return nil, err
	}
	for _, s := range out {
		if !s.Static() {
			return nil, fmt.Errorf("result %v depends on the number of rows", s)
		}
	}
	return out, nil
}

// fill computes the only result of op. Operands fit: Infer has accepted them.
func fill(op accel.Op, in []*accel.Tensor, y *accel.Tensor) error {
	switch op := op.(type) {
	case accel.Conv:
		conv(op, in[0], in[1], operand(in, 2), y)
	case accel.Norm:
		copy(y.Data, Norm(op, accel.NormRule{}, in[0], in[1], in[2], in[3], in[4]).Y.Data)
	case accel.MatMul:
		matMul(op, in[0], in[1], operand(in, 2), y)
	case accel.Map:
		mapEach(op, in[0], y)
	case accel.Binary:
		binary(op, in[0], in[1], y)
	case accel.Where:
		where(in[0], in[1], in[2], y)
	case accel.Pool:
		pool(op, in[0], y)
	case accel.Reduce:
		reduce(op, in[0], y)
	case accel.Softmax:
		softmax(op, in[0], y)
	case accel.LayerNorm:
		layerNorm(op, in[0], in[1], operand(in, 2), y)
	case accel.InstanceNorm:
		instanceNorm(op, in[0], in[1], in[2], y)
	case accel.PriorRatio:
		priorRatio(in[0], in[1], y)
	case accel.LAME:
		lame(op, in[0], in[1], y)
	default:
		return move(op, in, y)
	}
	return nil
}

// move computes the operators that only place elements elsewhere.
func move(op accel.Op, in []*accel.Tensor, y *accel.Tensor) error {
	switch op := op.(type) {
	case accel.Reshape:
		copy(y.Data, in[0].Data)
	case accel.Transpose:
		transpose(op, in[0], y)
	case accel.Concat:
		concat(op, in, y)
	case accel.Slice:
		slice(op, in[0], y)
	case accel.Pad:
		pad(op, in[0], y)
	case accel.Expand:
		expand(in[0], y)
	case accel.Gather:
		return gather(op, in[0], in[1], y)
	default:
		return fmt.Errorf("%T is not an operator of package accel", op)
	}
	return nil
}

func operand(in []*accel.Tensor, i int) *accel.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}
