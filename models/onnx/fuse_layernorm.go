package onnx

import (
	"slices"

	"ttad/accel"
)

// Before opset 17 a layer norm is exported as seven nodes:
//
//	d = x - ReduceMean(x);  y = d / Sqrt(ReduceMean(d*d) + eps) * scale + bias
//
// fuseLayerNorm starts from the multiplication by the scale, fuseLayerNormBias
// adds the bias to what that made.

func fuseLayerNorm(r *rewriter, i int) bool {
	a, b, ok := r.product(i)
	if !ok {
		return false
	}
	for _, pair := range [][2]accel.ValueID{{a, b}, {b, a}} {
		scale := r.prog.Values[pair[1]]
		if scale.Const == nil {
			continue
		}
		x, axis, eps, ok := r.standardized(pair[0])
		if !ok || !scale.Shape.Equal(r.shape(x)[axis:]) {
			continue
		}
		r.replace(i, accel.LayerNorm{Axis: axis, Eps: eps}, x, pair[1])
		return true
	}
	return false
}

// standardized matches d / Sqrt(ReduceMean(d*d) + eps) and returns x, the first
// axis of the mean and eps.
func (r *rewriter) standardized(id accel.ValueID) (x accel.ValueID, axis int, eps float32, ok bool) {
	d, root, ok := r.combined(id, accel.Div)
	if !ok {
		return
	}
	shifted, ok := r.mapped(root, accel.Sqrt)
	if !ok {
		return
	}
	variance, eps, ok := r.withNumber(shifted, accel.Add)
	if !ok {
		return
	}
	square, axes, ok := r.tailMean(variance)
	if !ok {
		return
	}
	p, q, ok := r.combined(square, accel.Mul)
	if !ok || p != d || q != d {
		return x, 0, 0, false
	}
	x, mean, ok := r.combined(d, accel.Sub)
	if !ok {
		return
	}
	of, meanAxes, ok := r.tailMean(mean)
	return x, axes[0], eps, ok && of == x && slices.Equal(axes, meanAxes)
}

// tailMean matches a mean over the last axes that keeps them as 1.
func (r *rewriter) tailMean(id accel.ValueID) (x accel.ValueID, axes []int, ok bool) {
	s := r.step(id)
	if s == nil {
		return 0, nil, false
	}
	op, ok := s.Op.(accel.Reduce)
	if !ok || op.Fn != accel.ReduceMean || !op.KeepDims || len(op.Axes) == 0 {
		return 0, nil, false
	}
	x = s.In[0]
	last := op.Axes[len(op.Axes)-1]
	contiguous := last-op.Axes[0] == len(op.Axes)-1
	return x, op.Axes, contiguous && last == len(r.shape(x))-1
}

func fuseLayerNormBias(r *rewriter, i int) bool {
	a, b, ok := r.combined(r.prog.Steps[i].Out[0], accel.Add)
	if !ok {
		return false
	}
	for _, pair := range [][2]accel.ValueID{{a, b}, {b, a}} {
		s, bias := r.step(pair[0]), r.prog.Values[pair[1]]
		if s == nil || bias.Const == nil || r.uses[pair[0]] != 1 {
			continue
		}
		norm, ok := s.Op.(accel.LayerNorm)
		if !ok || len(s.In) > 2 || !bias.Shape.Equal(r.shape(pair[0])[norm.Axis:]) {
			continue
		}
		r.replace(i, norm, s.In[0], s.In[1], pair[1])
		return true
	}
	return false
}
