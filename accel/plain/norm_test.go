package plain_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// goldenTolerance covers one float32 rounding of each of x, moments and y; the
// vectors were made in float64.
const goldenTolerance = 1e-5

type goldenCase struct {
	Name   string `json:"name"`
	Params struct {
		SourceWeight  float32 `json:"source_weight"`
		PseudoCount   float64 `json:"pseudo_count"`
		BatchVariance string  `json:"batch_variance"`
		Combine       string  `json:"combine"`
	} `json:"params"`
	Input struct {
		X          any       `json:"x"`
		SourceMean []float32 `json:"source_mean"`
		SourceVar  []float32 `json:"source_var"`
		Gamma      []float32 `json:"gamma"`
		Beta       []float32 `json:"beta"`
		Eps        float32   `json:"eps"`
	} `json:"input"`
	Expected struct {
		Y         any       `json:"y"`
		BatchMean []float64 `json:"batch_mean"`
		MixedMean []float64 `json:"mixed_mean"`
		MixedVar  []float64 `json:"mixed_var"`
	} `json:"expected"`
}

// rule is the norm rule the case's parameters stand for.
func (c goldenCase) rule(rows int) accel.NormRule {
	w := c.Params.SourceWeight
	if c.Params.PseudoCount > 0 {
		w = float32(c.Params.PseudoCount / (c.Params.PseudoCount + float64(rows)))
	}
	return accel.NormRule{
		Mode: accel.NormBlend, SourceWeight: w,
		Pool: c.Params.Combine == "pool", Unbiased: c.Params.BatchVariance == "unbiased",
	}
}

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	var all []goldenCase
	for _, name := range []string{"alpha_bn", "bn_baselines"} {
		raw, err := os.ReadFile("../../tta/ttatest/golden/" + name + ".json")
		require.NoError(t, err)
		var file struct {
			Cases []goldenCase `json:"cases"`
		}
		require.NoError(t, json.Unmarshal(raw, &file))
		for _, c := range file.Cases {
			if c.Input.X != nil { // running estimates across batches are a strategy's business
				all = append(all, c)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// nested turns JSON's nested lists into a tensor.
func nested(v any) *accel.Tensor {
	list, ok := v.([]any)
	if !ok {
		return accel.TensorOf([]float32{float32(v.(float64))})
	}
	out := &accel.Tensor{Shape: []int{len(list)}}
	for i, e := range list {
		inner := nested(e)
		if i == 0 {
			out.Shape = append(out.Shape, inner.Shape...)
		}
		out.Data = append(out.Data, inner.Data...)
	}
	return out
}

func vector(v []float32) *accel.Tensor { return accel.TensorOf(v, len(v)) }

func TestNormAgreesWithTheReferenceImplementation(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			x := nested(c.Input.X)
			got := plain.Norm(accel.Norm{Eps: c.Input.Eps}, c.rule(x.Rows()), x,
				vector(c.Input.Gamma), vector(c.Input.Beta), vector(c.Input.SourceMean), vector(c.Input.SourceVar))
			testkit.Close(t, "y", got.Y.Data, nested(c.Expected.Y).Data, goldenTolerance)
			if c.Expected.BatchMean != nil {
				testkit.Close(t, "batch mean", got.Mean, c.Expected.BatchMean, goldenTolerance)
			}
			if c.Expected.MixedMean != nil {
				testkit.Close(t, "mixed mean", got.MixedMean, c.Expected.MixedMean, goldenTolerance)
				testkit.Close(t, "mixed variance", got.MixedVar, c.Expected.MixedVar, goldenTolerance)
			}
		})
	}
}

// channelNorm runs a rule on one channel with source moments 1 and 4.
func channelNorm(rule accel.NormRule, op accel.Norm, x ...float32) plain.Normalized {
	one := func(v float32) *accel.Tensor { return vector([]float32{v}) }
	return plain.Norm(op, rule, accel.TensorOf(x, len(x), 1), one(3), one(0.5), one(1), one(4))
}

func TestFullSourceWeightIsTheSourcePathItself(t *testing.T) {
	x := []float32{2, nan, 0.1}
	source := channelNorm(accel.NormRule{}, accel.Norm{}, x...)
	blended := channelNorm(accel.NormRule{Mode: accel.NormBlend, SourceWeight: 1, Unbiased: true}, accel.Norm{}, x...)
	for i := range x {
		assert.Equal(t, math.Float32bits(source.Y.Data[i]), math.Float32bits(blended.Y.Data[i]))
	}
	assert.Zero(t, blended.Fallbacks, "the batch was not asked")
}

func TestAVirtualNormInSourceModeKeepsEveryBit(t *testing.T) {
	got := channelNorm(accel.NormRule{}, accel.Norm{Virtual: true, Eps: 1}, 2, 0.1)
	assert.Equal(t, []float32{2, 0.1}, got.Y.Data)
	testkit.Close(t, "batch mean is still there", got.Mean, []float64{1.05}, 1e-7)
}

func TestAChannelThatIsNotFiniteUsesItsSourceMoments(t *testing.T) {
	rule := accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.25, Pool: true}
	got := channelNorm(rule, accel.Norm{}, 3, inf)
	assert.Equal(t, 1, got.Fallbacks)
	assert.Equal(t, []float32{1}, got.MixedMean)
	assert.Equal(t, []float32{4}, got.MixedVar)
	assert.Equal(t, []float32{3.5, inf}, got.Y.Data)
}

func TestOneValuePerChannel(t *testing.T) {
	biased := channelNorm(accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.25}, accel.Norm{}, 3)
	assert.Equal(t, []float32{2.5}, biased.MixedMean)
	assert.Equal(t, []float32{1}, biased.MixedVar, "0.25*4 + 0.75*0")
	unbiased := channelNorm(accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.25, Unbiased: true}, accel.Norm{}, 3)
	assert.Equal(t, []float32{4}, unbiased.MixedVar, "the variance of one value is undefined, so the source's stands")
}

func TestGivenMomentsAreUsedAsTheyAre(t *testing.T) {
	got := channelNorm(accel.NormRule{Mode: accel.NormGiven, Mean: []float32{2}, Var: []float32{9}}, accel.Norm{}, 2, 5)
	assert.Equal(t, []float32{0.5, 3.5}, got.Y.Data)
}

func TestPoolingIsTheExactVarianceOfTheUnion(t *testing.T) {
	// Source values {-1, 3} have moments 1 and 4; the batch has as many values.
	got := channelNorm(accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.5, Pool: true}, accel.Norm{}, 5, 9)
	union := channelNorm(accel.NormRule{Mode: accel.NormBlend}, accel.Norm{}, -1, 3, 5, 9)
	assert.Equal(t, union.Mean, got.MixedMean)
	assert.Equal(t, union.Var, got.MixedVar)
}
