package models_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/accel/plain"
	"ttad/internal/testkit"
	"ttad/models"
)

func TestForwardBringsHomeWhatIsKept(t *testing.T) {
	g := smallCNN(t, true)
	s := session(t, g, &oracle{}, 8)
	in := batch(9, 5)
	want, err := plain.Run(g.Program, in, 5, nil)
	require.NoError(t, err)

	out, err := s.Forward(t.Context(), in, 5, nil, models.Keep{Features: true, Moments: true})
	require.NoError(t, err)
	assert.Equal(t, []int{5, 4}, out.Logits.Shape)
	assert.Equal(t, want.Outputs[0].Data, out.Logits.Data)
	assert.Equal(t, want.Outputs[1].Data, out.Features.Data)
	require.Len(t, out.Moments, 1)
	assert.Equal(t, want.Norms[0].Mean, out.Moments[0].Mean)
	assert.Equal(t, want.Norms[0].Var, out.Moments[0].Var)
	assert.Equal(t, 5.*16, out.Moments[0].Count, "rows times positions")

	out, err = s.Forward(t.Context(), in, 5, nil, models.Keep{})
	require.NoError(t, err)
	assert.Nil(t, out.Features)
	assert.Nil(t, out.Moments)
}

func TestForwardUnderAnOverlayUsesItsMoments(t *testing.T) {
	g := smallCNN(t, true)
	s := session(t, g, &oracle{}, 8)
	in := batch(9, 5)
	rules := []accel.NormRule{{Mode: accel.NormBlend, SourceWeight: 0.3}}
	want, err := plain.Run(g.Program, in, 5, rules)
	require.NoError(t, err)

	var o models.Overlay
	o.SetNorms("blend(0.3)", rules)
	out, err := s.Forward(t.Context(), in, 5, &o, models.Keep{})
	require.NoError(t, err)
	assert.Equal(t, want.Outputs[0].Data, out.Logits.Data)
}

func TestForwardIntoReusesMemory(t *testing.T) {
	s := session(t, smallCNN(t, true), &oracle{}, 8)
	out, keep := &models.Output{}, models.Keep{Features: true, Moments: true}
	require.NoError(t, s.ForwardInto(t.Context(), batch(1, 8), 8, nil, keep, out))
	logits, mean := &out.Logits.Data[0], &out.Moments[0].Mean[0]
	require.NoError(t, s.ForwardInto(t.Context(), batch(2, 3), 3, nil, keep, out))
	assert.Same(t, logits, &out.Logits.Data[0])
	assert.Same(t, mean, &out.Moments[0].Mean[0])
	assert.Equal(t, []int{3, 4}, out.Logits.Shape)
	assert.Len(t, out.Logits.Data, 12)
}

// With stored statistics and with the batch's own: once its memory is there, a
// session on the processor asks for no more, whatever is kept.
func TestForwardIntoAllocatesNothingOnceWarm(t *testing.T) {
	var blend models.Overlay
	blend.SetNorms("blend(0.5)", []accel.NormRule{{Mode: accel.NormBlend, SourceWeight: 0.5}})
	for name, overlay := range map[string]*models.Overlay{"source": nil, "blend": &blend} {
		for _, keep := range []models.Keep{{}, {Features: true, Moments: true}} {
			t.Run(fmt.Sprintf("%s, %+v", name, keep), func(t *testing.T) {
				device, err := cpu.New(cpu.Config{Threads: 2})
				require.NoError(t, err)
				s, in, out := session(t, smallCNN(t, true), device, 64), batch(1, 64), &models.Output{}
				forward := func() {
					require.NoError(t, s.ForwardInto(t.Context(), in, 64, overlay, keep, out))
				}
				forward()
				assert.Zero(t, testing.AllocsPerRun(20, forward))
			})
		}
	}
}

func TestForwardRefusesWhatDoesNotFit(t *testing.T) {
	s := session(t, smallCNN(t, true), &oracle{}, 8)
	wrong := []*accel.Tensor{accel.NewTensor(2, 2, 4, 5)}
	var o models.Overlay
	o.SetNorms("two", make([]accel.NormRule, 2))
	tests := []struct {
		name string
		in   []*accel.Tensor
		rows int
		o    *models.Overlay
		says string
	}{
		{"no rows", batch(1, 1), 0, nil, "0 rows: the plan takes 1 to 8"},
		{"more rows than planned", batch(1, 9), 9, nil, "9 rows: the plan takes 1 to 8"},
		{"an input missing", nil, 1, nil, "0 inputs, the model has 1"},
		{"another shape", wrong, 2, nil, `input "x": shape [2 2 4 5], want [2 2 4 4]`},
		{"fewer rows than told", batch(1, 2), 3, nil, `input "x": shape [2 2 4 4], want [3 2 4 4]`},
		{"rules for another model", batch(1, 2), 2, &o, "2 norm rules for 1 norm steps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Forward(t.Context(), tt.in, tt.rows, tt.o, models.Keep{})
			require.EqualError(t, err, "forward of small.onnx: "+tt.says)
		})
	}
}

func TestForwardReportsADeviceThatFails(t *testing.T) {
	d := &oracle{}
	s := session(t, smallCNN(t, true), d, 8)
	out := &models.Output{}
	d.fail = fmt.Errorf("pulled the plug: %w", accel.ErrLost)
	err := s.ForwardInto(t.Context(), batch(1, 2), 2, nil, models.Keep{}, out)
	require.ErrorIs(t, err, accel.ErrLost)
	assert.Nil(t, out.Logits, "an output after an error holds nothing")
	d.fail = nil
	require.NoError(t, s.ForwardInto(t.Context(), batch(1, 2), 2, nil, models.Keep{}, out))
}

func TestForwardAfterTheContextEnded(t *testing.T) {
	s := session(t, smallCNN(t, true), &oracle{}, 8)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("deadline"))
	_, err := s.Forward(ctx, batch(1, 2), 2, nil, models.Keep{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestPlanTellsHowItsDeviceRunsItIfItDoes(t *testing.T) {
	device, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	plan, err := models.NewPlan(smallCNN(t, true), []accel.Device{device}, 4)
	require.NoError(t, err)
	s := plan.Schedules()
	require.Len(t, s, 3, "for source statistics, the batch's and given ones")
	conv := slices.IndexFunc(s[0].Steps, func(s accel.Scheduled) bool { return s.Node == "conv" })
	require.GreaterOrEqual(t, conv, 0)
	assert.Equal(t, []string{"bn"}, s[0].Steps[conv].Folded)
	require.NoError(t, plan.Close())
	require.NoError(t, device.Close())

	plan, err = models.NewPlan(smallCNN(t, true), []accel.Device{&oracle{}}, 4)
	require.NoError(t, err)
	assert.Nil(t, plan.Schedules())
	require.NoError(t, plan.Close())
}

func TestPlanSaysWhyNoDeviceWillDo(t *testing.T) {
	g := smallCNN(t, true)
	_, err := models.NewPlan(g, []accel.Device{&oracle{refuse: "Relu"}, &oracle{refuse: "Relu"}}, 4)
	require.ErrorIs(t, err, accel.ErrNoDevice)
	assert.ErrorContains(t, err, `node "relu"`)
	_, err = models.NewPlan(g, nil, 4)
	require.EqualError(t, err, "plan small.onnx: no such device")
	_, err = models.NewPlan(g, []accel.Device{&oracle{}}, 0)
	require.EqualError(t, err, "plan small.onnx: batches of up to 0 rows: must be 1 or more")
	_, err = models.NewPlan(g, []accel.Device{&oracle{}}, 1<<30)
	require.ErrorContains(t, err, "use smaller batches")
}

func TestPlanIsClosedAfterItsSessions(t *testing.T) {
	plan, err := models.NewPlan(smallCNN(t, true), []accel.Device{&oracle{}}, 4)
	require.NoError(t, err)
	s, err := plan.NewSession()
	require.NoError(t, err)
	require.EqualError(t, plan.Close(), "close plan of small.onnx: 1 sessions are open")
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing twice is allowed")
	_, err = s.Forward(t.Context(), batch(1, 1), 1, nil, models.Keep{})
	require.ErrorContains(t, err, "the session is closed")
	require.NoError(t, plan.Close())
}

func TestSourceViewIsTheSameWithTheFeaturesTaken(t *testing.T) {
	g := smallCNN(t, true)
	s := session(t, g, &oracle{}, 8)
	out, err := s.Forward(t.Context(), batch(3, 2), 2, nil, models.Keep{Features: true})
	require.NoError(t, err)
	logits := accel.NewTensor(2, g.Classes)
	for n := range 2 {
		for k := range g.Classes {
			v := g.Head.Bias[k]
			for j, f := range out.Features.Row(n) {
				v += f * g.Head.Weight.Row(k)[j]
			}
			logits.Row(n)[k] = v
		}
	}
	testkit.Close(t, "head on features", logits.Data, out.Logits.Data, 1e-5)
}
