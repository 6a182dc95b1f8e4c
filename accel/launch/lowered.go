package launch

import (
	"fmt"

	"ttad/accel"
	"ttad/accel/kernels"
)

// lower turns a plan into launches for so many rows, whose arguments are as their
// kernels want them.
func (d *Device) lower(p *plan, rows int) (*lowering, error) {
	l := &lowering{program: p.program, rows: rows, form: p.form}
	for i, n := range p.nodes {
		l.node = i
		if err := l.lower(n); err != nil {
			return nil, fmt.Errorf("%s: %w", p.describe(i), err)
		}
	}
	for _, piece := range l.pieces {
		if piece.floats > accel.MaxElements {
			return nil, fmt.Errorf("%s: scratch of %d floats, kernels index %d: use smaller batches", p.describe(piece.node), piece.floats, accel.MaxElements)
		}
	}
	for i := range l.out {
		if err := matches(&l.out[i], d.kernels); err != nil {
			return nil, fmt.Errorf("%s: %w", p.describe(l.out[i].node), err)
		}
	}
	return l, nil
}

// matches checks a launch against the signature of its kernel.
func matches(l *launch, all map[string]*kernels.Kernel) error {
	k := all[l.kernel]
	if k == nil {
		return fmt.Errorf("no kernel is called %s", l.kernel)
	}
	if len(l.args) != len(k.Params) {
		return fmt.Errorf("kernel %s takes %d arguments, %d given", k.Name, len(k.Params), len(l.args))
	}
	for i, p := range k.Params {
		if o := l.args[i]; o.kind == ofTooMuch {
			return fmt.Errorf("kernel %s takes an int32 for %s, %d given: use smaller batches", k.Name, p.Name, o.index)
		}
		if got := l.args[i].kind.kernelType(); got != p.Type {
			return fmt.Errorf("kernel %s takes %s for %s, %s given", k.Name, p.Type, p.Name, got)
		}
	}
	return nil
}

// kernelType is the type of parameter that takes an operand.
func (k operandKind) kernelType() kernels.Type {
	switch k {
	case ofInt:
		return kernels.Int
	case ofFloat:
		return kernels.Float
	}
	return kernels.Memory
}

// measure lowers the plan for the largest batch and lays out its memory.
func (p *plan) measure(d *Device, maxRows int) error {
	l, err := d.lower(p, maxRows)
	if err != nil {
		return err
	}
	p.layout, p.tables, p.faults = layOut(p, l), len(l.numbers), len(l.faults)
	return nil
}

// fitting reports a lowering that does not take its memory as the one for the largest
// batch did.
func fitting(p *plan, l *lowering) error {
	if len(l.pieces) != len(p.layout.pieces) || len(l.faults) != p.faults {
		return fmt.Errorf("lowering for %d rows takes %d pieces and %d faults, for the most rows %d and %d", l.rows, len(l.pieces), len(l.faults), len(p.layout.pieces), p.faults)
	}
	for i, most := range p.layout.pieces {
		if l.pieces[i].node != most.node || l.pieces[i].floats > most.floats {
			return fmt.Errorf("%s takes scratch of %d floats for %d rows, %d for the most rows", p.describe(most.node), l.pieces[i].floats, l.rows, most.floats)
		}
	}
	return nil
}
