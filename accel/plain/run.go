package plain

import (
	"fmt"

	"ttad/accel"
)

// Result is what one run of a program yields.
type Result struct {
	Outputs []*accel.Tensor // as Program.Outputs
	Norms   []Normalized    // as Program.NormSteps
}

// Run evaluates a whole program for a batch of rows rows, step by step. Inputs
// are given as Program.Inputs; rules as Program.NormSteps, none meaning the
// source model.
func Run(p *accel.Program, inputs []*accel.Tensor, rows int, rules []accel.NormRule) (*Result, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := p.CheckRules(rules); err != nil {
		return nil, err
	}
	r := runner{p: p, rows: rows, rules: rules, values: make([]*accel.Tensor, len(p.Values))}
	if err := r.begin(inputs); err != nil {
		return nil, err
	}
	for i := range p.Steps {
		if err := r.step(&p.Steps[i]); err != nil {
			return nil, fmt.Errorf("node %q: %w", p.Steps[i].Name, err)
		}
	}
	out := &Result{Norms: r.norms}
	for _, id := range p.Outputs {
		out.Outputs = append(out.Outputs, r.values[id])
	}
	return out, nil
}

type runner struct {
	p      *accel.Program
	rows   int
	rules  []accel.NormRule
	values []*accel.Tensor
	norms  []Normalized
}

// begin places constants and inputs.
func (r *runner) begin(inputs []*accel.Tensor) error {
	if len(inputs) != len(r.p.Inputs) || r.rows < 1 {
		return fmt.Errorf("%d inputs of %d rows, want %d of 1 row or more", len(inputs), r.rows, len(r.p.Inputs))
	}
	for i, v := range r.p.Values {
		if v.Const != nil {
			r.values[i] = accel.TensorOf(v.Const, v.Shape.At(r.rows)...)
		}
	}
	for i, id := range r.p.Inputs {
		want := r.p.Values[id].Shape.At(r.rows)
		if accel.Elements(want) != len(inputs[i].Data) {
			return fmt.Errorf("input %q: %d values, want shape %v", r.p.Values[id].Name, len(inputs[i].Data), want)
		}
		r.values[id] = accel.TensorOf(inputs[i].Data, want...)
	}
	return nil
}

func (r *runner) step(s *accel.Step) error {
	in := make([]*accel.Tensor, len(s.In))
	for k, id := range s.In {
		if id != accel.NoValue {
			in[k] = r.values[id]
		}
	}
	if n, ok := s.Op.(accel.Norm); ok {
		var rule accel.NormRule
		if len(r.rules) > 0 {
			rule = r.rules[len(r.norms)]
		}
		r.norms = append(r.norms, Norm(n, rule, in[0], in[1], in[2], in[3], in[4]))
		r.values[s.Out[0]] = r.norms[len(r.norms)-1].Y
		return nil
	}
	out, err := Eval(accel.AtRows(s.Op, r.rows), in)
	if err != nil {
		return err
	}
	for k, id := range s.Out {
		r.values[id] = out[k]
	}
	return nil
}
