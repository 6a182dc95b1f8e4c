package bnstats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/bnstats"
	"ttad/internal/testkit"
	"ttad/tta/ttatest"
)

// moments wraps one golden list each of means and variances.
func moments(mean, variance ttatest.Array) bnstats.Moments {
	return bnstats.Moments{Mean: mean.Float32(), Var: variance.Float32()}
}

// measure takes moments of a golden array [rows channels ...].
func measure(x ttatest.Array) bnstats.Moments {
	positions := 1
	for _, n := range x.Shape[2:] {
		positions *= n
	}
	return bnstats.Accumulate(x.Float32(), x.Shape[0], x.Shape[1], positions)
}

// unbiased replaces variances by those over n-1.
func unbiased(m bnstats.Moments) bnstats.Moments {
	out := m.Clone()
	for c := range out.Var {
		out.Var[c] = m.Unbiased(c)
	}
	return out
}

func TestMixingAgreesWithTheGoldenVectors(t *testing.T) {
	for _, c := range ttatest.Golden(t, "alpha_bn") {
		t.Run(c.Name, func(t *testing.T) {
			var p struct {
				SourceWeight  float64 `json:"source_weight"`
				BatchVariance string  `json:"batch_variance"`
				Combine       string  `json:"combine"`
			}
			var in ttatest.NormInput
			var want struct {
				BatchMean ttatest.Array `json:"batch_mean"`
				BatchVar  ttatest.Array `json:"batch_var"`
				MixedMean ttatest.Array `json:"mixed_mean"`
				MixedVar  ttatest.Array `json:"mixed_var"`
			}
			c.Decode(t, &p, &in, &want)
			batch := measure(in.X)
			if p.BatchVariance == "unbiased" {
				batch = unbiased(batch)
			}
			if want.BatchMean.Data != nil {
				testkit.Close(t, "batch mean", batch.Mean, want.BatchMean.Data, 1e-6)
				testkit.Close(t, "batch variance", batch.Var, want.BatchVar.Data, 1e-6)
			}
			mix := bnstats.Blend
			if p.Combine == "pool" {
				mix = bnstats.Pool
			}
			got := mix(p.SourceWeight, moments(in.SourceMean, in.SourceVar), batch)
			testkit.Close(t, "mixed mean", got.Mean, want.MixedMean.Data, 1e-6)
			testkit.Close(t, "mixed variance", got.Var, want.MixedVar.Data, 1e-6)
		})
	}
}

func TestRunningEstimateAgreesWithTheGoldenVectors(t *testing.T) {
	c := ttatest.Golden(t, "bn_baselines")[0]
	var p struct{ Momentum float64 }
	var in struct {
		ttatest.NormInput
		Batches ttatest.Array
	}
	var want struct {
		Mean ttatest.Array `json:"running_mean"`
		Var  ttatest.Array `json:"running_var"`
	}
	c.Decode(t, &p, &in, &want)
	running := moments(in.SourceMean, in.SourceVar)
	size := len(in.Batches.Data) / in.Batches.Shape[0]
	for b := range in.Batches.Shape[0] {
		one := ttatest.Array{Shape: in.Batches.Shape[1:], Data: in.Batches.Data[b*size : (b+1)*size]}
		bnstats.EMA(&running, unbiased(measure(one)), p.Momentum)
		testkit.Close(t, "running mean", running.Mean, want.Mean.Data[2*b:2*b+2], 1e-6)
		testkit.Close(t, "running variance", running.Var, want.Var.Data[2*b:2*b+2], 1e-6)
	}
}

// random is rows of values around a mean that differs from channel to channel.
func random(r *rand.Rand, rows, channels, positions int, offset float64) []float32 {
	x := make([]float32, rows*channels*positions)
	for i := range x {
		x[i] = float32(offset + r.NormFloat64() + float64(i/positions%channels))
	}
	return x
}

func TestMergingPartsEqualsMeasuringTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		rows, channels, positions := 2+r.IntN(30), 1+r.IntN(4), 1+r.IntN(5)
		x := random(r, rows, channels, positions, 10*r.NormFloat64())
		cut := 1 + r.IntN(rows-1)
		at := cut * channels * positions
		whole := bnstats.Accumulate(x, rows, channels, positions)
		merged := bnstats.Merge(bnstats.Accumulate(x[:at], cut, channels, positions), bnstats.Accumulate(x[at:], rows-cut, channels, positions))
		assert.Equal(t, whole.Count, merged.Count)
		testkit.Close(t, "mean", merged.Mean, whole.Mean, 1e-5)
		testkit.Close(t, "variance", merged.Var, whole.Var, 1e-4)
	}
}

func TestPoolIsMergeInShares(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	a, b := bnstats.Accumulate(random(r, 30, 3, 2, 0), 30, 3, 2), bnstats.Accumulate(random(r, 10, 3, 2, 5), 10, 3, 2)
	pooled := bnstats.Pool(0.75, a, b)
	merged := bnstats.Merge(a, b)
	testkit.Close(t, "mean", pooled.Mean, merged.Mean, 1e-5)
	testkit.Close(t, "variance", pooled.Var, merged.Var, 1e-5)
}

func TestALargeMeanDoesNotCancelTheVariance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const offset = 1 << 12 // float32 steps of 0.0005 there; squares would lose everything below 1
	m := bnstats.Accumulate(random(r, 4000, 1, 1, offset), 4000, 1, 1)
	assert.InDelta(t, 1, m.Var[0], 0.1)
	assert.InDelta(t, offset, m.Mean[0], 0.1)
}

func TestBlendLiesBetweenAndEndsAtBothSides(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	a, b := bnstats.Accumulate(random(r, 9, 5, 3, 1), 9, 5, 3), bnstats.Accumulate(random(r, 9, 5, 3, -1), 9, 5, 3)
	for _, w := range []float64{0, 0.1, 0.5, 0.9, 1} {
		m := bnstats.Blend(w, a, b)
		for c := range m.Mean {
			assert.GreaterOrEqual(t, m.Mean[c], min(a.Mean[c], b.Mean[c]))
			assert.LessOrEqual(t, m.Mean[c], max(a.Mean[c], b.Mean[c]))
			assert.GreaterOrEqual(t, m.Var[c], min(a.Var[c], b.Var[c]))
			assert.LessOrEqual(t, m.Var[c], max(a.Var[c], b.Var[c]))
		}
	}
	assert.Equal(t, a.Mean, bnstats.Blend(1, a, b).Mean)
	assert.Equal(t, b.Var, bnstats.Pool(0, a, b).Var)
	assert.Panics(t, func() { bnstats.Blend(1.01, a, b) })
	assert.Panics(t, func() { bnstats.Blend(math.NaN(), a, b) })
}

func TestRunningEstimateSkipsChannelsThatAreNotFinite(t *testing.T) {
	nan := float32(math.NaN())
	running := bnstats.Moments{Mean: []float32{1, 1, 1}, Var: []float32{2, 2, 2}}
	bnstats.EMA(&running, bnstats.Moments{Mean: []float32{nan, 3, 3}, Var: []float32{4, nan, 4}}, 0.5)
	assert.Equal(t, []float32{1, 1, 2}, running.Mean)
	assert.Equal(t, []float32{2, 2, 3}, running.Var)
}

func TestUnbiasedAndBiasedAreInverse(t *testing.T) {
	m := bnstats.Moments{Mean: []float32{0}, Var: []float32{3}, Count: 4}
	assert.Equal(t, float32(4), m.Unbiased(0))
	assert.Equal(t, float32(3), bnstats.Biased(4, 4))
	m.Count = 1
	assert.True(t, math.IsNaN(float64(m.Unbiased(0))), "a single value has no unbiased variance")
}

func TestDistance(t *testing.T) {
	at := func(mean, variance float32) bnstats.Moments {
		return bnstats.Moments{Mean: []float32{mean}, Var: []float32{variance}}
	}
	for name, c := range map[string]struct {
		a, b bnstats.Moments
		want float64
	}{
		"equal moments are at 0":          {at(3, 2), at(3, 2), 0},
		"means one deviation apart are 1": {at(0, 1), at(1, 1), 1},
		"twice the variance":              {at(0, 1), at(0, 2), (0.5+2)/2 - 1},
		"dead channels alike":             {at(0, 0), at(0, 0), 0},
	} {
		t.Run(name, func(t *testing.T) {
			assert.InDelta(t, c.want, bnstats.Distance(c.a, c.b, 1e-9), 1e-6)
			assert.Equal(t, bnstats.Distance(c.a, c.b, 1e-9), bnstats.Distance(c.b, c.a, 1e-9))
		})
	}
	two := bnstats.Moments{Mean: []float32{0, float32(math.NaN())}, Var: []float32{1, 1}}
	assert.InDelta(t, 1, bnstats.Distance(two, bnstats.Moments{Mean: []float32{1, 0}, Var: []float32{1, 1}}, 0), 1e-6, "channels that are not finite are left out")
	assert.True(t, math.IsNaN(bnstats.Distance(at(float32(math.NaN()), 1), at(0, 1), 0)))
}

func TestMomentsOfDifferentModelsDoNotMix(t *testing.T) {
	a, b := bnstats.New(2), bnstats.New(3)
	assert.Panics(t, func() { bnstats.Blend(0.5, a, b) })
	assert.Panics(t, func() { bnstats.Merge(a, a) }, "an unknown count cannot be weighed")
	assert.Panics(t, func() { bnstats.Accumulate(make([]float32, 5), 2, 3, 1) })
	empty := bnstats.NewAccumulator(2)
	empty.Add(nil, 0, 4)
	assert.Equal(t, bnstats.New(2), empty.Moments())
	require.Zero(t, empty.Count())
}

func ExampleBlend() {
	source := bnstats.Moments{Mean: []float32{0}, Var: []float32{1}}
	batch := bnstats.Moments{Mean: []float32{2}, Var: []float32{1}}
	fmt.Println(bnstats.Blend(0.5, source, batch).Var, bnstats.Pool(0.5, source, batch).Var)
	// Output: [1] [2]
}

func ExampleAccumulator() {
	a := bnstats.NewAccumulator(2)
	a.Add([]float32{1, 10, 3, 30}, 2, 1) // two rows of two channels
	a.Add([]float32{5, 50}, 1, 1)
	m := a.Moments()
	fmt.Println(m.Mean, m.Count)
	// Output: [3 30] 3
}

func BenchmarkAccumulate(b *testing.B) {
	x := random(rand.New(rand.NewPCG(1, 1)), 64, 64, 64, 0)
	a := bnstats.NewAccumulator(64)
	b.SetBytes(int64(4 * len(x)))
	b.ReportAllocs()
	for b.Loop() {
		a.Add(x, 64, 64)
	}
}
