package acceltest_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/handles"
	"ttad/accel/plain"
)

// null is the smallest device there can be, and the most distant one from a processor:
// its memory is behind handles, nothing it is told is done before somebody waits, and
// what it will have read by then is a copy. It computes with the plain loops. That it
// passes shows that neither the interface nor the suite takes a device's memory for the
// host's, or its queue for a call.
type null struct {
	open *handles.Set

	mu      sync.Mutex
	memory  map[int][]float32 // by handle
	streams map[int]*nullStream
}

func TestTheNullDevice(t *testing.T) {
	acceltest.RunAll(t, func(testing.TB) accel.Device {
		return &null{open: handles.New("null device"), memory: map[int][]float32{}, streams: map[int]*nullStream{}}
	})
}

func (*null) Info() accel.Info { return accel.Info{Kind: "null", Name: "nothing at all"} }

func (*null) Supports(*accel.Program, int) error { return nil }

func (d *null) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	if err := p.CheckFor(d, maxRows); err != nil {
		return nil, err
	}
	id, err := d.open.Open("exec")
	return &nullExec{d, id, p, maxRows}, err
}

func (d *null) Alloc(floats int) (accel.Buffer, error) {
	if floats > math.MaxInt32 {
		return nil, fmt.Errorf("buffer of %d floats: %w", floats, accel.ErrOutOfMemory)
	}
	id, err := d.open.Open(fmt.Sprintf("buffer of %d floats", floats))
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.memory[id] = slices.Repeat([]float32{float32(math.NaN())}, floats)
	return &nullBuffer{d, id, floats}, nil
}

func (d *null) NewStream() (accel.Stream, error) {
	id, err := d.open.Open("stream")
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.streams[id] = &nullStream{device: d, id: id}
	return d.streams[id], nil
}

func (d *null) Close() error { return d.open.Close() }

// finish does what all streams have queued, so that something can be given back.
func (d *null) finish() {
	for _, s := range d.streams {
		s.work()
	}
}

type nullExec struct {
	device  *null
	id      int
	program *accel.Program
	maxRows int
}

func (e *nullExec) Program() *accel.Program { return e.program }
func (e *nullExec) MaxRows() int            { return e.maxRows }

func (e *nullExec) Close() error {
	e.device.mu.Lock()
	defer e.device.mu.Unlock()
	e.device.finish()
	return e.device.open.Release(e.id)
}

type nullBuffer struct {
	device     *null
	id, floats int
}

func (b *nullBuffer) Floats() int { return b.floats }

func (b *nullBuffer) Free() error {
	b.device.mu.Lock()
	defer b.device.mu.Unlock()
	b.device.finish()
	delete(b.device.memory, b.id)
	return b.device.open.Release(b.id)
}

// nullStream is a list of what to do.
type nullStream struct {
	device *null
	id     int
	queued []func() error
	failed error // the first since the last Sync
}

// handle returns the handle of a buffer that holds n values.
func (s *nullStream) handle(from accel.Buffer, n int) (int, error) {
	b, ok := from.(*nullBuffer)
	switch {
	case !ok || b.device != s.device:
		return 0, fmt.Errorf("buffer %T belongs to another device", from)
	case s.device.memory[b.id] == nil:
		return 0, fmt.Errorf("buffer #%d was freed", b.id)
	case b.floats < n:
		return 0, fmt.Errorf("buffer #%d holds %d values, %d wanted", b.id, b.floats, n)
	}
	return b.id, nil
}

func (s *nullStream) Upload(dst accel.Buffer, src []float32) error {
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	to, err := s.handle(dst, len(src))
	if err != nil {
		return err
	}
	staged := slices.Clone(src)
	s.queued = append(s.queued, func() error {
		copy(s.device.memory[to], staged)
		return nil
	})
	return nil
}

func (s *nullStream) Download(dst []float32, src accel.Buffer) error {
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	from, err := s.handle(src, len(dst))
	if err != nil {
		return err
	}
	for i := range dst {
		dst[i] = float32(math.NaN()) // nobody should look yet
	}
	s.queued = append(s.queued, func() error {
		copy(dst, s.device.memory[from])
		return nil
	})
	return nil
}

func (s *nullStream) Run(exec accel.Exec, rows int, a accel.Args) error {
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	e, ok := exec.(*nullExec)
	if !ok || e.device != s.device || rows < 1 || rows > e.maxRows {
		return fmt.Errorf("%d rows of %T, want 1 to %d of an exec of this device", rows, exec, exec.MaxRows())
	}
	r, err := s.bind(e.program, rows, a)
	if err != nil {
		return err
	}
	s.queued = append(s.queued, r.run)
	return nil
}

// nullRun is a run with handles in place of buffers, and rules of its own.
type nullRun struct {
	device                   *null
	program                  *accel.Program
	rows                     int
	inputs, outputs, moments []int // 0 for what is not wanted
	rules                    []accel.NormRule
}

func (s *nullStream) bind(p *accel.Program, rows int, a accel.Args) (*nullRun, error) {
	if err := p.CheckArgs(a); err != nil {
		return nil, err
	}
	r := &nullRun{device: s.device, program: p, rows: rows}
	add := func(to *[]int, b accel.Buffer, optional bool, floats int, what string, name any) error {
		if b == nil && optional {
			*to = append(*to, 0)
			return nil
		}
		id, err := s.handle(b, floats)
		if err != nil {
			return fmt.Errorf("%s %v: %w", what, name, err)
		}
		*to = append(*to, id)
		return nil
	}
	for i, id := range p.Inputs {
		v := p.Values[id]
		if err := add(&r.inputs, a.Inputs[i], false, v.Shape.Elements(rows), "input", fmt.Sprintf("%q", v.Name)); err != nil {
			return nil, err
		}
	}
	for i, id := range p.Outputs {
		v := p.Values[id]
		if err := add(&r.outputs, a.Outputs[i], true, v.Shape.Elements(rows), "output", fmt.Sprintf("%q", v.Name)); err != nil {
			return nil, err
		}
	}
	for i, b := range a.Moments {
		if err := add(&r.moments, b, true, 2*p.NormChannels(i), "moments of norm", i); err != nil {
			return nil, err
		}
	}
	for _, rule := range a.Norms {
		rule.Mean, rule.Var = slices.Clone(rule.Mean), slices.Clone(rule.Var)
		r.rules = append(r.rules, rule)
	}
	return r, nil
}

// run computes, when its turn comes.
func (r *nullRun) run() error {
	var inputs []*accel.Tensor
	for i, id := range r.program.Inputs {
		shape := r.program.Values[id].Shape.At(r.rows)
		inputs = append(inputs, accel.TensorOf(r.device.memory[r.inputs[i]][:accel.Elements(shape)], shape...))
	}
	got, err := plain.Run(r.program, inputs, r.rows, r.rules)
	if err != nil {
		return err
	}
	for i, to := range r.outputs {
		copy(r.device.memory[to], got.Outputs[i].Data)
	}
	for i, to := range r.moments {
		copy(r.device.memory[to], slices.Concat(got.Norms[i].Mean, got.Norms[i].Var))
	}
	return nil
}

// work does what is queued.
func (s *nullStream) work() {
	for _, do := range s.queued {
		if err := do(); err != nil && s.failed == nil {
			s.failed = err
		}
	}
	s.queued = nil
}

func (s *nullStream) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	s.work()
	err := s.failed
	s.failed = nil
	return err
}

func (s *nullStream) Close() error {
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	s.work()
	delete(s.device.streams, s.id)
	return s.device.open.Release(s.id)
}
