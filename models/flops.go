package models

import "ttad/accel"

// flops returns the floating-point operations of one step for a batch of one
// row; a multiplication and an addition count as two. Functions such as Exp
// count as one, moving elements as none.
func flops(p *accel.Program, step int) float64 {
	s := &p.Steps[step]
	size := func(id accel.ValueID) float64 { return float64(p.Values[id].Shape.Elements(1)) }
	out := size(s.Out[0])
	switch op := s.Op.(type) {
	case accel.Conv:
		w := p.Values[s.In[1]].Shape
		return 2 * out * float64(w[1:].Elements(1))
	case accel.MatMul:
		a := p.Values[s.In[0]].Shape
		inner := a[len(a)-1]
		if op.TransA {
			inner = a[len(a)-2]
		}
		return 2 * out * float64(inner.At(1))
	case accel.Pool:
		return out * float64(op.Kernel[0]*op.Kernel[1])
	case accel.Reduce:
		return size(s.In[0])
	case accel.Norm:
		if op.Virtual {
			return 0
		}
		return 2 * out
	case accel.Map, accel.Binary, accel.Where:
		return out
	case accel.Softmax:
		return 4 * out
	case accel.LayerNorm, accel.InstanceNorm:
		return 7 * out
	}
	return 0
}

// activations returns, in floats for a batch of one row, all results together
// and the most that are alive at once when each is dropped after its last use.
func activations(p *accel.Program) (total, peak int) {
	last := make([]int, len(p.Values))
	for i := range p.Steps {
		for _, id := range p.Steps[i].In {
			if id != accel.NoValue {
				last[id] = i
			}
		}
	}
	for _, id := range p.Outputs {
		last[id] = len(p.Steps)
	}
	dying := make(map[int]int, len(p.Steps))
	live := 0
	for _, id := range p.Inputs {
		n := p.Values[id].Shape.Elements(1)
		live += n
		dying[last[id]] += n
	}
	for i := range p.Steps {
		for _, id := range p.Steps[i].Out {
			n := p.Values[id].Shape.Elements(1)
			total += n
			live += n
			dying[last[id]] += n
		}
		peak = max(peak, live)
		live -= dying[i]
	}
	return total, peak
}
