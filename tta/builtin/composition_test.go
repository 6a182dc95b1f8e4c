package builtin_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/alphabn"
	"ttad/tta/bnema"
	"ttad/tta/builtin"
	"ttad/tta/labelshift"
	"ttad/tta/lame"
	"ttad/tta/reloop"
	"ttad/tta/ttatest"
)

// chain is the model of the golden pipeline: a norm node, then a linear head. Its
// features are the node's output.
type chain struct {
	node         models.NormNode
	gamma, beta  []float32
	weight, bias []float64
}

func (m chain) forward(_ context.Context, b *tta.Batch, o *models.Overlay, _ models.Keep) (*models.Output, error) {
	rule := accel.NormRule{}
	if r := o.Norms(); r != nil {
		rule = r[0]
	}
	h, _ := ttatest.Normalize(b.Inputs[0].Data, b.Rows, m.node, m.gamma, m.beta, rule)
	d, k := m.node.Channels, len(m.bias)
	out := &models.Output{Features: accel.TensorOf(h, b.Rows, d), Logits: accel.NewTensor(b.Rows, k)}
	for i := range b.Rows {
		for c := range k {
			sum := m.bias[c]
			for j, v := range out.Features.Row(i) {
				sum += float64(v) * m.weight[c*d+j]
			}
			out.Logits.Row(i)[c] = float32(sum)
		}
	}
	return out, nil
}

// golden is the golden pipeline: its model, its batch, and the four stages' results.
type golden struct {
	model chain
	batch *tta.Batch
	want  struct {
		Blend  ttatest.Array `json:"probabilities_source_blend"`
		LAME   ttatest.Array `json:"after_lame"`
		Prior  ttatest.Array `json:"after_prior"`
		Memory ttatest.Array `json:"after_memory"`
	}
	// What the error memory holds.
	keys, base *accel.Tensor
	labels     []tta.Label
}

func readGolden(t *testing.T) *golden {
	t.Helper()
	var in struct {
		ttatest.NormInput
		Weight ttatest.Array `json:"head_weight"`
		Bias   ttatest.Array `json:"head_bias"`
		Keys   ttatest.Array `json:"memory_keys"`
		Labels []int         `json:"memory_labels"`
		Base   ttatest.Array `json:"memory_base"`
	}
	g := &golden{}
	ttatest.Golden(t, "pipeline")[0].Decode(t, nil, &in, &g.want)
	g.model = chain{
		node: models.NormNode{Name: "norm", Channels: 2, Positions: 1, Eps: float32(in.Eps),
			Source: bnstats.Moments{Mean: in.SourceMean.Float32(), Var: in.SourceVar.Float32()}},
		gamma: in.Gamma.Float32(), beta: in.Beta.Float32(), weight: in.Weight.Data, bias: in.Bias.Data,
	}
	g.keys, g.base = accel.TensorOf(in.Keys.Float32(), in.Keys.Shape...), accel.TensorOf(in.Base.Float32(), in.Base.Shape...)
	for _, class := range in.Labels {
		g.labels = append(g.labels, tta.Label{Class: class})
	}
	g.batch = &tta.Batch{Rows: 4, Items: []tta.Item{{Rows: 4}}, Inputs: []*accel.Tensor{accel.TensorOf(in.X.Float32(), 4, 2)}}
	return g
}

// group builds pipelines on the model; the first is the champion.
func (g *golden) group(t *testing.T, pipelines ...tta.PipelineConfig) *tta.Group {
	t.Helper()
	for i := range pipelines {
		pipelines[i].Role = tta.Shadow
	}
	pipelines[0].Role = tta.Champion
	ledger := tta.DefaultLedger()
	out, err := tta.NewGroup(tta.GroupOptions{
		Registry: builtin.Registry(), Guard: tta.DefaultGuard(), Forward: g.model.forward, SourceView: true, Ledger: &ledger, Configs: pipelines,
		Env: tta.Env{Classes: 3, FeatureWidth: 2, Norms: []models.NormNode{g.model.node}, Model: "golden", Now: time.Now},
	})
	require.NoError(t, err)
	return out
}

func pipeline(name string, strategies ...tta.StrategyConfig) tta.PipelineConfig {
	return tta.PipelineConfig{Name: name, Strategies: strategies}
}

// The golden pipeline's stages.

func blend(sourceWeight float64) tta.StrategyConfig {
	return tta.StrategyConfig{Name: "alphabn", Params: &alphabn.Config{SourceWeight: &sourceWeight, MinRows: 1}}
}

func neighbours() tta.StrategyConfig {
	return tta.StrategyConfig{Name: "lame", Params: with(lame.RBF, func(c *lame.Config) { c.Neighbors, c.MinRows = 3, 1 })}
}

// counted is a prior ratio whose prior is a plain mean over ten rows of the source
// and every label.
func counted() tta.StrategyConfig {
	forever := 1e9
	return tta.StrategyConfig{Name: "labelshift", Params: shift(func(c *labelshift.Config) {
		c.Estimate, c.SourcePrior, c.SourceRows, c.HalfLife = labelshift.EstimateLabels, []float64{5, 3, 2}, 10, &forever
	})}
}

// remembering is the paper's rule over two neighbours.
func remembering(change func(*reloop.Config)) tta.StrategyConfig {
	return tta.StrategyConfig{Name: "reloop", Params: memory(func(c *reloop.Config) {
		c.Slots, c.Neighbors, c.Weight, c.AdaptWeight, c.PerClassShare = 100, 2, 0.4, false, 1
		change(c)
	})}
}

func asIs(*reloop.Config) {}

// toGoldenPrior are labels that lead counted from the golden source prior to the
// target: (5, 3+4.5, 2+10.5) of 25.
func toGoldenPrior() []tta.Label {
	labels := []tta.Label{{Class: 1, Weight: 0.5}, {Class: 2, Weight: 0.5}}
	for i := range 14 {
		labels = append(labels, tta.Label{Class: 1 + min(i/4, 1)})
	}
	return labels
}

// taught returns the state of one strategy after labels for rows that carried the
// given features and probabilities.
func taught(t *testing.T, s tta.StrategyConfig, features, probs *accel.Tensor, labels []tta.Label) []byte {
	t.Helper()
	logits := probs.Clone()
	for i, p := range logits.Data {
		logits.Data[i] = float32(math.Log(float64(p)))
	}
	ledger := tta.DefaultLedger()
	g, err := tta.NewGroup(tta.GroupOptions{
		Registry: builtin.Registry(), Configs: []tta.PipelineConfig{{Name: "main", Role: tta.Champion, Strategies: []tta.StrategyConfig{s}}}, Ledger: &ledger,
		Env: tta.Env{Classes: probs.RowLen(), FeatureWidth: features.RowLen(), OutputsOnly: true, Model: "golden", Now: time.Now},
	})
	require.NoError(t, err)
	rows := probs.Rows()
	b := &tta.Batch{Rows: rows, Items: []tta.Item{{ID: "all", Rows: rows}}, Given: &models.Output{Logits: logits, Features: features}}
	settle(t, g, b)
	for i := range labels {
		labels[i].ID, labels[i].Row = "all", i
	}
	learned, err := g.Learn(t.Context(), labels)
	require.NoError(t, err)
	for _, l := range learned {
		require.Equal(t, tta.LabelLearned, l.State, l.Why)
	}
	states, err := g.Snapshot()
	require.NoError(t, err)
	require.Len(t, states, 1)
	return states[0].Blob
}

// put gives strategies of a group the state that was taught elsewhere.
func put(t *testing.T, g *tta.Group, strategy string, blob []byte) {
	t.Helper()
	states, err := g.Snapshot()
	require.NoError(t, err)
	states = slices.DeleteFunc(states, func(s tta.State) bool { return s.Strategy != strategy })
	require.NotEmpty(t, states)
	for i := range states {
		states[i].Blob = blob
	}
	require.NoError(t, g.Restore(states))
}

func settle(t *testing.T, g *tta.Group, b *tta.Batch) *tta.Result {
	t.Helper()
	r, err := g.Step(t.Context(), b)
	require.NoError(t, err)
	require.NoError(t, g.Settle(t.Context(), r))
	return r
}

func TestEveryStageAgreesWithTheGoldenPipeline(t *testing.T) {
	golden := readGolden(t)
	g := golden.group(t,
		pipeline("blend", blend(0.9)),
		pipeline("lame", blend(0.9), neighbours()),
		pipeline("prior", blend(0.9), neighbours(), counted()),
		pipeline("memory", blend(0.9), neighbours(), counted(), remembering(asIs)))
	labels := toGoldenPrior()
	put(t, g, "labelshift", taught(t, counted(), accel.NewTensor(len(labels), 2), even(len(labels), 3), labels))
	put(t, g, "reloop", taught(t, remembering(asIs), golden.keys, golden.base, golden.labels))
	r := settle(t, g, golden.batch)
	assert.Equal(t, 2, r.Forwards, "the source view and the blended forward all pipelines share")
	for i, want := range []ttatest.Array{golden.want.Blend, golden.want.LAME, golden.want.Prior, golden.want.Memory} {
		testkit.Close(t, r.Pipelines[i].Name, r.Pipelines[i].View.Probs.Data, want.Data, 1e-5)
	}
}

// even is rows of equal probabilities.
func even(rows, classes int) *accel.Tensor {
	p := accel.NewTensor(rows, classes)
	for i := range p.Data {
		p.Data[i] = 1 / float32(classes)
	}
	return p
}

// drifted trains a group on rows of a shifted distribution.
func drifted(t *testing.T, g *tta.Group) {
	t.Helper()
	r := rand.New(rand.NewPCG(101, 103))
	for i := range 8 {
		x := make([]float32, 2*12)
		for j := range x {
			x[j] = float32(r.NormFloat64() - 1)
		}
		b := &tta.Batch{Step: uint64(i), Rows: 12, Items: []tta.Item{{Seq: uint64(i + 1), Rows: 12}}, Inputs: []*accel.Tensor{accel.TensorOf(x, 12, 2)}}
		settle(t, g, b)
		var labels []tta.Label
		for row := range 12 {
			labels = append(labels, tta.Label{Seq: uint64(i + 1), Row: row, Class: row % 2})
		}
		_, err := g.Learn(t.Context(), labels)
		require.NoError(t, err)
	}
}

func ratio(change func(*labelshift.Config)) tta.StrategyConfig {
	return tta.StrategyConfig{Name: "labelshift", Params: shift(change)}
}

// Rule (a): every stage at its identity value reproduces the source bits.
func TestStagesAtTheirIdentityReproduceTheSourceBits(t *testing.T) {
	golden := readGolden(t)
	off := ratio(func(c *labelshift.Config) { c.Tau = 0 })
	forgetful := remembering(func(c *reloop.Config) { c.Weight = 0 })
	for name, stages := range map[string][]tta.StrategyConfig{
		"source weight 1": {blend(1)},
		"tau 0":           {off},
		"weight 0":        {forgetful},
		"all of them":     {blend(1), off, forgetful},
	} {
		t.Run(name, func(t *testing.T) {
			g := golden.group(t, pipeline("main", stages...))
			drifted(t, g)
			r := settle(t, g, golden.batch)
			assert.Equal(t, r.Source.Probs.Data, r.Pipelines[0].View.Probs.Data)
			assert.Equal(t, tta.GuardOK, r.Pipelines[0].Guard)
		})
	}
	t.Run("the target prior is the source's, the memory empty", func(t *testing.T) {
		g := golden.group(t, pipeline("main", counted(), remembering(asIs)))
		r := settle(t, g, golden.batch)
		assert.Equal(t, r.Source.Probs.Data, r.Pipelines[0].View.Probs.Data)
	})
}

// Rule (b): the order of LAME and the prior ratio matters, that of two ratios does
// not.
func TestOrderMattersExceptBetweenRatios(t *testing.T) {
	golden := readGolden(t)
	half := 0.5
	other := ratio(func(c *labelshift.Config) { c.SourcePrior, c.Tau = []float64{1, 1, 3}, half })
	g := golden.group(t,
		pipeline("lame first", neighbours(), counted()), pipeline("ratio first", counted(), neighbours()),
		pipeline("two ratios", counted(), other), pipeline("the other way round", other, counted()))
	drifted(t, g)
	r := settle(t, g, golden.batch)
	probs := func(i int) []float32 { return r.Pipelines[i].View.Probs.Data }
	assert.Greater(t, furthest(probs(0), probs(1)), 0.01)
	assert.Less(t, furthest(probs(2), probs(3)), 1e-6)
	assert.Greater(t, furthest(probs(2), r.Source.Probs.Data), 0.01, "the ratios do something")
}

// furthest is the largest difference of two arrays.
func furthest(a, b []float32) float64 {
	most := 0.0
	for i := range a {
		most = max(most, float64(a[i]-b[i]), float64(b[i]-a[i]))
	}
	return most
}

// Rule (c): two owners of norm statistics, or of the head, are refused.
func TestTwoOwnersAreRefused(t *testing.T) {
	adapter := tta.StrategyConfig{Name: "labelshift", Params: shift(func(c *labelshift.Config) {
		c.Mode, c.Adapter = labelshift.ModeAdapter, testdata("adapter.json")
	})}
	following := tta.StrategyConfig{Name: "bnema", Params: &bnema.Config{Momentum: 0.1, MinRows: 2}}
	for want, stages := range map[string][]tta.StrategyConfig{
		"alphabn and bnema both own the model's norm statistics":                   {blend(0.9), following},
		"labelshift and labelshift both own the model's classifier head":           {adapter, adapter},
		"labelshift computes probabilities from features anew and would undo lame": {neighbours(), adapter},
	} {
		_, err := tta.NewPipeline(builtin.Registry(), ttatest.NewModel(5).Env("main"), pipeline("main", stages...))
		assert.ErrorContains(t, err, want)
	}
}

// Rule (d): changing anything before the error memory invalidates its keys.
func TestTheMemoryStartsFreshWhenWhatComesBeforeItChanges(t *testing.T) {
	golden := readGolden(t)
	before := []tta.StrategyConfig{blend(0.9), neighbours(), counted(), remembering(asIs)}
	for name, c := range map[string]struct {
		now   []tta.StrategyConfig
		fresh []string
	}{
		"nothing":                {[]tta.StrategyConfig{blend(0.9), neighbours(), counted(), remembering(asIs)}, nil},
		"its own weight":         {[]tta.StrategyConfig{blend(0.9), neighbours(), counted(), remembering(func(c *reloop.Config) { c.Weight = 0.9 })}, nil},
		"the norm rule":          {[]tta.StrategyConfig{blend(0.8), neighbours(), counted(), remembering(asIs)}, []string{"main"}},
		"the prior's parameters": {[]tta.StrategyConfig{blend(0.9), neighbours(), ratio(func(*labelshift.Config) {}), remembering(asIs)}, []string{"main"}},
		"one strategy less":      {[]tta.StrategyConfig{blend(0.9), counted(), remembering(asIs)}, []string{"main"}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := golden.group(t, pipeline("main", before...)), golden.group(t, pipeline("main", c.now...))
			drifted(t, from)
			assert.Equal(t, c.fresh, to.TakeOver(from))
			last := len(c.now) - 1
			assert.Equal(t, c.fresh == nil, state(t, from, len(before)-1) == state(t, to, last))
			if c.fresh != nil {
				assert.Equal(t, state(t, golden.group(t, pipeline("main", c.now...)), last), state(t, to, last))
			}
		})
	}
}

// state is the snapshot of the strategy at a place of the first pipeline.
func state(t *testing.T, g *tta.Group, place int) string {
	t.Helper()
	states, err := g.Snapshot()
	require.NoError(t, err)
	i := slices.IndexFunc(states, func(s tta.State) bool { return s.Index == place })
	require.GreaterOrEqual(t, i, 0)
	return string(states[i].Blob)
}

func TestTheRecommendedOrderHoldsForTheDefaults(t *testing.T) {
	r := builtin.Registry()
	inOrder := pipeline("main")
	for _, name := range []string{"source", "bnema", "alphabn", "lame", "labelshift", "reloop", "loki"} {
		inOrder.Strategies = append(inOrder.Strategies, tta.StrategyConfig{Name: name})
	}
	assert.Empty(t, tta.Advice(r, []tta.PipelineConfig{inOrder}))
	slices.Reverse(inOrder.Strategies)
	assert.Len(t, tta.Advice(r, []tta.PipelineConfig{inOrder}), len(inOrder.Strategies)-2, "source stands anywhere, the first is nobody's successor")
}
