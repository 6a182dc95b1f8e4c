package onnx

import (
	"ttad/accel"
)

// rewriter replaces steps of a program by fused ones. A replacement keeps its
// place and its result and may drop operands; steps nobody reads any more are
// removed by prune. A rewrite is therefore always right; counting uses only
// keeps it from computing something twice.
type rewriter struct {
	prog     *accel.Program
	producer []int // step that computes a value, -1 for inputs and constants
	uses     []int
}

func newRewriter(p *accel.Program) *rewriter {
	r := &rewriter{prog: p, producer: make([]int, len(p.Values)), uses: make([]int, len(p.Values))}
	for i := range r.producer {
		r.producer[i] = -1
	}
	for i := range p.Steps {
		for _, id := range p.Steps[i].Out {
			r.producer[id] = i
		}
		r.use(p.Steps[i].In)
	}
	r.use(p.Outputs)
	return r
}

func (r *rewriter) use(ids []accel.ValueID) {
	for _, id := range ids {
		if id != accel.NoValue {
			r.uses[id]++
		}
	}
}

// step returns the step that computes a value, or nil.
func (r *rewriter) step(id accel.ValueID) *accel.Step {
	if id == accel.NoValue || r.producer[id] < 0 {
		return nil
	}
	return &r.prog.Steps[r.producer[id]]
}

// replace makes step i compute the same result otherwise.
func (r *rewriter) replace(i int, op accel.Op, in ...accel.ValueID) {
	r.prog.Steps[i].Op, r.prog.Steps[i].In = op, in
	r.use(in)
}

// mapped returns x when id is fn(x) of a function without parameters.
func (r *rewriter) mapped(id accel.ValueID, fn accel.MapFn) (accel.ValueID, bool) {
	s := r.step(id)
	if s == nil {
		return 0, false
	}
	m, ok := s.Op.(accel.Map)
	return s.In[0], ok && m.Fn == fn
}

// combined returns a and b when id is fn(a, b).
func (r *rewriter) combined(id accel.ValueID, fn accel.BinaryFn) (a, b accel.ValueID, ok bool) {
	s := r.step(id)
	if s == nil {
		return 0, 0, false
	}
	op, ok := s.Op.(accel.Binary)
	if !ok || op.Fn != fn {
		return 0, 0, false
	}
	return s.In[0], s.In[1], true
}

// number returns the value of a constant with one element.
func (r *rewriter) number(id accel.ValueID) (float32, bool) {
	if c := r.prog.Values[id].Const; len(c) == 1 {
		return c[0], true
	}
	return 0, false
}

// withNumber splits fn(a, b), one of which is a single number; for functions
// whose operands may be swapped.
func (r *rewriter) withNumber(id accel.ValueID, fn accel.BinaryFn) (x accel.ValueID, c float32, ok bool) {
	a, b, ok := r.combined(id, fn)
	if !ok {
		return 0, 0, false
	}
	if c, ok = r.number(b); ok {
		return a, c, true
	}
	c, ok = r.number(a)
	return b, c, ok
}

func (r *rewriter) shape(id accel.ValueID) accel.Shape { return r.prog.Values[id].Shape }

// prune removes steps and values that do not lead to an output, keeping the
// inputs, and numbers the norms. It returns where each value went, NoValue for
// those removed.
func prune(p *accel.Program) []accel.ValueID {
	live := make([]bool, len(p.Values))
	mark := func(ids []accel.ValueID) {
		for _, id := range ids {
			if id != accel.NoValue {
				live[id] = true
			}
		}
	}
	mark(p.Outputs)
	keep := make([]bool, len(p.Steps))
	for i := len(p.Steps) - 1; i >= 0; i-- {
		if live[p.Steps[i].Out[0]] {
			keep[i] = true
			mark(p.Steps[i].In)
		}
	}
	mark(p.Inputs)
	steps := p.Steps[:0]
	p.NormSteps = nil
	for i, s := range p.Steps {
		if !keep[i] {
			continue
		}
		if _, ok := s.Op.(accel.Norm); ok {
			p.NormSteps = append(p.NormSteps, len(steps))
		}
		steps = append(steps, s)
	}
	p.Steps = steps
	return compact(p, live)
}

// compact renumbers the live values.
func compact(p *accel.Program, live []bool) []accel.ValueID {
	to := make([]accel.ValueID, len(p.Values))
	values := make([]accel.Value, 0, len(p.Values))
	for i, v := range p.Values {
		to[i] = accel.NoValue
		if live[i] {
			to[i] = accel.ValueID(len(values))
			values = append(values, v)
		}
	}
	p.Values = values
	lists := [][]accel.ValueID{p.Inputs, p.Outputs}
	for _, s := range p.Steps {
		lists = append(lists, s.In, s.Out)
	}
	for _, list := range lists {
		for k, id := range list {
			if id != accel.NoValue {
				list[k] = to[id]
			}
		}
	}
	return to
}
