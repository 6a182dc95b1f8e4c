package launch_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/ptx"
)

func TestAnyNumberOfRowsInAnyOrder(t *testing.T) {
	s := begin(t, newRig(t, ptx.Options{Races: true}).device(t), small(), 40)
	defer s.end()
	given := []accel.NormRule{{Mode: accel.NormGiven, Mean: []float32{1, 2, 3, 4, 5}, Var: []float32{1, 1, 2, 2, 3}}}
	for turn := range 2 { // more row counts and forms than launches are kept for
		for rows := 1; rows <= 40; rows += 3 {
			for _, rules := range [][]accel.NormRule{nil, blend(0.5), given} {
				s.run(rowsOf(rows, turn), rules)
			}
		}
	}
}

func TestAStreamGetsFarAheadOfTheDevice(t *testing.T) {
	r := newRig(t, ptx.Options{})
	s := begin(t, r.device(t), small(), 4)
	defer s.end()
	x := rowsOf(4, 0)
	var results [][]float32
	for i := range 100 { // each takes an upload, a download and two marks
		copy(x.Data, rowsOf(4, i).Data) // what was uploaded is the caller's again
		got, err := s.queue(x, blend(0.3))
		require.NoError(t, err)
		results = append(results, got)
	}
	require.NoError(t, s.stream.Sync(context.Background()))
	for i, got := range results {
		s.check(got, rowsOf(4, i), blend(0.3))
	}
}

func TestLaunchesAreForgottenWhileTheyAreQueued(t *testing.T) {
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(3, 2))
	p := b.Program(b.Step(accel.Transpose{Perm: []int{0, 2, 1}}, x)) // which has a table
	s := begin(t, newRig(t, ptx.Options{}).device(t), p, 50)
	defer s.end()
	image := accel.TensorOf(rowsOf(50, 0).Data[:300], 50, 3, 2)
	require.NoError(t, s.stream.Upload(s.in, image.Data))
	var outputs []accel.Buffer
	for rows := 1; rows <= 50; rows++ {
		out, err := s.device.Alloc(6 * rows)
		require.NoError(t, err)
		outputs = append(outputs, out)
		require.NoError(t, s.stream.Run(s.exec, rows, accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{out}}))
	}
	for i, out := range outputs {
		got := make([]float32, 6*(i+1))
		require.NoError(t, s.stream.Download(got, out))
		require.NoError(t, s.stream.Sync(context.Background()))
		s.check(got, accel.TensorOf(image.Data[:len(got)], i+1, 3, 2), nil)
		require.NoError(t, out.Free())
	}
}

func TestAMarkIsBehindWhatWasQueuedBefore(t *testing.T) {
	s := begin(t, newRig(t, ptx.Options{}).device(t), small(), 4)
	defer s.end()
	first, err := s.queue(rowsOf(4, 1), nil)
	require.NoError(t, err)
	mark, err := s.stream.(accel.Marker).Mark()
	require.NoError(t, err)
	second, err := s.queue(rowsOf(4, 2), nil)
	require.NoError(t, err)
	require.NoError(t, mark.Wait(context.Background()))
	s.check(first, rowsOf(4, 1), nil)
	assert.Equal(t, make([]float32, len(second)), second, "the second batch has not landed")
	require.NoError(t, s.stream.Sync(context.Background()))
	s.check(second, rowsOf(4, 2), nil)
}

// The device begins with nothing before it must, so that what is freed too early is
// missed by the work that needs it.
func TestThingsAreGivenBackWhileWorkIsQueued(t *testing.T) {
	for _, first := range []string{"buffers", "exec", "stream"} {
		t.Run(first+" first", func(t *testing.T) {
			s := begin(t, newRig(t, ptx.Options{}).device(t), small(), 4)
			got, err := s.queue(rowsOf(4, 1), nil)
			require.NoError(t, err)
			free := map[string]func(){
				"buffers": func() { require.NoError(t, s.in.Free()); require.NoError(t, s.out.Free()) },
				"exec":    func() { require.NoError(t, s.exec.Close()) },
				"stream":  func() { require.NoError(t, s.stream.Close()) },
			}
			free[first]()
			if first == "exec" { // which does not wait for what comes behind its runs
				require.NoError(t, s.stream.Sync(context.Background()))
			}
			s.check(got, rowsOf(4, 1), nil)
			delete(free, first)
			for _, f := range free {
				f()
			}
		})
	}
}

func TestRulesTravelOnlyWhenTheyChange(t *testing.T) {
	r := newRig(t, ptx.Options{})
	s := begin(t, r.device(t), small(), 4)
	defer s.end()
	sent := func(rules []accel.NormRule) int {
		before := r.writes
		s.run(rowsOf(4, 0), rules)
		return r.writes - before
	}
	s.run(rowsOf(4, 0), blend(0.5))
	assert.Equal(t, 1, sent(blend(0.5)), "the input alone")
	assert.Equal(t, 2, sent(blend(0.6)))
	assert.Equal(t, 1, sent(blend(0.6)))
}

func TestWhatADeviceDidIsCounted(t *testing.T) {
	r := newRig(t, ptx.Options{})
	d := r.device(t)
	s := begin(t, d, small(), 4)
	defer s.end()
	s.run(rowsOf(4, 0), nil)
	before := d.Stats()
	r.launched = nil
	s.run(rowsOf(4, 1), nil)
	after := d.Stats()
	assert.Equal(t, int64(len(r.launched)), after.Launches-before.Launches)
	assert.Equal(t, int64(1), after.Syncs-before.Syncs, "one wait a batch")
	assert.Equal(t, int64(4*4*7), after.UploadedBytes-before.UploadedBytes)
	assert.Equal(t, int64(4*4*5), after.DownloadedBytes-before.DownloadedBytes)
	assert.Equal(t, before.MemoryBytes, after.MemoryBytes)
	assert.GreaterOrEqual(t, after.PeakBytes, after.MemoryBytes)
}

func TestPlansOfAProgramShareItsWeights(t *testing.T) {
	d := newRig(t, ptx.Options{}).device(t)
	e, err := d.Compile(small(), 4)
	require.NoError(t, err)
	schedules := e.(accel.Explainer).Explain()
	require.Len(t, schedules, 3)
	assert.Equal(t, "source statistics", schedules[0].When)
	assert.Equal(t, []string{"Norm1"}, schedules[0].Steps[0].Folded)
	assert.Equal(t, []int{4, 5}, schedules[0].Steps[0].Shape)
	for _, s := range schedules[0].Steps {
		assert.Positive(t, s.Launches, s.Node)
		assert.NotEmpty(t, s.Kernel, s.Node)
	}
	weights, bias, norm := 5*7, 5, 4*5
	assert.Equal(t, 4*(weights+bias), schedules[0].WeightsBytes)
	assert.Equal(t, 4*(weights+bias+norm), schedules[1].WeightsBytes)
	assert.Equal(t, schedules[1].WeightsBytes, schedules[2].WeightsBytes)
	once := schedules[0].WeightsBytes + schedules[1].WeightsBytes
	twice := once + schedules[2].WeightsBytes
	assert.GreaterOrEqual(t, int(d.BytesInUse()), once)
	assert.Less(t, int(d.BytesInUse()), twice+schedules[1].ArenaBytes)
	require.NoError(t, e.Close())
}

func TestAnEndedContextEndsTheWait(t *testing.T) {
	r := newRig(t, ptx.Options{})
	s := begin(t, r.device(t), small(), 4)
	defer s.end()
	got, err := s.queue(rowsOf(4, 0), nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r.held, r.polled = true, func(turn int) {
		if turn == 30 { // when the stream has long begun to sleep between questions
			cancel()
		}
	}
	require.ErrorIs(t, s.stream.Sync(ctx), context.Canceled)
	r.held = false
	require.NoError(t, s.stream.Sync(context.Background()), "the work goes on")
	s.check(got, rowsOf(4, 0), nil)
}

func TestFaultsAreTheirOwnRuns(t *testing.T) {
	b := &acceltest.Builder{}
	table := b.Const(accel.TensorOf([]float32{10, 20, 30}, 3))
	s := begin(t, newRig(t, ptx.Options{}).device(t), b.Program(b.Step(accel.Gather{}, table, b.Input(accel.BatchShape(1)))), 2)
	defer s.end()
	indices := func(a, b float32) *accel.Tensor { return accel.TensorOf([]float32{a, b}, 2, 1) }
	_, err := s.queue(indices(0, 7), nil)
	require.NoError(t, err, "nobody has looked yet")
	good, err := s.queue(indices(2, -3), nil)
	require.NoError(t, err)
	require.ErrorContains(t, s.stream.Sync(context.Background()), `node "Gather0": op Gather: `)
	assert.Equal(t, []float32{30, 10}, good)
	s.run(indices(1, 1), nil)
}

func TestConstantIndicesAreCheckedWhenCompiling(t *testing.T) {
	d := newRig(t, ptx.Options{}).device(t)
	for _, bad := range []float32{3, -4, 0.5} {
		b := &acceltest.Builder{}
		at := b.Const(accel.TensorOf([]float32{0, bad}, 2))
		p := b.Program(b.Step(accel.Gather{Axis: 1}, b.Input(accel.BatchShape(3)), at))
		_, err := d.Compile(p, 2)
		require.ErrorContains(t, err, fmt.Sprintf(`node "Gather0": op Gather: index 1 is %v, not a whole number that fits an axis of 3`, bad))
	}
}

// advised reads the batch an error recommends.
func advised(t *testing.T, err error) int {
	t.Helper()
	m := regexp.MustCompile(`try batch\.max_rows: (\d+), or the cpu`).FindStringSubmatch(err.Error())
	require.NotNil(t, m, "%v gives no advice", err)
	rows, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return rows
}

func TestAPlanThatDoesNotFit(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *rig)
		memory int64
	}{
		{"the device says what it has", func(*rig) {}, 8000},
		{"the device does not say", func(r *rig) { r.secret = true }, 8000},
		{"no single piece may be so large", func(r *rig) { r.limit = 1000 }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, ptx.Options{MemoryBytes: tt.memory})
			tt.change(r)
			d := r.device(t)
			_, err := d.Compile(small(), 5000)
			require.ErrorIs(t, err, accel.ErrOutOfMemory)
			require.ErrorContains(t, err, "5000 rows take 0.0004 MB of weights and 0.2 MB of values, the device ")
			require.Zero(t, d.BytesInUse(), "what did fit is given back")
			rows := advised(t, err)
			e, err := d.Compile(small(), rows)
			require.NoError(t, err, "the advice is good")
			require.NoError(t, e.Close())
			_, err = d.Compile(small(), 2*rows)
			require.ErrorIs(t, err, accel.ErrOutOfMemory, "and not too careful")
		})
	}
}

func TestWeightsThatDoNotFitLeaveNoAdviceButTheCPU(t *testing.T) {
	d := newRig(t, ptx.Options{MemoryBytes: 200}).device(t)
	_, err := d.Compile(small(), 5000)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	require.ErrorContains(t, err, "; try the cpu")
	require.NotContains(t, err.Error(), "max_rows")
}

func TestBuffersThatDoNotFit(t *testing.T) {
	d := newRig(t, ptx.Options{MemoryBytes: 1000}).device(t)
	_, err := d.Alloc(1000)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	require.ErrorContains(t, err, "buffer of 1000 floats")
}

// Wherever the device is lost, everybody is told from then on, and everything can be
// given back.
func TestALostDevice(t *testing.T) {
	for call, works := range map[string]int{"write": 1, "launch": 1, "read": 0, "mark": 1, "done": 0} {
		t.Run(call, func(t *testing.T) {
			r := newRig(t, ptx.Options{})
			d := r.device(t)
			s := begin(t, d, small(), 4)
			idle, err := d.NewStream()
			require.NoError(t, err)
			r.lostIn[call] = works
			_, err = s.queue(rowsOf(4, 0), nil)
			if err == nil {
				err = s.stream.Sync(context.Background())
			}
			require.ErrorIs(t, err, accel.ErrLost)
			require.ErrorIs(t, s.stream.Sync(context.Background()), accel.ErrLost, "it stays lost")
			require.ErrorIs(t, idle.Upload(s.in, []float32{1}), accel.ErrLost, "to other streams as well")
			require.ErrorIs(t, idle.Download([]float32{1}, s.in), accel.ErrLost)
			_, err = d.Alloc(3)
			require.ErrorIs(t, err, accel.ErrLost)
			_, err = d.NewStream()
			require.ErrorIs(t, err, accel.ErrLost)
			_, err = d.Compile(small(), 2)
			require.ErrorIs(t, err, accel.ErrLost)
			require.NoError(t, idle.Close())
			s.end()
		})
	}
}

func TestADeviceLostWhileCompiling(t *testing.T) {
	for call, works := range map[string]int{"alloc": 3, "queue": 0, "write": 2, "mark": 0, "done": 0} {
		t.Run(call, func(t *testing.T) {
			r := newRig(t, ptx.Options{})
			d := r.device(t)
			r.lostIn[call] = works
			_, err := d.Compile(small(), 4)
			require.ErrorIs(t, err, accel.ErrLost)
		})
	}
}
