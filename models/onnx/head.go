package onnx

import (
	"slices"

	"ttad/accel"
	"ttad/models"
)

// head returns the last linear layer and its input when the logits are
// features*Weight^T + Bias with constant Weight and Bias. The pair of logits
// made from a single one is such a layer too, its first row being 0.
func (r *rewriter) head(logits accel.ValueID) (accel.ValueID, *models.Head) {
	s := r.step(logits)
	if s == nil {
		return accel.NoValue, nil
	}
	if _, ok := s.Op.(accel.Concat); ok && len(s.In) == 2 {
		return r.binaryHead(s)
	}
	m, ok := s.Op.(accel.MatMul)
	if !ok || m.TransA || len(r.shape(s.In[0])) != 2 || r.prog.Values[s.In[1]].Const == nil || len(r.shape(s.In[1])) != 2 {
		return accel.NoValue, nil
	}
	head := &models.Head{Weight: r.headWeight(m, s.In[1])}
	if len(s.In) > 2 && s.In[2] != accel.NoValue {
		c := r.prog.Values[s.In[2]]
		if c.Const == nil {
			return accel.NoValue, nil
		}
		head.Bias = headBias(m, c, head.Weight.Rows())
	}
	return s.In[0], head
}

// headWeight returns the layer's matrix as [Classes FeatureWidth].
func (r *rewriter) headWeight(m accel.MatMul, id accel.ValueID) *accel.Tensor {
	b := r.prog.Values[id]
	rows, columns := b.Shape[0].Fixed, b.Shape[1].Fixed
	if !m.TransB {
		rows, columns = columns, rows
	}
	w := accel.NewTensor(rows, columns)
	for i := range rows {
		for j := range columns {
			at := i*columns + j
			if !m.TransB {
				at = j*rows + i
			}
			w.Data[i*columns+j] = m.Alpha * b.Const[at]
		}
	}
	return w
}

func headBias(m accel.MatMul, c accel.Value, classes int) []float32 {
	bias := make([]float32, classes)
	for i := range bias {
		bias[i] = m.Beta * c.Const[i%len(c.Const)]
	}
	return bias
}

// binaryHead matches Concat(0*z, z), with z from a linear layer.
func (r *rewriter) binaryHead(s *accel.Step) (accel.ValueID, *models.Head) {
	zero := r.step(s.In[0])
	if zero == nil {
		return accel.NoValue, nil
	}
	m, ok := zero.Op.(accel.Map)
	if !ok || m != (accel.Map{Fn: accel.Affine}) || zero.In[0] != s.In[1] {
		return accel.NoValue, nil
	}
	input, head := r.head(s.In[1])
	if head == nil {
		return accel.NoValue, nil
	}
	width := head.Weight.RowLen()
	head.Weight = accel.TensorOf(slices.Concat(make([]float32, width), head.Weight.Data), 2, width)
	if head.Bias != nil {
		head.Bias = append([]float32{0}, head.Bias...)
	}
	return input, head
}
