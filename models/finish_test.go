package models_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
	"ttad/accel/plain"
	"ttad/models"
)

// scaled is softmax of the logits times a given value for each class, and features plus
// features.
func scaled() *accel.Program {
	b := &acceltest.Builder{}
	logits, features, by := b.Input(accel.BatchShape(4)), b.Input(accel.BatchShape(3)), b.Input(accel.StaticShape(4))
	p := b.Step(accel.Binary{Fn: accel.Mul}, b.Step(accel.Softmax{Axis: 1}, logits), by)
	return b.Program(p, b.Step(accel.Binary{Fn: accel.Add}, features, features))
}

// finished is a small plan on the processor and the program behind it.
func finished(t *testing.T) (*models.Plan, *models.Session, *models.Finish) {
	t.Helper()
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	plan, err := models.NewPlan(smallCNN(t, true), []accel.Device{d}, 8)
	require.NoError(t, err)
	s, err := plan.NewSession()
	require.NoError(t, err)
	f, err := plan.NewFinish(scaled(), true, 100)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, f.Close())
		require.NoError(t, s.Close())
		require.NoError(t, plan.Close())
		require.NoError(t, d.Close())
	})
	return plan, s, f
}

func TestAProgramBehindAForwardWorksOnItsOutputs(t *testing.T) {
	_, s, f := finished(t)
	by := []float32{1, 2, 3, 4}
	for seed, rows := range []int{8, 1, 5} {
		f.Give(by)
		out, err := s.Forward(t.Context(), batch(uint64(seed), rows), rows, nil, models.Keep{Features: true, Finish: []models.Finisher{f}})
		require.NoError(t, err)
		want, err := plain.Run(scaled(), []*accel.Tensor{out.Logits, out.Features, accel.TensorOf(by, 4)}, rows, nil)
		require.NoError(t, err)
		got, err := f.Results()
		require.NoError(t, err)
		assert.InDeltaSlice(t, want.Outputs[0].Data, got[0].Data, 1e-6)
		assert.InDeltaSlice(t, want.Outputs[1].Data, got[1].Data, 1e-6)
		assert.Equal(t, []int{rows, 4}, got[0].Shape)
	}
	f.Forget()
	_, err := f.Results()
	require.ErrorContains(t, err, "no batch was run")
}

// Whatever keeps the program from being run, the forward is none the worse for it.
func TestAForwardDoesNotMindWhatCannotBeDoneBehindIt(t *testing.T) {
	_, s, f := finished(t)
	_, elsewhere, _ := finished(t)
	for name, c := range map[string]struct {
		on   *models.Session
		keep models.Keep
		give [][]float32
		want string
	}{
		"another plan": {elsewhere, models.Keep{Features: true}, [][]float32{make([]float32, 4)}, "runs elsewhere"},
		"no features":  {s, models.Keep{}, [][]float32{make([]float32, 4)}, "keeps no features"},
		"not given":    {s, models.Keep{Features: true}, nil, "0 inputs are given, the program takes 1"},
	} {
		t.Run(name, func(t *testing.T) {
			f.Give(c.give...)
			c.keep.Finish = []models.Finisher{f}
			_, err := c.on.Forward(t.Context(), batch(1, 3), 3, nil, c.keep)
			require.NoError(t, err)
			_, err = f.Results()
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("a forward that ends early", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f.Give(make([]float32, 4))
		_, err := s.Forward(ctx, batch(1, 3), 3, nil, models.Keep{Features: true, Finish: []models.Finisher{f, stopper(cancel)}})
		require.ErrorIs(t, err, context.Canceled)
		_, err = f.Results()
		require.ErrorIs(t, err, context.Canceled, "what was not waited for is not believed")
	})
}

// stopper ends a context behind a forward.
type stopper func()

func (s stopper) Queue(models.Behind) { s() }
func (s stopper) End(error)           {}

func TestAProgramADeviceCannotRunIsRefused(t *testing.T) {
	plan, _, _ := finished(t)
	b := &acceltest.Builder{}
	p := b.Program(b.Step(accel.PriorRatio{}, b.Input(accel.BatchShape(4)), b.Input(accel.StaticShape(4))))
	_, err := plan.NewFinish(p, false, 8)
	require.ErrorIs(t, err, accel.ErrUnsupported)
	require.ErrorContains(t, err, "PriorRatio")
}
