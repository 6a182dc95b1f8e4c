package launch

import (
	"fmt"
	"slices"

	"ttad/accel"
)

// maxRank is the largest number of axes kernels keep indices for.
const maxRank = 8

// Supports accepts every operator of package accel on up to 8 axes.
func (d *Device) Supports(p *accel.Program, step int) error {
	s := &p.Steps[step]
	if !known(s.Op) {
		return accel.Unsupported(*s, fmt.Sprintf("%T has no kernel", s.Op))
	}
	for _, id := range slices.Concat(s.In, s.Out) {
		if id != accel.NoValue && len(p.Values[id].Shape) > maxRank {
			return accel.Unsupported(*s, fmt.Sprintf("%v has more than %d axes", p.Values[id].Shape, maxRank))
		}
	}
	return nil
}

func known(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.Norm, accel.MatMul, accel.Map, accel.Binary, accel.Where, accel.Pool,
		accel.Reduce, accel.Softmax, accel.LayerNorm, accel.InstanceNorm, accel.Reshape,
		accel.Transpose, accel.Concat, accel.Slice, accel.Pad, accel.Gather, accel.Expand, accel.PriorRatio, accel.LAME:
		return true
	}
	return false
}
