package alphabn_test

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
	"ttad/tta/alphabn"
	"ttad/tta/ttatest"
)

// prepare returns the overlay the strategy sets for a batch of rows rows.
func prepare(t *testing.T, env tta.Env, cfg *alphabn.Config, rows int) *models.Overlay {
	t.Helper()
	s, err := alphabn.New(env, cfg)
	require.NoError(t, err)
	var o models.Overlay
	require.NoError(t, s.Prepare(context.Background(), &tta.Batch{Rows: rows}, &o))
	return &o
}

// node is the norm node of a golden case and the environment that holds it alone.
func node(in ttatest.NormInput) (models.NormNode, tta.Env) {
	n := models.NormNode{
		Name: "norm", Channels: in.X.Shape[1], Positions: in.X.Shape[2] * in.X.Shape[3], Eps: float32(in.Eps),
		Source: bnstats.Moments{Mean: in.SourceMean.Float32(), Var: in.SourceVar.Float32()},
	}
	return n, tta.Env{Norms: []models.NormNode{n}}
}

// ruleOf is the only rule of an overlay, or the source's.
func ruleOf(o *models.Overlay) accel.NormRule {
	if len(o.Norms()) == 0 {
		return accel.NormRule{}
	}
	return o.Norms()[0]
}

func TestGoldenVectors(t *testing.T) {
	for _, file := range []string{"alpha_bn", "bn_baselines"} {
		for _, c := range ttatest.Golden(t, file) {
			if c.Name == "ema_bn_two_batches" {
				continue // bnema's
			}
			t.Run(c.Name, func(t *testing.T) {
				var p struct {
					SourceWeight  *float64 `json:"source_weight"`
					PseudoCount   *float64 `json:"pseudo_count"`
					BatchVariance string   `json:"batch_variance"`
					Combine       string   `json:"combine"`
				}
				var in ttatest.NormInput
				var want struct{ Y ttatest.Array }
				c.Decode(t, &p, &in, &want)
				n, env := node(in)
				cfg := &alphabn.Config{SourceWeight: p.SourceWeight, PseudoCount: p.PseudoCount, BatchVariance: p.BatchVariance, Combine: p.Combine, MinRows: 1}
				rows := in.X.Shape[0]
				rule := ruleOf(prepare(t, env, cfg, rows))
				y, _ := ttatest.Normalize(in.X.Float32(), rows, n, in.Gamma.Float32(), in.Beta.Float32(), rule)
				// Inputs and outputs are float32; golden values reach 4.
				testkit.Close(t, "y", y, want.Y.Data, 1e-5)
			})
		}
	}
}

func TestWeightOneIsTheSourceOverlayItself(t *testing.T) {
	env := ttatest.NewModel(3).Env("main")
	one, huge := 1.0, 1e9
	for name, cfg := range map[string]*alphabn.Config{
		"source_weight 1":       {SourceWeight: &one},
		"a huge pseudo_count":   {PseudoCount: &huge},
		"fewer rows than asked": {MinRows: 9},
		"every node excluded":   {Exclude: []string{"*"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := prepare(t, env, cfg, 8)
			assert.Empty(t, o.Key())
			assert.Nil(t, o.Norms())
		})
	}
}

func TestKeysFollowTheContent(t *testing.T) {
	env := ttatest.NewModel(3).Env("main")
	half, count := 0.5, 8.0
	for want, cfg := range map[string]*alphabn.Config{
		"alphabn(0.9,-1)":               {},
		"alphabn(0.5,-1)":               {SourceWeight: &half},
		"alphabn(0.5)":                  {SourceWeight: &half, IncludeLogits: true},
		"alphabn(0.5,pool,unbiased,-1)": {PseudoCount: &count, Combine: alphabn.Pool, BatchVariance: alphabn.Unbiased},
	} {
		assert.Equal(t, want, prepare(t, env, cfg, 8).Key())
	}
}

func TestThePseudoCountTrustsLargerBatchesMore(t *testing.T) {
	m := 16.0
	s, err := alphabn.New(tta.Env{}, &alphabn.Config{PseudoCount: &m, MinRows: 4})
	require.NoError(t, err)
	assert.Equal(t, 1.0, s.SourceWeight(3), "below min_rows")
	assert.Equal(t, 0.8, s.SourceWeight(4))
	assert.Equal(t, 0.5, s.SourceWeight(16))
}

func TestNodesAreLeftAlone(t *testing.T) {
	env := ttatest.NewModel(3).Env("main")
	mode := func(cfg *alphabn.Config, i int) accel.NormMode { return prepare(t, env, cfg, 8).Norms()[i].Mode }
	assert.Equal(t, accel.NormBlend, mode(&alphabn.Config{}, 0))
	assert.Equal(t, accel.NormSource, mode(&alphabn.Config{}, 1), "a norm on the logits stays source")
	assert.Equal(t, accel.NormBlend, mode(&alphabn.Config{IncludeLogits: true}, 1))
	assert.Equal(t, accel.NormSource, mode(&alphabn.Config{IncludeLogits: true, Exclude: []string{"/body*"}}, 0))
}

func TestMistakesInTheConfigurationAreNamed(t *testing.T) {
	w, m := 0.5, 16.0
	for name, c := range map[string]struct {
		cfg  alphabn.Config
		want string
	}{
		"both weights":        {alphabn.Config{SourceWeight: &w, PseudoCount: &m}, "give one of them"},
		"a misspelt exclude":  {alphabn.Config{Exclude: []string{"/boby/*"}}, `exclude "/boby/*" matches no norm node; the model has /body/norm, /head/norm`},
		"half of a right one": {alphabn.Config{Exclude: []string{"/body"}}, "matches no norm node"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alphabn.New(ttatest.NewModel(3).Env("main"), &c.cfg)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

// normalize runs one node of four channels and two positions under the strategy.
func normalize(t *testing.T, x []float32, source bnstats.Moments, cfg *alphabn.Config) []float32 {
	t.Helper()
	n := models.NormNode{Name: "norm", Channels: 4, Positions: 2, Eps: 1e-5, Source: source}
	rows := len(x) / 8
	rule := ruleOf(prepare(t, tta.Env{Norms: []models.NormNode{n}}, cfg, rows))
	y, _ := ttatest.Normalize(x, rows, n, []float32{1, 1, 1, 1}, make([]float32, 4), rule)
	return y
}

func values(seed uint64, rows int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, rows*8)
	for i := range x {
		x[i] = float32(2 + 3*r.NormFloat64())
	}
	return x
}

func TestWeightZeroStandardizesTheBatch(t *testing.T) {
	zero := 0.0
	y := normalize(t, values(1, 20), bnstats.New(4), &alphabn.Config{SourceWeight: &zero})
	m := bnstats.Accumulate(y, 20, 4, 2)
	for c := range 4 {
		assert.InDelta(t, 0, m.Mean[c], 1e-6)
		assert.InDelta(t, 1, m.Var[c], 1e-4, "v/(v+eps)")
	}
}

func TestABatchLikeTheSourceIsUnchangedByAnyWeight(t *testing.T) {
	x := values(2, 20)
	source := bnstats.Accumulate(x, 20, 4, 2)
	one := 1.0
	want := normalize(t, x, source, &alphabn.Config{SourceWeight: &one})
	for _, combine := range []string{alphabn.Blend, alphabn.Pool} {
		for _, w := range []float64{0, 0.3, 0.9} {
			testkit.Close(t, fmt.Sprint(combine, w), normalize(t, x, source, &alphabn.Config{SourceWeight: &w, Combine: combine}), want, 1e-5)
		}
	}
}

func TestShiftingInputAndSourceAlikeChangesNothing(t *testing.T) {
	x, w := values(3, 20), 0.6
	source := bnstats.Accumulate(values(4, 20), 20, 4, 2)
	want := normalize(t, x, source, &alphabn.Config{SourceWeight: &w})
	shifted := source.Clone()
	for i := range x {
		x[i] += 5
	}
	for c := range shifted.Mean {
		shifted.Mean[c] += 5
	}
	testkit.Close(t, "y", normalize(t, x, shifted, &alphabn.Config{SourceWeight: &w}), want, 1e-5)
}

func TestARowThatIsNotFiniteSpoilsNoOther(t *testing.T) {
	x := values(5, 20)
	source := bnstats.Accumulate(values(6, 20), 20, 4, 2)
	x[7*8] = float32(math.NaN()) // row 7, channel 0
	one := 1.0
	want := normalize(t, x, source, &alphabn.Config{SourceWeight: &one})
	got := normalize(t, x, source, &alphabn.Config{})
	for r := range 20 {
		for p := range 2 {
			if i := r*8 + p; r != 7 {
				assert.Equal(t, want[i], got[i], "row %d: the channel uses its source moments", r)
			}
		}
	}
}

func ExampleNew() {
	w := 0.5
	s, err := alphabn.New(ttatest.NewModel(3).Env("main"), &alphabn.Config{SourceWeight: &w, MinRows: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	var o models.Overlay
	_ = s.Prepare(context.Background(), &tta.Batch{Rows: 64}, &o)
	fmt.Println(o.Norms()[0].SourceWeight, s.SourceWeight(3))
	// Output: 0.5 1
}
