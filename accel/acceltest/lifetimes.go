package acceltest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// runLifetimes checks that a device knows what is open on it.
func runLifetimes(t *testing.T, open Open) {
	d := open(t)
	assert.NotEmpty(t, d.Info().Kind)
	e, err := d.Compile(echo(), 2)
	require.NoError(t, err)
	b, err := d.Alloc(12)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	for _, c := range []struct {
		word  string
		close func() error
	}{{"exec", e.Close}, {"buffer", b.Free}, {"stream", s.Close}} {
		err := d.Close()
		require.ErrorContains(t, err, c.word, "an open %s is named", c.word)
		require.NoError(t, c.close())
	}
	require.NoError(t, d.Close())
	_, err = d.Alloc(1)
	assert.Error(t, err, "a closed device gives no memory")
	_, err = d.NewStream()
	assert.Error(t, err, "a closed device gives no streams")
	_, err = d.Compile(echo(), 2)
	assert.Error(t, err, "a closed device does not compile")
}

// runRefusals checks that operands which do not fit are errors, and that the
// stream goes on working after each.
func runRefusals(t *testing.T, open Open) {
	d := opened(t, open)
	r := newRunner(t, d)
	defer r.close()
	random := seeded("refusals")
	p := perceptron(random)
	e := r.compile(p, 4)
	in, out, h := r.buffer(4*7), r.buffer(4*3), r.buffer(4*3)
	small, freed := r.buffer(3), r.buffer(100)
	require.NoError(t, freed.Free())
	good := func() accel.Args {
		return accel.Args{Inputs: []accel.Buffer{in}, Outputs: []accel.Buffer{out, h}}
	}
	tests := []struct {
		name   string
		rows   int
		change func(a *accel.Args)
		want   string
	}{
		{"no rows", 0, func(*accel.Args) {}, "0 rows"},
		{"too many rows", 5, func(*accel.Args) {}, "5 rows"},
		{"no input", 4, func(a *accel.Args) { a.Inputs = nil }, "0 inputs"},
		{"nil input", 4, func(a *accel.Args) { a.Inputs[0] = nil }, "input"},
		{"small input", 4, func(a *accel.Args) { a.Inputs[0] = small }, `input "input0"`},
		{"freed input", 4, func(a *accel.Args) { a.Inputs[0] = freed }, "freed"},
		{"outputs", 4, func(a *accel.Args) { a.Outputs = a.Outputs[:1] }, "1 outputs"},
		{"small output", 4, func(a *accel.Args) { a.Outputs[1] = small }, "output"},
		{"output over input", 4, func(a *accel.Args) { a.Outputs[0] = in }, "also input 0"},
		{"output twice", 4, func(a *accel.Args) { a.Outputs[1] = out }, "also output 0"},
		{"rules", 4, func(a *accel.Args) { a.Norms = make([]accel.NormRule, 3) }, "3 norm rules for 2 norm steps"},
		{"weight", 4, func(a *accel.Args) { a.Norms = []accel.NormRule{{Mode: accel.NormBlend, SourceWeight: 1.5}, {}} }, "source weight 1.5"},
		{"given moments", 4, func(a *accel.Args) { a.Norms = []accel.NormRule{{}, {Mode: accel.NormGiven}} }, "0 means"},
		{"moments", 4, func(a *accel.Args) { a.Moments = []accel.Buffer{nil} }, "1 moment buffers for 2 norm steps"},
		{"small moments", 4, func(a *accel.Args) { a.Moments = []accel.Buffer{small, nil} }, "moments of norm 0"},
		{"moments over an input", 4, func(a *accel.Args) { a.Moments = []accel.Buffer{nil, in} }, "moments of norm 1: its buffer is also input 0"},
		{"moments over an output", 4, func(a *accel.Args) { a.Moments = []accel.Buffer{nil, out} }, "also output 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := good()
			tt.change(&a)
			require.ErrorContains(t, outcome(t, r.stream, e, tt.rows, a), tt.want)
			require.NoError(t, outcome(t, r.stream, e, 4, good()), "the stream goes on")
		})
	}
	t.Run("unwanted outputs", func(t *testing.T) {
		a := good()
		a.Outputs[0] = nil
		require.NoError(t, outcome(t, r.stream, e, 4, a))
	})
	t.Run("transfers", func(t *testing.T) {
		assert.Error(t, r.stream.Upload(small, make([]float32, 4)))
		assert.Error(t, r.stream.Download(make([]float32, 4), small))
	})
	t.Run("memory nobody has", func(t *testing.T) {
		_, err := d.Alloc(1 << 50)
		require.ErrorIs(t, err, accel.ErrOutOfMemory, "of any size, and no panic")
	})
	t.Run("an ended context ends the wait", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.ErrorIs(t, r.stream.Sync(ctx), context.Canceled)
	})
	for _, b := range []accel.Buffer{in, out, h, small} {
		require.NoError(t, b.Free())
	}
	assert.Error(t, small.Free(), "freed twice")
	require.NoError(t, e.Close())
	assert.Error(t, e.Close(), "closed twice")
	t.Run("an index outside the axis is the run's error", func(t *testing.T) { refuseIndex(t, r) })
	t.Run("programs that do not fit together", func(t *testing.T) { refusePrograms(t, d) })
}

// outcome is the error of a run, wherever the device reports it.
func outcome(t *testing.T, s accel.Stream, e accel.Exec, rows int, a accel.Args) error {
	if err := s.Run(e, rows, a); err != nil {
		return err
	}
	return s.Sync(t.Context())
}

func refuseIndex(t *testing.T, r *runner) {
	b := &Builder{}
	table := b.Const(accel.TensorOf([]float32{1, 2, 3}, 3))
	e := r.compile(b.Program(b.Step(accel.Gather{}, table, b.Input(accel.BatchShape(1)))), 1)
	in, out := r.buffer(1), r.buffer(1)
	for _, bad := range []float32{3, -4, 0.5} {
		require.NoError(t, r.stream.Upload(in, []float32{bad}))
		a := accel.Args{Inputs: []accel.Buffer{in}, Outputs: []accel.Buffer{out}}
		require.ErrorContains(t, outcome(t, r.stream, e, 1, a), `node "Gather0": op Gather`)
	}
	require.NoError(t, in.Free())
	require.NoError(t, out.Free())
	require.NoError(t, e.Close())
}

func refusePrograms(t *testing.T, d accel.Device) {
	wrong := perceptron(seeded("wrong"))
	wrong.Steps[0].Op = accel.MatMul{Alpha: 1, Beta: 1}
	_, err := d.Compile(wrong, 4)
	require.ErrorContains(t, err, `node "MatMul0": op MatMul: a [N 7] and b [12 7] do not share an inner extent`)
	_, err = d.Compile(echo(), 0)
	require.Error(t, err, "no rows")
	_, err = d.Compile(echo(), 1<<30)
	require.Error(t, err, "values of more than accel.MaxElements elements")
}
