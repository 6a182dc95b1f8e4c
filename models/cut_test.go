package models_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/models/onnx"
)

// zooGraph reads a small export of a family, and reproducible rows for it.
func zooGraph(t *testing.T, name string, rows int) (*models.Graph, []*accel.Tensor) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("onnx", "testdata", "zoo", name+".onnx"))
	require.NoError(t, err)
	g, err := onnx.Import(name, data, onnx.Options{})
	require.NoError(t, err)
	var in []*accel.Tensor
	for i, port := range g.Inputs {
		shape := port.Shape.At(rows)
		x := accel.TensorOf(random(uint64(20+i), accel.Elements(shape)), shape...)
		if port.Int {
			for k := range x.Data {
				x.Data[k] = float32(k % 3)
			}
		}
		in = append(in, x)
	}
	return g, in
}

// mixed asks of every norm something else: a blend, given moments, the source's.
func mixed(g *models.Graph) *models.Overlay {
	rules := make([]accel.NormRule, len(g.Norms))
	for i, n := range g.Norms {
		switch i % 3 {
		case 0:
			rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.3}
		case 1:
			rules[i] = accel.NormRule{Mode: accel.NormGiven, Mean: random(uint64(i), n.Channels), Var: positive(uint64(i), n.Channels)}
		}
	}
	var o models.Overlay
	o.SetNorms("mixed", rules)
	return &o
}

func kinds(p *accel.Program) []string {
	set := map[string]bool{}
	for _, s := range p.Steps {
		set[s.Op.Kind()] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// Whatever kind of operator the first device lacks: the parts together give the bits
// of one device, and every norm gets its own rule and brings home its own moments.
func TestAPlanInPartsGivesTheBitsOfAWholeOne(t *testing.T) {
	const rows = 2
	keep := models.Keep{Features: true, Moments: true}
	names := []string{"resnet", "densenet", "shufflenet", "mobilenet_v3_13", "deepfm", "training"}
	if testing.Short() {
		names = names[4:]
	}
	for _, name := range names {
		g, in := zooGraph(t, name, rows)
		for _, o := range []*models.Overlay{nil, mixed(g)} {
			if len(g.Norms) == 0 {
				o = nil
			}
			want, err := session(t, g, &oracle{}, rows).Forward(t.Context(), in, rows, o, keep)
			require.NoError(t, err)
			for _, kind := range kinds(g.Program) {
				t.Run(fmt.Sprintf("%s without %s, %v", name, kind, o != nil), func(t *testing.T) {
					some, all := &oracle{refuse: kind}, &oracle{}
					plan, err := models.NewPlan(g, []accel.Device{some, all}, rows)
					require.NoError(t, err)
					s, err := plan.NewSession()
					require.NoError(t, err)
					got, err := s.Forward(t.Context(), in, rows, o, keep)
					require.NoError(t, err)
					assert.Equal(t, want, got)
					got, err = s.Forward(t.Context(), in, rows, o, models.Keep{})
					require.NoError(t, err)
					assert.Equal(t, want.Logits, got.Logits)
					require.NoError(t, s.Close())
					require.NoError(t, plan.Close())
					require.NoError(t, errors.Join(some.Close(), all.Close()), "nothing stays open")
				})
			}
		}
	}
}

// On the real engine, whose parts fold and fuse otherwise than the whole.
func TestAPlanInPartsOfTheProcessorAgreesWithAWholeOne(t *testing.T) {
	g, in := zooGraph(t, "resnet", 5)
	device, err := cpu.New(cpu.Config{Threads: 2})
	require.NoError(t, err)
	want, err := session(t, g, &oracle{}, 8).Forward(t.Context(), in, 5, mixed(g), models.Keep{Features: true, Moments: true})
	require.NoError(t, err)
	plan, err := models.NewPlan(g, []accel.Device{refusing{device, "Add"}, device}, 8)
	require.NoError(t, err)
	assert.Greater(t, plan.Placement().Cuts(), 2)
	s, err := plan.NewSession()
	require.NoError(t, err)
	out := &models.Output{}
	forward := func() {
		require.NoError(t, s.ForwardInto(t.Context(), in, 5, mixed(g), models.Keep{Features: true, Moments: true}, out))
	}
	forward()
	testkit.Close(t, "logits", out.Logits.Data, want.Logits.Data, 1e-4)
	testkit.Close(t, "features", out.Features.Data, want.Features.Data, 1e-4)
	for i, m := range out.Moments {
		testkit.Close(t, "mean", m.Mean, want.Moments[i].Mean, 1e-4)
		assert.Equal(t, want.Moments[i].Count, m.Count)
	}
	require.NoError(t, s.Close())
	require.NoError(t, plan.Close())
	require.NoError(t, device.Close())
}

// refusing is a device without one kind of operator.
type refusing struct {
	accel.Device
	kind string
}

func (d refusing) Supports(p *accel.Program, step int) error {
	if s := p.Steps[step]; s.Op.Kind() == d.kind {
		return accel.Unsupported(s, "told so")
	}
	return d.Device.Supports(p, step)
}

func TestPlacementTellsWhatRunsWhereAndWhy(t *testing.T) {
	g := smallCNN(t, true)
	first, second := &oracle{refuse: "Relu"}, &oracle{}
	plan, err := models.NewPlan(g, []accel.Device{first, second}, 4)
	require.NoError(t, err)
	p := plan.Placement()
	assert.Equal(t, 6, p.Steps)
	assert.Empty(t, p.Refused, "both have steps")
	assert.Empty(t, p.Warning())
	assert.Equal(t, 2, p.Cuts())
	var parts []string
	for _, part := range p.Parts {
		parts = append(parts, fmt.Sprintf("%s to %s: %d", part.First, part.Last, part.Steps))
	}
	assert.Equal(t, []string{"conv to bn: 2", "relu to relu: 1", "pool to fc: 3"}, parts)
	assert.Equal(t, []string{`oracle: node "relu": op Relu: not supported by this device: told so`}, p.Parts[1].Why)
	assert.Nil(t, p.Parts[0].Why)
	require.NoError(t, plan.Close())
	assert.Zero(t, first.open+second.open)
}

func TestAPlanOnOneDeviceSaysWhatOthersLack(t *testing.T) {
	able, unable := &oracle{}, &oracle{unfit: errors.New("no kernels")}
	plan, err := models.NewPlan(smallCNN(t, true), []accel.Device{unable, able}, 4)
	require.NoError(t, err)
	p := plan.Placement()
	assert.Len(t, p.Parts, 1)
	require.Len(t, p.Refused, 1)
	assert.EqualError(t, p.Refused[0], "oracle: no kernels", "a device that cannot compile is left out")
	require.NoError(t, plan.Close())

	_, err = models.NewPlan(smallCNN(t, true), []accel.Device{unable}, 4)
	require.ErrorIs(t, err, accel.ErrNoDevice)
	require.ErrorIs(t, err, unable.unfit)
	assert.Zero(t, able.open+unable.open)
}

// The second device fails to compile its part: what the first compiled is given back.
func TestAFailureToCompileAPartLeavesNothingOpen(t *testing.T) {
	first, second, last := &oracle{refuse: "Relu"}, &oracle{unfit: accel.ErrOutOfMemory}, &oracle{}
	plan, err := models.NewPlan(smallCNN(t, true), []accel.Device{first, second, last}, 4)
	require.NoError(t, err)
	assert.Equal(t, 2, first.open)
	assert.Zero(t, second.open)
	assert.Equal(t, 1, last.open)
	require.NoError(t, plan.Close())
	assert.Zero(t, first.open+second.open+last.open)
}

// A rename between two steps only the second device has does not come back for itself.
func TestARenameStaysWithTheStepBeforeIt(t *testing.T) {
	g := smallCNN(t, true)
	plan, err := models.NewPlan(g, []accel.Device{&oracle{refuse: "ReduceMean"}, &oracle{}}, 4)
	require.NoError(t, err)
	var parts []string
	for _, part := range plan.Placement().Parts {
		parts = append(parts, part.First+" to "+part.Last)
	}
	assert.Equal(t, []string{"conv to relu", "pool to flatten", "fc to fc"}, parts)
	require.NoError(t, plan.Close())
}

func TestAPlanWithManyCutsWarns(t *testing.T) {
	g, _ := zooGraph(t, "resnet", 1)
	plan, err := models.NewPlan(g, []accel.Device{&oracle{refuse: "Relu"}, &oracle{}}, 1)
	require.NoError(t, err)
	assert.Contains(t, plan.Placement().Warning(), "every cut is a copy and a wait")
	require.NoError(t, plan.Close())
}

// The error of a part in the middle is the forward's, and the next forward is whole.
func TestAPartThatFailsFailsTheForwardOnly(t *testing.T) {
	g, in := smallCNN(t, true), batch(9, 3)
	first, second := &oracle{refuse: "Relu"}, &oracle{}
	plan, err := models.NewPlan(g, []accel.Device{first, second}, 4)
	require.NoError(t, err)
	s, err := plan.NewSession()
	require.NoError(t, err)
	second.fail = accel.ErrLost
	_, err = s.Forward(t.Context(), in, 3, nil, models.Keep{})
	require.ErrorIs(t, err, accel.ErrLost)
	second.fail = nil
	got, err := s.Forward(t.Context(), in, 3, nil, models.Keep{})
	require.NoError(t, err)
	want, err := session(t, g, &oracle{}, 4).Forward(t.Context(), in, 3, nil, models.Keep{})
	require.NoError(t, err)
	assert.Equal(t, want.Logits, got.Logits)
	require.NoError(t, s.Close())
	require.NoError(t, plan.Close())
}
