package launch

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"ttad/accel"
)

// exec is a compiled program: its plans, and its constants on the device. Each stream
// keeps a frame for it.
type exec struct {
	device  *Device
	id      int
	program *accel.Program
	maxRows int
	plans   []*plan // by form; a single one when the program has no norms
	weights weights
	size    sizes

	mu     sync.Mutex
	closed bool
	frames []*frame
	spare  *frame // made when compiling, for the first stream that comes
}

// Compile plans the program in each form and makes its constants resident. It takes
// the memory of one stream's values as well, so that a plan that does not fit is
// refused here and not in a run.
func (d *Device) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	e, err := d.compile(p, maxRows)
	if err != nil {
		return nil, fmt.Errorf("compile for %s: %w", d.info.Kind, err)
	}
	return e, nil
}

func (d *Device) compile(p *accel.Program, maxRows int) (*exec, error) {
	if err := p.CheckFor(d, maxRows); err != nil {
		return nil, err
	}
	if err := checkIndices(p); err != nil {
		return nil, err
	}
	id, err := d.open.Open(fmt.Sprintf("exec of %d steps for %d rows", len(p.Steps), maxRows))
	if err != nil {
		return nil, err
	}
	e := &exec{device: d, id: id, program: p, maxRows: maxRows}
	if err := e.prepare(); err != nil {
		d.release(id)
		return nil, err
	}
	return e, nil
}

// prepare plans and takes memory, all of it or none.
func (e *exec) prepare() error {
	forms := []form{forBatch, forGiven, forSource}
	if len(e.program.NormSteps) == 0 {
		forms = forms[:1]
	}
	for _, f := range forms {
		p := newPlan(e.program, f)
		if err := p.measure(e.device, e.maxRows); err != nil {
			return err
		}
		e.plans = append(e.plans, p)
	}
	e.size = sizesOf(e.plans)
	if err := e.fits(); err != nil {
		return err
	}
	err := e.load()
	if err == nil {
		return nil
	}
	err = errors.Join(err, e.unload())
	if errors.Is(err, accel.ErrOutOfMemory) {
		return e.tooLarge(err)
	}
	return err
}

// load makes constants resident and takes memory for a stream's values.
func (e *exec) load() error {
	if err := e.loadWeights(); err != nil {
		return err
	}
	var err error
	e.spare, err = newFrame(e)
	return err
}

// unload gives back what load took.
func (e *exec) unload() error {
	err := e.weights.free(e.device)
	if e.spare != nil {
		err = errors.Join(err, e.spare.free())
	}
	return err
}

// planFor picks the plan for a run: the folded one when every norm keeps its source
// moments and nobody wants the batch's.
func (e *exec) planFor(a *accel.Args) *plan {
	given := func(r accel.NormRule) bool { return r.Mode == accel.NormGiven }
	wanted := func(m accel.Buffer) bool { return m != nil }
	switch {
	case len(e.plans) == 1 || slices.ContainsFunc(a.Norms, mixes) || slices.ContainsFunc(a.Moments, wanted):
		return e.plans[forBatch]
	case slices.ContainsFunc(a.Norms, given):
		return e.plans[forGiven]
	}
	return e.plans[forSource]
}

// Program returns what was compiled.
func (e *exec) Program() *accel.Program { return e.program }

// MaxRows returns the largest batch.
func (e *exec) MaxRows() int { return e.maxRows }

// Close waits for runs, in all streams, and gives back weights and frames.
func (e *exec) Close() error {
	if err := e.device.open.Release(e.id); err != nil {
		return err
	}
	e.mu.Lock()
	e.closed = true
	frames := slices.Clone(e.frames) // streams that close meanwhile take theirs off the list
	e.mu.Unlock()
	var err error
	for _, f := range frames {
		err = errors.Join(err, f.leave())
	}
	if err := errors.Join(err, e.unload()); err != nil {
		return fmt.Errorf("close exec: %w", err)
	}
	return nil
}

// frameFor returns the frame of a stream, whose owner's turn it is.
func (e *exec) frameFor(s *stream) (*frame, error) {
	if f := s.frames[e]; f != nil {
		return f, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fmt.Errorf("%s exec #%d is closed", e.device.info.Kind, e.id)
	}
	f := e.spare
	e.spare = nil
	if f == nil {
		var err error
		if f, err = newFrame(e); err != nil {
			return nil, fmt.Errorf("memory of a stream for exec #%d: %w", e.id, err)
		}
	}
	f.stream = s
	s.frames[e] = f
	e.frames = append(e.frames, f)
	return f, nil
}

// forget takes a frame off the list, when its stream closes.
func (e *exec) forget(f *frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frames = slices.DeleteFunc(e.frames, func(other *frame) bool { return other == f })
}

// leave frees a frame whose exec closes, once its stream is done with it.
func (f *frame) leave() error {
	s := f.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frames[f.exec] != f {
		return nil // the stream closed in the meantime
	}
	delete(s.frames, f.exec)
	s.queue.fail(s.settle(f.at))
	return f.free()
}
