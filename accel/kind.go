package accel

// The kinds are what people read in listings and errors. Where one Go type
// stands for several ONNX operators, the kind is the function's own name.

func (Conv) Kind() string         { return "Conv" }
func (Norm) Kind() string         { return "Norm" }
func (MatMul) Kind() string       { return "MatMul" }
func (m Map) Kind() string        { return string(m.Fn) }
func (b Binary) Kind() string     { return string(b.Fn) }
func (Where) Kind() string        { return "Where" }
func (p Pool) Kind() string       { return string(p.Fn) + "Pool" }
func (r Reduce) Kind() string     { return "Reduce" + string(r.Fn) }
func (LayerNorm) Kind() string    { return "LayerNorm" }
func (InstanceNorm) Kind() string { return "InstanceNorm" }
func (Reshape) Kind() string      { return "Reshape" }
func (Transpose) Kind() string    { return "Transpose" }
func (Concat) Kind() string       { return "Concat" }
func (Slice) Kind() string        { return "Slice" }
func (Pad) Kind() string          { return "Pad" }
func (Gather) Kind() string       { return "Gather" }
func (Expand) Kind() string       { return "Expand" }

// Kind is Softmax or LogSoftmax.
func (s Softmax) Kind() string {
	if s.Log {
		return "LogSoftmax"
	}
	return "Softmax"
}
