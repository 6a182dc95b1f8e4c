package accel

import (
	"fmt"
	"slices"
)

// CheckFor reports what keeps a device from compiling a program for batches of up to
// maxRows rows: what Check finds, steps the device does not support, values too large
// to index.
func (p *Program) CheckFor(d Device, maxRows int) error {
	if maxRows < 1 {
		return fmt.Errorf("batches of up to %d rows", maxRows)
	}
	if err := p.Check(); err != nil {
		return err
	}
	for i := range p.Steps {
		if err := d.Supports(p, i); err != nil {
			return err
		}
	}
	for _, v := range p.Values {
		if v.Shape.Elements(maxRows) < 0 {
			return fmt.Errorf("value %q %v has more than 2^31-4096 elements at %d rows", v.Name, v.Shape, maxRows)
		}
	}
	return nil
}

// MaxRank is the largest number of axes that the kernels of our devices keep indices for.
const MaxRank = 8

// CheckStep is what Supports says of a device that has kernels for the operators it
// knows, on up to MaxRank axes: nil, or an error wrapping ErrUnsupported.
func (p *Program) CheckStep(step int, known func(Op) bool) error {
	s := &p.Steps[step]
	if !known(s.Op) {
		return Unsupported(*s, fmt.Sprintf("%T has no kernel", s.Op))
	}
	for _, id := range slices.Concat(s.In, s.Out) {
		if id != NoValue && len(p.Values[id].Shape) > MaxRank {
			return Unsupported(*s, fmt.Sprintf("%v has more than %d axes", p.Values[id].Shape, MaxRank))
		}
	}
	return nil
}

// CheckArgs reports operands of a run that do not fit the program, whatever the
// device: the wrong number of buffers, norm rules that CheckRules refuses, a buffer
// for results that is also used otherwise. Whose the buffers are, and whether they are
// large enough, is the device's to check.
func (p *Program) CheckArgs(a Args) error {
	if len(a.Inputs) != len(p.Inputs) || len(a.Outputs) != len(p.Outputs) {
		return fmt.Errorf("%d inputs and %d outputs given, want %d and %d", len(a.Inputs), len(a.Outputs), len(p.Inputs), len(p.Outputs))
	}
	if err := p.CheckRules(a.Norms); err != nil {
		return err
	}
	if len(a.Moments) != 0 && len(a.Moments) != len(p.NormSteps) {
		return fmt.Errorf("%d moment buffers for %d norm steps", len(a.Moments), len(p.NormSteps))
	}
	for i, b := range a.Outputs {
		if err := distinct(b, a.Inputs, a.Outputs[:i], nil); err != nil {
			return fmt.Errorf("output %q: %w", p.Values[p.Outputs[i]].Name, err)
		}
	}
	for i, b := range a.Moments {
		if err := distinct(b, a.Inputs, a.Outputs, a.Moments[:i]); err != nil {
			return fmt.Errorf("moments of norm %d: %w", i, err)
		}
	}
	return nil
}

// distinct refuses a buffer for results that is also an input or has other results.
func distinct(b Buffer, inputs, outputs, moments []Buffer) error {
	if b == nil {
		return nil
	}
	if i := slices.Index(inputs, b); i >= 0 {
		return fmt.Errorf("its buffer is also input %d", i)
	}
	if i := slices.Index(outputs, b); i >= 0 {
		return fmt.Errorf("its buffer is also output %d", i)
	}
	if i := slices.Index(moments, b); i >= 0 {
		return fmt.Errorf("its buffer is also for the moments of norm %d", i)
	}
	return nil
}
