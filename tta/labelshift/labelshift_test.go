package labelshift

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
)

func config(change func(*Config)) *Config {
	c := Spec().NewConfig().(*Config)
	change(c)
	return c
}

func asIs(*Config) {}

// env is a model of k classes and 8 features.
func env(k int) tta.Env {
	return tta.Env{Classes: k, FeatureWidth: 8, Model: "test", Now: func() time.Time { return time.Unix(0, 0) }}
}

func build(t testing.TB, k int, change func(*Config)) *Strategy {
	t.Helper()
	s, err := New(env(k), config(change))
	require.NoError(t, err)
	if l, ok := s.(*learning); ok {
		return l.Strategy
	}
	return s.(*Strategy)
}

// applyRatio does to a row what Correct does.
func applyRatio(row, ratio []float32) { posterior(dense.Auto(), row, ratio, make([]float32, len(row))) }

// ratio is ratioOf in new memory.
func ratio(target, source []float64, tau, limit float64) []float32 {
	r := make([]float32, len(target))
	ratioOf(r, target, source, tau, limit)
	return r
}

// gauss draws rows of k unit Gaussians on the axes, a row's class by the prior, and
// returns their labels and the logits of the Bayes classifier for equal priors.
func gauss(r *rand.Rand, rows int, prior []float64) (*accel.Tensor, []int) {
	const apart = 2.5
	k := len(prior)
	logits, labels := accel.NewTensor(rows, k), make([]int, rows)
	for i := range rows {
		labels[i] = pick(r, prior)
		for c := range k {
			x := r.NormFloat64()
			if c == labels[i] {
				x += apart
			}
			logits.Row(i)[c] = float32(apart * x)
		}
	}
	return logits, labels
}

func pick(r *rand.Rand, prior []float64) int {
	u := r.Float64()
	for c, p := range prior {
		if u -= p; u < 0 {
			return c
		}
	}
	return len(prior) - 1
}

// answer steps and settles one batch of logits.
func answer(t testing.TB, s *Strategy, logits *accel.Tensor) *accel.Tensor {
	t.Helper()
	out := &models.Output{Logits: logits, Features: accel.NewTensor(logits.Rows(), 8)}
	probs := accel.NewTensor(logits.Shape...)
	tta.Softmax(probs, logits)
	b := &tta.Batch{Rows: logits.Rows()}
	require.NoError(t, s.Correct(t.Context(), b, out, probs))
	require.NoError(t, s.Update(t.Context(), b, out, probs))
	return probs
}

func TestAShiftedPriorIsFoundAndCorrectedFor(t *testing.T) {
	for estimate, within := range map[string]float64{
		EstimateEM:   0.05,
		EstimateMean: 0.1, // the model's confusions pull it toward the source
	} {
		t.Run(estimate, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			prior := []float64{0.6, 0.2, 0.1, 0.06, 0.04}
			s := build(t, 5, func(c *Config) { c.Estimate = estimate })
			before, after := 0, 0
			for range 60 {
				logits, labels := gauss(r, 64, prior)
				z := answer(t, s, logits)
				for i, y := range labels {
					if tta.Argmax(logits.Row(i)) != y {
						before++
					}
					if tta.Argmax(z.Row(i)) != y {
						after++
					}
				}
			}
			assert.Less(t, float64(after), 0.8*float64(before), "errors")
			assert.InDeltaSlice(t, prior, s.Prior(), within)
		})
	}
}

func TestBeforeEvidenceNothingChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, change := range map[string]func(*Config){
		"default": asIs, "unequal source": func(c *Config) { c.SourcePrior = []float64{5, 3, 1} },
	} {
		t.Run(name, func(t *testing.T) {
			logits, _ := gauss(r, 20, uniform(3))
			want := accel.NewTensor(20, 3)
			tta.Softmax(want, logits)
			assert.Equal(t, want.Data, answer(t, build(t, 3, change), logits).Data)
		})
	}
}

func TestTauZeroNeverChangesAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	s := build(t, 3, func(c *Config) { c.Tau = 0 })
	for range 5 {
		logits, _ := gauss(r, 32, []float64{0.9, 0.05, 0.05})
		want := accel.NewTensor(32, 3)
		tta.Softmax(want, logits)
		assert.Equal(t, want.Data, answer(t, s, logits).Data)
	}
}

func TestRatiosOneAfterTheOtherAreTheirProduct(t *testing.T) {
	a, b := []float32{0.5, 2, 1.5}, []float32{3, 0.2, 1}
	once, twice, swapped := []float32{0.2, 0.5, 0.3}, []float32{0.2, 0.5, 0.3}, []float32{0.2, 0.5, 0.3}
	applyRatio(once, []float32{1.5, 0.4, 1.5})
	applyRatio(twice, a)
	applyRatio(twice, b)
	applyRatio(swapped, b)
	applyRatio(swapped, a)
	testkit.Close(t, "twice", twice, once, 1e-6)
	testkit.Close(t, "swapped", swapped, twice, 1e-6)
}

func TestARowWithoutFiniteProbabilitiesIsLeftAlone(t *testing.T) {
	row := []float32{float32(math.NaN()), 0.5}
	applyRatio(row, []float32{2, 1})
	assert.Equal(t, float32(0.5), row[1])
	s := build(t, 2, asIs)
	s.estimate.observe(accel.TensorOf([]float32{float32(math.Inf(1)), 0, float32(math.NaN()), 1}, 2, 2))
	assert.Equal(t, uniform(2), s.Prior(), "such rows count for nothing")
}

func TestRatiosAreClipped(t *testing.T) {
	assert.InDeltaSlice(t, []float32{3, 1.0 / 3, 1}, ratio([]float64{0.9, 0.01, 0.09}, []float64{0.1, 0.81, 0.09}, 1, 3), 1e-6)
}

func TestTheEstimateStaysADistributionForAMillionUpdates(t *testing.T) {
	updates := 1_000_000
	if testing.Short() {
		updates = 50_000
	}
	r := rand.New(rand.NewPCG(7, 8))
	s := build(t, 3, func(c *Config) { h := 20.0; c.Estimate, c.HalfLife, c.Floor = EstimateEM, &h, 0.003 })
	logits := accel.NewTensor(1, 3)
	for range updates {
		logits.Data[r.IntN(3)] = float32(20 * r.NormFloat64())
		s.estimate.observe(logits)
		for _, p := range s.estimate.now {
			if !(p >= 0.0009) {
				t.Fatalf("a share of %g, the floor is 0.001", p)
			}
		}
	}
	assert.InDelta(t, 1, sum(s.estimate.now), 1e-9)
	assert.False(t, math.IsInf(s.estimate.age, 0) || math.IsNaN(s.estimate.age))
}

// The likelihood of rows under a prior, as it is written in the paper.
func likelihood(probs [][]float64, prior, source []float64) float64 {
	l := 0.0
	for _, row := range probs {
		s := 0.0
		for k, p := range row {
			s += p * prior[k] / source[k]
		}
		l += math.Log(s)
	}
	return l
}

func TestEMFindsThePriorOfGreatestLikelihood(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	truth := []float64{0.7, 0.2, 0.1}
	logits, _ := gauss(r, 3000, truth)
	tta.Softmax(logits, logits)
	probs := make([][]float64, 3000)
	for i := range probs {
		for _, p := range logits.Row(i) {
			probs[i] = append(probs[i], float64(p))
		}
	}
	prior, _ := EM(probs, uniform(3))
	assert.InDeltaSlice(t, truth, prior, 0.03)
	best := likelihood(probs, prior, uniform(3))
	for range 200 {
		other := floored(prior, 0)
		for k := range other {
			other[k] *= math.Exp(0.2 * r.NormFloat64())
		}
		assert.LessOrEqual(t, likelihood(probs, normalized(other), uniform(3)), best+1e-6)
	}
}

func TestBBSERecoversThePriorFromTheRatesItCauses(t *testing.T) {
	c := &Confusion{Version: 1, Model: "m", Rows: 100, Joint: [][]float64{{0.4, 0.05, 0.02}, {0.05, 0.2, 0.03}, {0.02, 0.03, 0.2}}}
	v, err := c.invert()
	require.NoError(t, err)
	for _, truth := range [][]float64{{0.2, 0.3, 0.5}, {1, 0, 0}, uniform(3)} {
		prior := make([]float64, 3)
		v.prior(prior, v.rates(truth))
		assert.InDeltaSlice(t, truth, prior, 1e-9)
	}
	e, err := newEstimate(dense.Auto(), config(func(c *Config) { c.Estimate = EstimateBBSE }), c.SourcePrior(), c)
	require.NoError(t, err)
	for range 4000 {
		e.observe(accel.TensorOf([]float32{5, 0, 0}, 1, 3))
	}
	assert.Greater(t, e.now[0], 0.99, "a stream answered as class 0 throughout")
}

func TestMatricesThatTellNothingAreRefused(t *testing.T) {
	for name, joint := range map[string][][]float64{
		"singular":        {{0.25, 0.25}, {0.25, 0.25}},
		"overflowing":     {{1e-320, 0}, {0.5, 0.5}},
		"nearly singular": {{0.2501, 0.2499}, {0.2499, 0.2501}},
		"an absent class": {{0.9, 0}, {0.1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&Confusion{Joint: joint}).invert()
			require.Error(t, err)
			assert.Regexp(t, "has no inverse|condition number", err.Error())
			assert.Greater(t, (&Confusion{Joint: joint}).Condition(), maxCondition)
			assert.ErrorContains(t, err, "Use estimate: mean_softmax")
		})
	}
}

func TestTheGeneratedHeadIsTheFormula(t *testing.T) {
	a, m := adapterOfFive(t), dense.Auto()
	r := rand.New(rand.NewPCG(11, 12))
	features, logits := accel.NewTensor(4, 8), accel.NewTensor(4, 5)
	for i := range features.Data {
		features.Data[i] = float32(r.NormFloat64())
	}
	for i := range 4 {
		for k := range 5 {
			logits.Row(i)[k] = m.Dot(a.Head[8*k:8*k+8], features.Row(i)) // a head without bias
		}
	}
	target := []float64{0.1, 0.1, 0.2, 0.2, 0.4}
	d := a.newHead(m)
	d.run(a.InputFor(target))
	o, want := d.outputs, make([]float64, 0, 20)
	for i := range 4 {
		for k := range 5 {
			v := float64(o[16+40+k])
			for j, h := range features.Row(i) {
				weight := float64(a.Head[8*k+j]) + float64(o[16+8*k+j])
				v += weight * (float64(1+o[j])*float64(h) + float64(o[8+j]))
			}
			want = append(want, v)
		}
	}
	a.Adapt(target, logits, features)
	testkit.Close(t, "logits", logits.Data, want, 1e-5)
}

func TestAnAdapterAnswersFromTheForwardAndKeepsRowsItCannot(t *testing.T) {
	s := build(t, 5, func(c *Config) { c.Mode, c.Adapter = ModeAdapter, "testdata/adapter.json" })
	assert.Equal(t, tta.OwnsHead, s.Needs().Owns)
	assert.True(t, s.Needs().Keep.Features)
	assert.Equal(t, s.adapter.SourcePrior, s.Prior(), "the file knows the source prior")
	out := &models.Output{Logits: accel.TensorOf([]float32{1, 2, 3, 4, 5, 5, 4, 3, 2, 1}, 2, 5), Features: accel.NewTensor(2, 8)}
	for j := range out.Features.Row(1) {
		out.Features.Row(1)[j] = float32(math.Inf(1))
	}
	plain := accel.NewTensor(2, 5)
	tta.Softmax(plain, out.Logits)
	probs := plain.Clone()
	require.NoError(t, s.Correct(t.Context(), &tta.Batch{Rows: 2}, out, probs))
	assert.NotEqual(t, plain.Row(0), probs.Row(0))
	assert.Equal(t, plain.Row(1), probs.Row(1), "features no head has an answer for")
}

func TestWrongConfigurationsSayWhatToDo(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"half_life and prior_decay both":       func(c *Config) { v := 0.5; c.HalfLife, c.PriorDecay = &v, &v },
		"labels come one by one":               func(c *Config) { v := 0.5; c.Estimate, c.PriorDecay = EstimateLabels, &v },
		"mode adapter needs the file":          func(c *Config) { c.Mode = ModeAdapter },
		"set mode: adapter to use it":          func(c *Config) { c.Adapter = "a.json" },
		"the adapter was trained with its own": func(c *Config) { c.Mode, c.Adapter, c.Tau = ModeAdapter, "testdata/adapter.json", 0.5 },
		"needs the file that 'ttad fit conf":   func(c *Config) { c.Estimate = EstimateBBSE },
		"so it is 1 or more":                   func(c *Config) { c.MaxRatio = 0.5 },
		"all shares are 0":                     func(c *Config) { c.SourcePrior = []float64{0, 0, 0} },
		"source_prior has 2 entries":           func(c *Config) { c.SourcePrior = []float64{1, 1} },
		"adapter testdata/adapter.json is for 5 classes, the model has 3": func(c *Config) {
			c.Mode, c.Adapter = ModeAdapter, "testdata/adapter.json"
		},
		"confusion testdata/confusion.json is for 5": func(c *Config) { c.Confusion = "testdata/confusion.json" },
		"absent.json: no such file":                  func(c *Config) { c.Confusion = "absent.json" },
	} {
		t.Run(want, func(t *testing.T) {
			_, err := New(env(3), config(change))
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestFilesOfAnotherModelAreRefusedByName(t *testing.T) {
	e := env(5)
	e.Digest = "ffffffffffff"
	_, err := New(e, config(func(c *Config) { c.Mode, c.Adapter = ModeAdapter, "testdata/adapter.json" }))
	require.ErrorContains(t, err, "was made for model 0123456789ab, this is model ffffffffffff")
	e.Digest, e.FeatureWidth = "0123456789ab", 4
	_, err = New(e, config(func(c *Config) { c.Mode, c.Adapter = ModeAdapter, "testdata/adapter.json" }))
	require.ErrorContains(t, err, "is for 8 features, the model has 4")
}

func ExampleEM() {
	// Four rows of a model that was trained on equally frequent classes.
	prior, _ := EM([][]float64{{0.9, 0.1}, {0.8, 0.2}, {0.7, 0.3}, {0.1, 0.9}}, []float64{0.5, 0.5})
	fmt.Printf("%.2f\n", prior)
	// Output: [0.76 0.24]
}
