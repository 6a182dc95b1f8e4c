package builtin_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
	"ttad/tta/alphabn"
	"ttad/tta/bnema"
	"ttad/tta/builtin"
	"ttad/tta/labelshift"
	"ttad/tta/lame"
	"ttad/tta/loki"
	"ttad/tta/reloop"
	"ttad/tta/ttatest"
)

// variants are configurations of each strategy that take other paths than the
// default.
func variants() map[string][]ttatest.Option {
	half, count := 0.5, 64.0
	return map[string][]ttatest.Option{
		"alphabn": {
			ttatest.Config("pool, unbiased, every row", func() any {
				return &alphabn.Config{SourceWeight: &half, Combine: alphabn.Pool, BatchVariance: alphabn.Unbiased, MinRows: 1}
			}),
			ttatest.Config("pseudo-count with logits", func() any {
				return &alphabn.Config{PseudoCount: &count, Combine: alphabn.Blend, BatchVariance: alphabn.Biased, MinRows: 1, IncludeLogits: true}
			}),
		},
		"bnema": {
			ttatest.Config("every row, biased, logits", func() any {
				return &bnema.Config{Momentum: 0.5, BatchVariance: bnema.Biased, MinRows: 1, IncludeLogits: true}
			}),
			ttatest.Config("reference_exact", func() any {
				return &bnema.Config{Momentum: 0.1, BatchVariance: bnema.Unbiased, MinRows: 2, ReferenceExact: true}
			}),
		},
		"lame": {
			ttatest.Config("knn", func() any { return with(lame.KNN, func(*lame.Config) {}) }),
			ttatest.Config("knn, symmetric", func() any { return with(lame.KNN, func(c *lame.Config) { c.ForceSymmetry = true }) }),
			ttatest.Config("linear, diverse", func() any { return with(lame.Linear, func(c *lame.Config) { c.MinDiversity = 0.5 }) }),
			ttatest.Config("knn, reference_exact", func() any { return with(lame.KNN, func(c *lame.Config) { c.ReferenceExact, c.MinRows = true, 1 }) }),
		},
		"labelshift": {
			ttatest.Config("mean_softmax, by batch", func() any {
				return shift(func(c *labelshift.Config) { c.Estimate, c.PriorDecay, c.Tau = labelshift.EstimateMean, &half, 0.5 })
			}),
			ttatest.Config("em, a quick start, clipped", func() any {
				return shift(func(c *labelshift.Config) { c.HalfLife, c.SourceRows, c.MaxRatio = &count, 20, 3 })
			}),
			ttatest.Config("em without labels", func() any {
				return shift(func(c *labelshift.Config) { c.Estimate, c.UseLabels = labelshift.EstimateEM, false })
			}),
			ttatest.Config("labels alone, unequal source", func() any {
				return shift(func(c *labelshift.Config) {
					c.Estimate, c.SourcePrior = labelshift.EstimateLabels, []float64{5, 1, 1, 1, 2}
				})
			}),
			ttatest.Config("bbse", func() any {
				return shift(func(c *labelshift.Config) {
					c.Estimate, c.Confusion = labelshift.EstimateBBSE, testdata("confusion.json")
				})
			}),
			ttatest.Config("adapter", func() any {
				return shift(func(c *labelshift.Config) { c.Mode, c.Adapter = labelshift.ModeAdapter, testdata("adapter.json") })
			}),
		},
		"reloop": {
			ttatest.StateBytes(1 << 20),
			ttatest.Config("few slots, each class thinned early", func() any {
				return memory(func(c *reloop.Config) { c.Slots, c.Neighbors, c.PerClassShare, c.HalfLife = 20, 3, 0.2, 10 })
			}),
			ttatest.Config("the paper's", func() any {
				return memory(func(c *reloop.Config) { c.Slots, c.AdaptWeight, c.PerClassShare = 64, false, 1 })
			}),
			ttatest.Config("gamma 0, a prefix of the features", func() any {
				return memory(func(c *reloop.Config) { c.Slots, c.AdaptWeight, c.Gamma, c.KeyDims = 64, false, 0, 5 })
			}),
			ttatest.Config("sketch", func() any {
				return memory(func(c *reloop.Config) {
					c.Store, c.Bits, c.PriorCount, c.AdaptWeight, c.Gamma = reloop.StoreSketch, 6, 5, false, 0.5
				})
			}),
		},
		"loki": {
			ttatest.WithoutDefault(),
			ttatest.Config("a path of five", func() any { return &loki.Config{Distance: path(5, 5)} }),
			ttatest.Config("two classes more", func() any { return &loki.Config{Distance: path(5, 7), Classes: []string{"six", "seven"}} }),
		},
	}
}

func with(affinity string, change func(*lame.Config)) *lame.Config {
	c := lame.Spec().NewConfig().(*lame.Config)
	c.Affinity = affinity
	change(c)
	return c
}

func shift(change func(*labelshift.Config)) *labelshift.Config {
	c := labelshift.Spec().NewConfig().(*labelshift.Config)
	change(c)
	return c
}

// testdata names a file made for the five classes and eight features of ttatest's model.
func testdata(name string) string { return filepath.Join("..", "labelshift", "testdata", name) }

func memory(change func(*reloop.Config)) *reloop.Config {
	c := reloop.NewConfig()
	change(c)
	return c
}

func path(rows, columns int) [][]float64 {
	d := make([][]float64, rows)
	for i := range d {
		for j := range columns {
			d[i] = append(d[i], float64(max(i-j, j-i)))
		}
	}
	return d
}

func TestEveryStrategyKeepsTheLaws(t *testing.T) {
	for _, spec := range builtin.Registry().Specs() {
		t.Run(spec.Name, func(t *testing.T) { ttatest.Run(t, spec, variants()[spec.Name]...) })
	}
}

func TestEverySpecIsFitForTheManual(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range builtin.Registry().Specs() {
		assert.False(t, seen[s.Name], "two strategies are called %s", s.Name)
		seen[s.Name] = true
		assert.NotEmpty(t, s.Title, s.Name)
		assert.True(t, strings.HasSuffix(s.Summary, ".") && strings.Count(s.Summary, ".") == 1, "%s: the summary is not one sentence: %q", s.Name, s.Summary)
		assert.True(t, strings.HasPrefix(s.Example, s.Name+":"), "%s: example %q", s.Name, s.Example)
		for _, part := range []string{"**When it helps.**", "**When it harms.**", "**Knobs.**"} {
			assert.Contains(t, s.Doc, part, s.Name)
		}
		assert.Equal(t, s.NewConfig(), s.NewConfig(), s.Name)
	}
	_, ok := builtin.Registry().Lookup("tent")
	assert.False(t, ok)
}

func TestUnknownStrategiesAreRefusedWithTheList(t *testing.T) {
	_, err := tta.NewPipeline(builtin.Registry(), ttatest.NewModel(3).Env("main"), tta.PipelineConfig{Name: "main", Strategies: []tta.StrategyConfig{{Name: "alphabm"}}})
	require.Error(t, err)
	assert.Contains(t, err.Error(), `no strategy is called "alphabm"; there are source, alphabn, bnema, lame, labelshift, reloop, loki`)
}
