package bnema_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/bnema"
	"ttad/tta/ttatest"
)

func config(change func(*bnema.Config)) *bnema.Config {
	c := bnema.Spec().NewConfig().(*bnema.Config)
	change(c)
	return c
}

// oneNode is a model that is a single norm node; its logits are y.
type oneNode struct {
	node        models.NormNode
	gamma, beta []float32
}

func (m oneNode) forward(_ context.Context, b *tta.Batch, o *models.Overlay, _ models.Keep) (*models.Output, error) {
	rule := accel.NormRule{}
	if r := o.Norms(); r != nil {
		rule = r[0]
	}
	y, moments := ttatest.Normalize(b.Inputs[0].Data, b.Rows, m.node, m.gamma, m.beta, rule)
	return &models.Output{Logits: accel.TensorOf(y, b.Rows, len(y)/b.Rows), Moments: []bnstats.Moments{moments}}, nil
}

func TestReferenceExactRepeatsThePublishedTwoForwards(t *testing.T) {
	c := ttatest.Golden(t, "bn_baselines")[0]
	require.Equal(t, "ema_bn_two_batches", c.Name)
	var in struct {
		ttatest.NormInput
		Batches ttatest.Array
	}
	var want struct {
		Y    ttatest.Array
		Mean ttatest.Array `json:"running_mean"`
		Var  ttatest.Array `json:"running_var"`
	}
	c.Decode(t, nil, &in, &want)
	m := oneNode{
		node: models.NormNode{Name: "norm", Channels: 2, Positions: 4, Eps: float32(in.Eps),
			Source: bnstats.Moments{Mean: in.SourceMean.Float32(), Var: in.SourceVar.Float32()}},
		gamma: in.Gamma.Float32(), beta: in.Beta.Float32(),
	}
	s, err := bnema.New(tta.Env{Norms: []models.NormNode{m.node}, Forward: m.forward}, config(func(c *bnema.Config) { c.ReferenceExact, c.MinRows = true, 1 }))
	require.NoError(t, err)
	x, ctx := in.Batches.Float32(), context.Background()
	for i := range 2 {
		b := &tta.Batch{Step: uint64(i), Rows: 4, Inputs: []*accel.Tensor{accel.TensorOf(x[i*32:(i+1)*32], 4, 2, 2, 2)}}
		var o models.Overlay
		require.NoError(t, s.Prepare(ctx, b, &o))
		out, err := m.forward(ctx, b, &o, models.Keep{})
		require.NoError(t, err)
		testkit.Close(t, "y", out.Logits.Data, want.Y.Data[i*32:(i+1)*32], 1e-5)
		require.NoError(t, s.Update(ctx, b, out, nil))
		testkit.Close(t, "running mean", s.Running()[0].Mean, want.Mean.Data[2*i:2*i+2], 1e-6)
		testkit.Close(t, "running variance", s.Running()[0].Var, want.Var.Data[2*i:2*i+2], 1e-6)
	}
}

// settle makes one step of a strategy on the law suite's model.
func settle(t *testing.T, m *ttatest.Model, s *bnema.Strategy, b *tta.Batch) *models.Overlay {
	t.Helper()
	var o models.Overlay
	ctx := context.Background()
	require.NoError(t, s.Prepare(ctx, b, &o))
	out, err := m.Forward(ctx, b, &o, models.Keep{Moments: true})
	require.NoError(t, err)
	require.NoError(t, s.Update(ctx, b, out, nil))
	return &o
}

func build(t *testing.T, cfg *bnema.Config) (*ttatest.Model, *bnema.Strategy) {
	t.Helper()
	m := ttatest.NewModel(3)
	s, err := bnema.New(m.Env("main"), cfg)
	require.NoError(t, err)
	return m, s
}

func TestTheFirstBatchIsTheSourceModelsAndLaterOnesTheEstimates(t *testing.T) {
	m, s := build(t, config(func(*bnema.Config) {}))
	r := rand.New(rand.NewPCG(1, 1))
	assert.Empty(t, settle(t, m, s, ttatest.RandomBatch(r, 1, 16)).Key())
	o := settle(t, m, s, ttatest.RandomBatch(r, 2, 16))
	assert.Equal(t, "bnema(main)#2", o.Key())
	assert.Equal(t, accel.NormGiven, o.Norms()[0].Mode)
	assert.Equal(t, accel.NormSource, o.Norms()[1].Mode, "a norm on the logits stays source")
}

func TestTheEstimateConvergesToASteadyStream(t *testing.T) {
	m, s := build(t, config(func(c *bnema.Config) { c.BatchVariance = bnema.Biased }))
	b := ttatest.RandomBatch(rand.New(rand.NewPCG(2, 2)), 1, 32)
	out, err := m.Forward(context.Background(), b, &models.Overlay{}, models.Keep{Moments: true})
	require.NoError(t, err)
	far := bnstats.Distance(s.Running()[0], out.Moments[0], 1e-5)
	for range 100 {
		settle(t, m, s, b)
	}
	near := bnstats.Distance(s.Running()[0], out.Moments[0], 1e-5)
	// The node is the first, so its batch moments do not depend on the estimate:
	// after 100 steps 0.9^100 of the way is left.
	assert.Less(t, near, 1e-6)
	assert.Greater(t, far, 0.1)
}

func TestSmallBatchesAreAnsweredButNotMerged(t *testing.T) {
	m, s := build(t, config(func(*bnema.Config) {}))
	r := rand.New(rand.NewPCG(3, 3))
	settle(t, m, s, ttatest.RandomBatch(r, 1, 8))
	before := s.Running()
	o := settle(t, m, s, ttatest.RandomBatch(r, 2, 7))
	assert.Equal(t, before, s.Running())
	assert.NotEmpty(t, o.Key())
}

func TestASingleValueHasNoUnbiasedVariance(t *testing.T) {
	n := models.NormNode{Name: "norm", Channels: 1, Positions: 1, Source: bnstats.Moments{Mean: []float32{0}, Var: []float32{4}}}
	s, err := bnema.New(tta.Env{Norms: []models.NormNode{n}}, config(func(c *bnema.Config) { c.MinRows = 1 }))
	require.NoError(t, err)
	out := &models.Output{Moments: []bnstats.Moments{{Mean: []float32{1}, Var: []float32{0}}}}
	require.NoError(t, s.Update(context.Background(), &tta.Batch{Rows: 1}, out, nil))
	assert.Equal(t, float32(4), s.Running()[0].Var[0])
	assert.InDelta(t, 0.1, s.Running()[0].Mean[0], 1e-6)
}

func TestABatchThatIsNotFiniteIsNotMerged(t *testing.T) {
	m, s := build(t, config(func(*bnema.Config) {}))
	b := ttatest.RandomBatch(rand.New(rand.NewPCG(4, 4)), 1, 8)
	for i := range b.Inputs[0].Data {
		b.Inputs[0].Data[i] = float32(math.NaN())
	}
	before := s.Running()
	settle(t, m, s, b)
	assert.Equal(t, before, s.Running())
}

func TestMomentsOfAnotherModelAreRefused(t *testing.T) {
	_, s := build(t, config(func(*bnema.Config) {}))
	err := s.Update(context.Background(), &tta.Batch{Rows: 8}, &models.Output{}, nil)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "moments of 0 norm nodes, the model has 2")
}

func TestSnapshotsOfOtherModelsAreRefusedBySize(t *testing.T) {
	_, s := build(t, config(func(*bnema.Config) {}))
	other, err := bnema.New(ttatest.NewModel(4).Env("main"), config(func(*bnema.Config) {}))
	require.NoError(t, err)
	blob, err := other.Snapshot()
	require.NoError(t, err)
	assert.ErrorContains(t, s.Restore(blob), "bytes, this model's has")
}

func ExampleStrategy_Running() {
	n := models.NormNode{Name: "norm", Channels: 1, Positions: 1, Source: bnstats.Moments{Mean: []float32{0}, Var: []float32{1}}}
	s, err := bnema.New(tta.Env{Norms: []models.NormNode{n}}, &bnema.Config{Momentum: 0.1, MinRows: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	out := &models.Output{Moments: []bnstats.Moments{{Mean: []float32{2}, Var: []float32{3}}}}
	_ = s.Update(context.Background(), &tta.Batch{Rows: 2}, out, nil)
	fmt.Printf("%.2f %.2f\n", s.Running()[0].Mean[0], s.Running()[0].Var[0])
	// Output: 0.20 1.20
}

func FuzzRestore(f *testing.F) {
	m := ttatest.NewModel(3)
	s, err := bnema.New(m.Env("main"), config(func(*bnema.Config) {}))
	require.NoError(f, err)
	good, err := s.Snapshot()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("bnema\x01"))
	f.Fuzz(func(t *testing.T, blob []byte) {
		s, err := bnema.New(m.Env("main"), config(func(*bnema.Config) {}))
		require.NoError(t, err)
		before, err := s.Snapshot()
		require.NoError(t, err)
		refused := s.Restore(blob)
		after, err := s.Snapshot()
		require.NoError(t, err)
		if refused != nil {
			require.Equal(t, before, after, "a refused snapshot changes nothing")
			return
		}
		require.Equal(t, blob, after, "an accepted snapshot comes back as it was")
	})
}
