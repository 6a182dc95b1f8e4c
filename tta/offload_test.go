package tta_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
	"ttad/tta"
)

// scale is a corrector that multiplies probabilities, on the host or as an operator.
type scale struct {
	by     float32 // on the host
	device float32 // what the device multiplies by
	ready  bool
	part   float32 // of the device's result that Adopt takes
	host   int     // calls of Correct
}

func scaleBy(by float32) *scale { return &scale{by: by, device: by, ready: true, part: 1} }

func (s *scale) Needs() tta.Needs { return tta.Needs{} }

func (s *scale) Correct(_ context.Context, _ *tta.Batch, _ *models.Output, probs *accel.Tensor) error {
	s.host++
	for i := range probs.Data {
		probs.Data[i] *= s.by
	}
	return nil
}

func (s *scale) Offload() (tta.Offload, bool) {
	return tta.Offload{Op: accel.Binary{Fn: accel.Mul}, Given: []accel.Shape{accel.StaticShape(1)}, MaxRows: 4}, true
}

func (s *scale) Given(*tta.Batch) ([][]float32, bool) { return [][]float32{{s.device}}, s.ready }

func (s *scale) Adopt(_ *tta.Batch, _ *models.Output, probs, made *accel.Tensor) error {
	for i, v := range made.Data {
		probs.Data[i] = s.part * v
	}
	return nil
}

// onProcessor gives options a device on which logits are their input: the processor,
// which runs programs behind forwards as any device does.
func onProcessor(t *testing.T, o tta.GroupOptions) tta.GroupOptions {
	t.Helper()
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	values := []accel.Value{{Name: "x", Shape: accel.BatchShape(classes)}, {Name: "y", Shape: accel.BatchShape(classes)}}
	program := &accel.Program{
		Values: values, Inputs: []accel.ValueID{0}, Outputs: []accel.ValueID{1},
		Steps: []accel.Step{{Name: "same", Op: accel.Map{Fn: accel.Affine, A: 1}, In: []accel.ValueID{0}, Out: []accel.ValueID{1}}},
	}
	g := &models.Graph{
		Name: "toy", Program: program, Logits: 1, Classes: classes, Features: accel.NoValue,
		Inputs: []models.Port{{Name: "x", Shape: accel.BatchShape(classes)}},
	}
	plan, err := models.NewPlan(g, []accel.Device{d}, 8)
	require.NoError(t, err)
	session, err := plan.NewSession()
	require.NoError(t, err)
	var made []*models.Finish
	o.Forward = func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
		return session.Forward(ctx, b.Inputs, b.Rows, o, keep)
	}
	o.Finish = func(p *accel.Program, features bool, maxRows int) (*models.Finish, error) {
		f, err := plan.NewFinish(p, features, maxRows)
		if err == nil {
			made = append(made, f)
		}
		return f, err
	}
	t.Cleanup(func() {
		for _, f := range made {
			require.NoError(t, f.Close())
		}
		require.NoError(t, session.Close())
		require.NoError(t, plan.Close())
		require.NoError(t, d.Close())
	})
	return o
}

// Whatever the device does of a pipeline's corrections, the answer is the host's, and
// the trail tells who did what.
func TestCorrectionsAreTheDevicesOnlyAsFarAsTheyHold(t *testing.T) {
	half, quarter := func() *scale { return scaleBy(0.5) }, func() *scale { return scaleBy(0.25) }
	with := func(s *scale, change func(*scale)) *scale { change(s); return s }
	for name, c := range map[string]struct {
		stages []tta.Strategy
		rows   int
		device []bool
		want   float32 // of what probabilities are multiplied by
	}{
		"all of them":              {[]tta.Strategy{half(), quarter()}, 3, []bool{true, true}, 0.125},
		"the first is not ready":   {[]tta.Strategy{with(half(), func(s *scale) { s.ready = false }), quarter()}, 3, []bool{false, false}, 0.125},
		"the second is not ready":  {[]tta.Strategy{half(), with(quarter(), func(s *scale) { s.ready = false })}, 3, []bool{true, false}, 0.125},
		"one that is the host's":   {[]tta.Strategy{half(), &change{}, quarter()}, 3, []bool{true, false, false}, 0.125},
		"more rows than it is for": {[]tta.Strategy{half(), quarter()}, 5, []bool{false, false}, 0.125},
		"the device is in doubt":   {[]tta.Strategy{with(half(), func(s *scale) { s.device = float32(math.Inf(1)) }), quarter()}, 3, []bool{false, false}, 0.125},
		"a part is taken":          {[]tta.Strategy{with(half(), func(s *scale) { s.part = 0.5 }), quarter()}, 3, []bool{true, false}, 0.0625},
	} {
		t.Run(name, func(t *testing.T) {
			g := build(t, onProcessor(t, options(champion(c.stages...))))
			for step := range uint64(2) {
				logits := accel.NewTensor(c.rows, classes)
				for i := range logits.Data {
					logits.Data[i] = float32(i%4) + float32(step)
				}
				b := &tta.Batch{Step: step, Rows: c.rows, Inputs: []*accel.Tensor{logits}, Items: []tta.Item{{ID: "a", Rows: c.rows}}}
				r, err := g.Step(t.Context(), b)
				require.NoError(t, err)
				p := r.Pipelines[0]
				require.Equal(t, tta.TripNone, p.Trip)
				var device []bool
				for _, s := range p.Trail {
					device = append(device, s.Device)
				}
				assert.Equal(t, c.device, device)
				want := accel.NewTensor(c.rows, classes)
				tta.Softmax(want, logits)
				for i, v := range want.Data {
					assert.InDelta(t, v*c.want, p.View.Probs.Data[i], 1e-6)
				}
				require.NoError(t, g.Settle(t.Context(), r))
			}
		})
	}
}

// A device without the operator leaves everything to the host.
func TestADeviceThatCannotCorrectIsNotAsked(t *testing.T) {
	s := scaleBy(0.5)
	o := onProcessor(t, options(champion(&refused{s})))
	g := build(t, o)
	b := &tta.Batch{Rows: 1, Inputs: []*accel.Tensor{accel.NewTensor(1, classes)}, Items: []tta.Item{{ID: "a", Rows: 1}}}
	r, err := g.Step(t.Context(), b)
	require.NoError(t, err)
	assert.False(t, r.Pipelines[0].Trail[0].Device)
	assert.Equal(t, 1, s.host)
}

// refused is an operator the processor does not have.
type refused struct{ *scale }

func (refused) Offload() (tta.Offload, bool) {
	return tta.Offload{Op: accel.PriorRatio{}, Given: []accel.Shape{accel.StaticShape(classes)}}, true
}
