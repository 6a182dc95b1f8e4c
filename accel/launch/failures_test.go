package launch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/ptx"
)

// turned is a program whose launches read a table.
func turned() *accel.Program {
	b := &acceltest.Builder{}
	x := b.Step(accel.Reshape{To: accel.BatchShape(1, 7, 1)}, b.Input(accel.BatchShape(7)))
	return b.Program(b.Step(accel.Transpose{Perm: []int{2, 0, 3, 1}}, b.Step(accel.Concat{Axis: 3}, x, x)))
}

// CUDA's driver tells of a launch that failed at a later call, and by then what was
// queued behind it has been left out.
func TestWhatADriverSkippedIsSentAgain(t *testing.T) {
	for name, p := range map[string]*accel.Program{"rules": small(), "tables": turned()} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, ptx.Options{})
			s := begin(t, r.device(t), p, 4)
			defer s.end()
			var half, more []accel.NormRule
			if len(p.NormSteps) > 0 {
				half, more = blend(0.5), blend(0.75)
			}
			s.run(rowsOf(4, 0), half)
			r.skips, r.refused = true, 1
			a := accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{s.out}, Norms: more}
			require.ErrorIs(t, s.stream.Run(s.exec, 3, a), errShort)
			require.NoError(t, s.stream.Sync(context.Background()))
			s.run(rowsOf(3, 1), more)
		})
	}
}

func TestKeysThatADriverSkippedAreSentAgain(t *testing.T) {
	r := newRig(t, ptx.Options{})
	d := r.device(t)
	s := begin(t, d, small(), 4)
	defer s.end()
	made, err := d.NewIndex(7, 3)
	require.NoError(t, err)
	defer made.Close()
	x := made.(accel.Seeker)
	x.Set(1, []float32{1, 0, 0, 0, 0, 0, 0})
	require.NoError(t, s.stream.Upload(s.in, []float32{2, 0, 0, 0, 0, 0, 0}))
	seek := func() (slots []int32, err error) {
		slots = make([]int32, 1)
		err = x.Seek(s.stream, s.in, 1, 7, 1, 3, slots, make([]float32, 1))
		if err == nil {
			err = s.stream.Sync(context.Background())
		}
		return slots, err
	}
	r.skips, r.refused = true, 1
	_, err = seek()
	require.ErrorIs(t, err, errShort)
	slots, err := seek()
	require.NoError(t, err)
	assert.Equal(t, []int32{1}, slots)
}

func TestMemoryIsWaitedForThoughAMarkIsRefused(t *testing.T) {
	for _, first := range []string{"buffer", "stream"} {
		t.Run(first+" first", func(t *testing.T) {
			r := newRig(t, ptx.Options{})
			s := begin(t, r.device(t), small(), 4)
			got, err := s.queue(rowsOf(4, 0), nil)
			require.NoError(t, err)
			r.refused = 1
			if first == "buffer" { // the download has no mark yet
				require.NoError(t, s.out.Free())
				require.ErrorIs(t, s.stream.Sync(context.Background()), errShort, "the stream's to report")
			}
			require.NoError(t, s.stream.Close())
			s.check(got, rowsOf(4, 0), nil)
			if first == "stream" {
				require.NoError(t, s.out.Free())
			}
			require.NoError(t, s.in.Free())
			require.NoError(t, s.exec.Close())
		})
	}
}

func TestTablesOfARefusedRunAreOnTheirWay(t *testing.T) {
	s := begin(t, newRig(t, ptx.Options{}).device(t), turned(), 4)
	small, err := s.device.Alloc(1)
	require.NoError(t, err)
	err = s.stream.Run(s.exec, 3, accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{small}})
	require.ErrorContains(t, err, "holds 1 values")
	require.NoError(t, s.exec.Close())
	require.NoError(t, s.stream.Sync(context.Background()))
	for _, end := range []func() error{s.stream.Close, s.in.Free, s.out.Free, small.Free} {
		require.NoError(t, end())
	}
}

func TestAnEndedContextEndsTheWaitForAMarkToBeFree(t *testing.T) {
	r := newRig(t, ptx.Options{})
	s := begin(t, r.device(t), small(), 4)
	defer s.end()
	ctx, cancel := context.WithCancel(context.Background())
	r.held, r.polled = true, func(turn int) {
		if turn == 30 {
			cancel()
		}
	}
	require.NoError(t, s.stream.Upload(s.in, rowsOf(4, 0).Data))
	for range 63 { // each has a mark, and so had the upload: these are all there are
		require.NoError(t, s.stream.Run(s.exec, 4, accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{s.out}}))
	}
	got := make([]float32, s.out.Floats())
	require.NoError(t, s.stream.Download(got, s.out))
	require.ErrorIs(t, s.stream.Sync(ctx), context.Canceled)
	r.held = false
	require.NoError(t, s.stream.Sync(context.Background()))
	s.check(got, rowsOf(4, 0), nil)
}

func TestAStreamIsClosedWhileAnExecIs(t *testing.T) {
	r := newRig(t, ptx.Options{})
	s := begin(t, r.device(t), small(), 4)
	ran := func() accel.Stream {
		stream, err := s.device.NewStream()
		require.NoError(t, err)
		require.NoError(t, stream.Run(s.exec, 4, accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{s.out}}))
		return stream
	}
	at, other := ran(), ran()
	require.NoError(t, other.Sync(context.Background()))
	r.held, r.polled = true, func(turn int) {
		if turn == 1 { // the exec waits for its run
			require.NoError(t, other.Close())
			r.held = false
		}
	}
	require.NoError(t, s.exec.Close())
	require.Equal(t, 1, r.turns)
	for _, end := range []func() error{at.Close, s.stream.Close, s.in.Free, s.out.Free} {
		require.NoError(t, end())
	}
}

// Whatever a driver fails at in between, batches of which nothing is said are right.
func TestBatchesBetweenFailures(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			r := newRig(t, ptx.Options{})
			d := r.device(t)
			sessions := []*session{begin(t, d, small(), 6), begin(t, d, turned(), 6)}
			for turn := range 80 {
				s := sessions[turn%2]
				x := rowsOf(1+random.IntN(6), turn)
				var rules []accel.NormRule
				if len(s.exec.Program().NormSteps) > 0 && random.IntN(3) > 0 {
					rules = blend(float32(random.IntN(4)) / 4)
				}
				if random.IntN(4) > 0 {
					s.run(x, rules)
					continue
				}
				r.refused, r.skips = 1, random.IntN(2) == 0
				err := s.stream.Run(s.exec, x.Rows(), accel.Args{Inputs: []accel.Buffer{s.in}, Outputs: []accel.Buffer{s.out}, Norms: rules})
				require.ErrorIs(t, errors.Join(err, s.stream.Sync(context.Background())), errShort)
			}
			for _, s := range sessions {
				s.end()
			}
		})
	}
}
