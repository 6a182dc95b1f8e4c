package cpu

import (
	"fmt"
	"sync"

	"ttad/accel"
)

// exec is a compiled program. It does not change after Compile.
type exec struct {
	device  *Device
	id      int
	program *accel.Program
	maxRows int
	// folded is for runs in which every norm keeps its source moments; nil when
	// the program has no norms, and then live serves all runs.
	folded, live *plan
	running      sync.RWMutex // read-held during runs, so that Close waits for them
}

// Compile packs weights and lays out memory for batches of up to maxRows rows.
func (d *Device) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	if err := d.accepts(p, maxRows); err != nil {
		return nil, fmt.Errorf("compile for cpu: %w", err)
	}
	e := &exec{device: d, program: p, maxRows: maxRows}
	shared := packs{}
	var err error
	if e.live, err = newPlan(d, p, maxRows, false, shared); err != nil {
		return nil, fmt.Errorf("compile for cpu: %w", err)
	}
	if len(p.NormSteps) > 0 {
		if e.folded, err = newPlan(d, p, maxRows, true, shared); err != nil {
			return nil, fmt.Errorf("compile for cpu: %w", err)
		}
	}
	e.id, err = d.register(fmt.Sprintf("exec of %d steps for %d rows", len(p.Steps), maxRows))
	if err != nil {
		return nil, fmt.Errorf("compile for cpu: %w", err)
	}
	return e, nil
}

func (d *Device) accepts(p *accel.Program, maxRows int) error {
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
			return fmt.Errorf("value %q %v has 2^31 elements or more at %d rows", v.Name, v.Shape, maxRows)
		}
	}
	return nil
}

// Program returns what was compiled.
func (e *exec) Program() *accel.Program { return e.program }

// MaxRows returns the largest batch.
func (e *exec) MaxRows() int { return e.maxRows }

// Close waits for runs and gives back their scratch.
func (e *exec) Close() error {
	e.running.Lock()
	defer e.running.Unlock()
	return e.device.release(e.id)
}

// planFor picks the plan for the rules: the folded one when no norm has
// anything to measure or to mix. A blend that gives the source all the weight
// is the source.
func (e *exec) planFor(a accel.Args) *plan {
	if e.folded == nil {
		return e.live
	}
	for _, m := range a.Moments {
		if m != nil {
			return e.live
		}
	}
	for i := range a.Norms {
		if !isSource(&a.Norms[i]) {
			return e.live
		}
	}
	return e.folded
}

func isSource(r *accel.NormRule) bool {
	return r.Mode == accel.NormSource || r.Mode == accel.NormBlend && r.SourceWeight == 1
}
