package accel

import "fmt"

// Check reports what is wrong with a program that no device could run: an
// operand used before it is ready, a shape that is not the inferred one, a
// constant of the wrong length, norm steps not listed in order. Devices call it
// when compiling, so that kernels may trust what they are given.
func (p *Program) Check() error {
	ready := make([]bool, len(p.Values))
	for i, v := range p.Values {
		if v.Const == nil {
			continue
		}
		if n := v.Shape.Elements(1); !v.Shape.Static() || n != len(v.Const) {
			return fmt.Errorf("constant %q: %d values for shape %v", v.Name, len(v.Const), v.Shape)
		}
		ready[i] = true
	}
	for i, id := range p.Inputs {
		if !p.has(id) || ready[id] {
			return fmt.Errorf("program input %d: value %d does not exist, is constant or listed twice", i, id)
		}
		ready[id] = true
	}
	for i := range p.Steps {
		if err := p.checkStep(i, ready); err != nil {
			return fmt.Errorf("node %q: %w", p.Steps[i].Name, err)
		}
	}
	for i, id := range p.Outputs {
		if !p.has(id) || !ready[id] {
			return fmt.Errorf("program output %d: value %d is never computed", i, id)
		}
	}
	return p.checkNorms()
}

func (p *Program) has(id ValueID) bool { return id >= 0 && int(id) < len(p.Values) }

func (p *Program) checkStep(i int, ready []bool) error {
	s := &p.Steps[i]
	if s.Op == nil {
		return fmt.Errorf("step %d has no operator", i)
	}
	for k, id := range s.In {
		if id != NoValue && (!p.has(id) || !ready[id]) {
			return fmt.Errorf("op %s: operand %d is value %d, which is not computed before", s.Op.Kind(), k, id)
		}
	}
	shapes, err := s.Op.Infer(p.OperandShapes(i))
	if err != nil {
		return fmt.Errorf("op %s: %w", s.Op.Kind(), err)
	}
	if len(shapes) != len(s.Out) {
		return fmt.Errorf("op %s: %d results, want %d", s.Op.Kind(), len(s.Out), len(shapes))
	}
	for k, id := range s.Out {
		if !p.has(id) || ready[id] {
			return fmt.Errorf("op %s: result %d is value %d, which does not exist or is computed twice", s.Op.Kind(), k, id)
		}
		if !p.Values[id].Shape.Equal(shapes[k]) {
			return fmt.Errorf("op %s: result %q is declared %v, but is %v", s.Op.Kind(), p.Values[id].Name, p.Values[id].Shape, shapes[k])
		}
		ready[id] = true
	}
	return nil
}

// OperandShapes returns the shapes of a step's operands, nil where absent.
func (p *Program) OperandShapes(step int) []Shape {
	in := make([]Shape, len(p.Steps[step].In))
	for k, id := range p.Steps[step].In {
		if id != NoValue {
			in[k] = p.Values[id].Shape
		}
	}
	return in
}

func (p *Program) checkNorms() error {
	next := 0
	for i := range p.Steps {
		if _, ok := p.Steps[i].Op.(Norm); !ok {
			continue
		}
		if next >= len(p.NormSteps) || p.NormSteps[next] != i {
			return fmt.Errorf("node %q: norm step %d is not entry %d of the norm steps %v", p.Steps[i].Name, i, next, p.NormSteps)
		}
		next++
	}
	if next != len(p.NormSteps) {
		return fmt.Errorf("%d norm steps listed, the program has %d", len(p.NormSteps), next)
	}
	return nil
}

// CheckRules reports norm rules that do not fit the program: the wrong number,
// an unknown mode, a weight outside [0,1], given moments of the wrong length.
func (p *Program) CheckRules(rules []NormRule) error {
	if len(rules) == 0 {
		return nil
	}
	if len(rules) != len(p.NormSteps) {
		return fmt.Errorf("%d norm rules for %d norm steps", len(rules), len(p.NormSteps))
	}
	for i, r := range rules {
		if err := r.check(p.NormChannels(i)); err != nil {
			return fmt.Errorf("node %q: norm rule %d: %w", p.Steps[p.NormSteps[i]].Name, i, err)
		}
	}
	return nil
}

// NormChannels returns the number of channels of a norm.
func (p *Program) NormChannels(norm int) int {
	return p.Values[p.Steps[p.NormSteps[norm]].In[0]].Shape[1].Fixed
}

func (r NormRule) check(channels int) error {
	switch r.Mode {
	case NormSource:
	case NormBlend:
		if !(r.SourceWeight >= 0 && r.SourceWeight <= 1) {
			return fmt.Errorf("source weight %v is outside [0,1]", r.SourceWeight)
		}
	case NormGiven:
		if len(r.Mean) != channels || len(r.Var) != channels {
			return fmt.Errorf("%d means and %d variances for %d channels", len(r.Mean), len(r.Var), channels)
		}
	default:
		return fmt.Errorf("mode %d does not exist", r.Mode)
	}
	return nil
}
