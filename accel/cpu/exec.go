package cpu

import (
	"fmt"
	"slices"
	"sync"

	"ttad/accel"
)

// exec is a compiled program. It does not change after Compile.
type exec struct {
	device  *Device
	id      int
	program *accel.Program
	maxRows int
	// folded is for runs in which every norm keeps its source moments, given for
	// those in which none mixes in the batch's; nil when the program has no norms,
	// and then live serves all runs.
	folded, given, live *plan
	running             sync.RWMutex // read-held during runs, so that Close waits for them
}

// Compile packs weights and lays out memory for batches of up to maxRows rows.
func (d *Device) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	if err := p.CheckFor(d, maxRows); err != nil {
		return nil, fmt.Errorf("compile for cpu: %w", err)
	}
	e := &exec{device: d, program: p, maxRows: maxRows}
	shared := packs{}
	var err error
	for f, to := range []**plan{forBatch: &e.live, forGiven: &e.given, forSource: &e.folded} {
		if purpose(f) != forBatch && len(p.NormSteps) == 0 {
			break
		}
		if *to, err = newPlan(d, p, maxRows, purpose(f), shared); err != nil {
			return nil, fmt.Errorf("compile for cpu: %w", err)
		}
	}
	e.id, err = d.open.Open(fmt.Sprintf("exec of %d steps for %d rows", len(p.Steps), maxRows))
	if err != nil {
		return nil, fmt.Errorf("compile for cpu: %w", err)
	}
	return e, nil
}

// plans are those there are, the live one first.
func (e *exec) plans() []*plan {
	if e.folded == nil {
		return []*plan{e.live}
	}
	return []*plan{e.live, e.given, e.folded}
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

// planFor picks the plan for the rules: the folded one when no norm has anything to
// measure or to mix, the live one when a norm mixes in moments of the batch. A blend
// that gives the source all the weight is the source.
func (e *exec) planFor(a accel.Args) *plan {
	if e.folded == nil {
		return e.live
	}
	best := e.folded
	if slices.ContainsFunc(a.Moments, func(m accel.Buffer) bool { return m != nil }) {
		best = e.given
	}
	for i := range a.Norms {
		switch r := &a.Norms[i]; {
		case r.Mode == accel.NormGiven:
			best = e.given
		case !isSource(r):
			return e.live
		}
	}
	return best
}

func isSource(r *accel.NormRule) bool {
	return r.Mode == accel.NormSource || r.Mode == accel.NormBlend && r.SourceWeight == 1
}
