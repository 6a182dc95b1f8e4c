package launch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/kernels"
	"ttad/accel/launch"
	"ttad/accel/plain"
	"ttad/accel/ptx"
)

// rig is the interpreter of package ptx, which executes the shipped kernels and
// complains of whatever is not given back, with a few things that go wrong on request.
type rig struct {
	launch.Driver
	secret bool // does not say how much memory there is
	limit  int64

	mu       sync.Mutex
	lostIn   map[string]int // a call that loses the device, and how often it works before
	gone     bool
	held     bool           // marks are not reached
	patience time.Duration  // with a device that gets nowhere
	polled   func(turn int) // told how often a held mark was asked
	calls    int            // of the driver
	turns    int
	refused  int  // marks that are refused, with errShort
	skips    bool // until then, what is queued is not done
	launched []string
	writes   int
}

func newRig(t *testing.T, o ptx.Options) *rig {
	t.Helper()
	m, err := ptx.Load(kernels.PTX())
	require.NoError(t, err)
	return &rig{Driver: ptx.NewDriver(m, o), lostIn: map[string]int{}}
}

// device opens a device that is closed, and leaves nothing behind, when the test ends.
func (r *rig) device(t *testing.T) *launch.Device {
	t.Helper()
	d, err := launch.New(r, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
	return d
}

// errUnplugged is what a driver says whose card is gone.
var errUnplugged = errors.Join(accel.ErrLost, errors.New("unplugged"))

// errShort is what a driver says that goes on after it.
var errShort = errors.Join(accel.ErrOutOfMemory, errors.New("resources were short"))

// works counts a call, and fails it if the device is gone or goes with it.
func (r *rig) works(call string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if left, ok := r.lostIn[call]; ok {
		r.lostIn[call]--
		r.gone = r.gone || left == 0
	}
	if r.gone {
		return errUnplugged
	}
	return nil
}

func (r *rig) Info() accel.Info {
	info := r.Driver.Info()
	if r.secret {
		info.Memory = 0
	}
	return info
}

func (r *rig) Limits() launch.Limits {
	l := r.Driver.Limits()
	l.AllocBytes, l.Checked, l.Patience = r.limit, false, r.patience
	return l
}

func (r *rig) Alloc(bytes int) (launch.Memory, error) {
	if err := r.works("alloc"); err != nil {
		return 0, err
	}
	return r.Driver.Alloc(bytes)
}

// Free and HostFree tell of the loss, after what is behind them has been told all the
// same, so that it can complain of what was not given back.
func (r *rig) Free(m launch.Memory) error {
	return errors.Join(r.Driver.Free(m), r.works("free"))
}

func (r *rig) HostFree(host []float32) error {
	return errors.Join(r.Driver.HostFree(host), r.works("host free"))
}

// Close counts, and closes what is behind.
func (r *rig) Close() error {
	r.calls++
	return r.Driver.Close()
}

func (r *rig) NewQueue() (launch.Queue, error) {
	if err := r.works("queue"); err != nil {
		return nil, err
	}
	q, err := r.Driver.NewQueue()
	return &rigQueue{q, r}, err
}

type rigQueue struct {
	launch.Queue
	rig *rig
}

func (q *rigQueue) Write(dst launch.Memory, src []float32) error {
	if err := q.rig.works("write"); err != nil {
		return err
	}
	q.rig.writes++
	if q.rig.skips {
		return nil
	}
	return q.Queue.Write(dst, src)
}

func (q *rigQueue) Read(dst []float32, src launch.Memory) error {
	if err := q.rig.works("read"); err != nil {
		return err
	}
	if q.rig.skips {
		return nil
	}
	return q.Queue.Read(dst, src)
}

func (q *rigQueue) Launch(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	if err := q.rig.works("launch"); err != nil {
		return err
	}
	q.rig.launched = append(q.rig.launched, k.Name)
	if q.rig.skips {
		return nil
	}
	return q.Queue.Launch(k, groups, args)
}

func (q *rigQueue) Mark() (launch.Mark, error) {
	if err := q.rig.works("mark"); err != nil {
		return nil, err
	}
	if q.rig.refused > 0 {
		q.rig.refused--
		q.rig.skips = false
		return nil, errShort
	}
	m, err := q.Queue.Mark()
	return &rigMark{m, q.rig}, err
}

// Close counts as a call. It has the queue behind get done with what a lost device never did.
func (q *rigQueue) Close() error {
	q.rig.calls++
	if q.rig.gone {
		m, err := q.Queue.Mark()
		for done := false; err == nil && !done; {
			done, err = m.Done()
		}
		return errors.Join(m.Release(), q.Queue.Close(), errUnplugged)
	}
	return q.Queue.Close()
}

type rigMark struct {
	launch.Mark
	rig *rig
}

func (m *rigMark) Done() (bool, error) {
	if err := m.rig.works("done"); err != nil {
		return false, err
	}
	if m.rig.held {
		m.rig.turns++
		if m.rig.polled != nil {
			m.rig.polled(m.rig.turns)
		}
		return false, nil
	}
	done, err := m.Mark.Done()
	for m.rig.patience > 0 && err == nil && !done { // only held marks try it
		done, err = m.Mark.Done()
	}
	return done, err
}

// small is a program with a norm, so that it has all forms: rows of 7 become 5
// probabilities.
func small() *accel.Program {
	b := &acceltest.Builder{}
	fill := func(extents ...int) *accel.Tensor {
		t := accel.NewTensor(extents...)
		for i := range t.Data {
			t.Data[i] = float32(i%7)/7 + 0.1
		}
		return t
	}
	h := b.Step(accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, b.Input(accel.BatchShape(7)), b.Const(fill(5, 7)), b.Const(fill(5)))
	in := []accel.ValueID{h}
	for range 4 {
		in = append(in, b.Const(fill(5)))
	}
	return b.Program(b.Step(accel.Softmax{Axis: 1}, b.Step(accel.Norm{Eps: 1e-3}, in...)))
}

// session is a stream, an exec of one input and one output, and their buffers.
type session struct {
	t       *testing.T
	device  *launch.Device
	stream  accel.Stream
	exec    accel.Exec
	in, out accel.Buffer
}

func begin(t *testing.T, d *launch.Device, p *accel.Program, maxRows int) *session {
	t.Helper()
	s := &session{t: t, device: d}
	var err error
	s.exec, err = d.Compile(p, maxRows)
	require.NoError(t, err)
	s.stream, err = d.NewStream()
	require.NoError(t, err)
	s.in, err = d.Alloc(p.Values[p.Inputs[0]].Shape.Elements(maxRows))
	require.NoError(t, err)
	s.out, err = d.Alloc(p.Values[p.Outputs[0]].Shape.Elements(maxRows))
	require.NoError(t, err)
	return s
}

func (s *session) end() {
	require.NoError(s.t, s.stream.Close())
	require.NoError(s.t, s.in.Free())
	require.NoError(s.t, s.out.Free())
	require.NoError(s.t, s.exec.Close())
}

// queue queues a batch; what comes out is in the slice returned once it has landed.
func (s *session) queue(x *accel.Tensor, rules []accel.NormRule) ([]float32, error) {
	p := s.exec.Program()
	got := make([]float32, p.Values[p.Outputs[0]].Shape.Elements(x.Rows()))
	err := s.stream.Upload(s.in, x.Data)
	if err == nil {
		err = s.stream.Run(s.exec, x.Rows(), accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{s.out}, Norms: rules})
	}
	if err == nil {
		err = s.stream.Download(got, s.out)
	}
	return got, err
}

// run queues a batch, waits and compares.
func (s *session) run(x *accel.Tensor, rules []accel.NormRule) {
	s.t.Helper()
	got, err := s.queue(x, rules)
	require.NoError(s.t, err)
	require.NoError(s.t, s.stream.Sync(context.Background()))
	s.check(got, x, rules)
}

func (s *session) check(got []float32, x *accel.Tensor, rules []accel.NormRule) {
	s.t.Helper()
	want, err := plain.Run(s.exec.Program(), []*accel.Tensor{x}, x.Rows(), rules)
	require.NoError(s.t, err)
	require.InDeltaSlice(s.t, want.Outputs[0].Data, got, 1e-5)
}

// rowsOf is a batch of rows of 7 that differ from those of another number.
func rowsOf(rows, number int) *accel.Tensor {
	t := accel.NewTensor(rows, 7)
	for i := range t.Data {
		t.Data[i] = float32((i*i+number)%11) - 5
	}
	return t
}

func blend(weight float32) []accel.NormRule {
	return []accel.NormRule{{Mode: accel.NormBlend, SourceWeight: weight}}
}
