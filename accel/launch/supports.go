package launch

import "ttad/accel"

// Supports accepts every operator of package accel on up to 8 axes.
func (d *Device) Supports(p *accel.Program, step int) error { return p.CheckStep(step, known) }

// known reports whether lower has launches for the operator.
func known(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.Norm, accel.MatMul, accel.Map, accel.Binary, accel.Where, accel.Pool,
		accel.Reduce, accel.Softmax, accel.LayerNorm, accel.InstanceNorm, accel.Reshape,
		accel.Transpose, accel.Concat, accel.Slice, accel.Pad, accel.Gather, accel.Expand, accel.PriorRatio, accel.LAME:
		return true
	}
	return false
}
