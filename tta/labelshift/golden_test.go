package labelshift

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/internal/testkit"
	"ttad/tta"
	"ttad/tta/ttatest"
)

func TestGoldenPriorEstimates(t *testing.T) {
	cases(t, "label_shift", "prior_ema", "prior_half")(func(t *testing.T, c ttatest.Case) {
		var p struct {
			Estimator string
			Rate      float64
			HalfLife  float64 `json:"half_life_rows"`
		}
		var in struct {
			Source  ttatest.Array `json:"source_prior"`
			Batches []ttatest.Array
		}
		var want struct {
			After []ttatest.Array `json:"prior_after_each"`
		}
		c.Decode(t, &p, &in, &want)
		cfg := &Config{Estimate: strings.TrimPrefix(p.Estimator, "online_"), SourcePrior: in.Source.Data}
		if decay := 1 - p.Rate; p.Rate > 0 {
			cfg.PriorDecay = &decay
		} else {
			cfg.HalfLife = &p.HalfLife
		}
		e, err := newEstimate(dense.Auto(), cfg, in.Source.Data, nil)
		require.NoError(t, err)
		for i, b := range in.Batches {
			e.observe(logitsOf(b))
			assert.InDeltaSlice(t, want.After[i].Data, e.now, 1e-6)
		}
	})
}

func TestGoldenPriorRatios(t *testing.T) {
	cases(t, "label_shift", "prior_ratio")(func(t *testing.T, c ttatest.Case) {
		var p struct{ Tau float64 }
		var in struct {
			Probabilities ttatest.Array
			Target        ttatest.Array `json:"target_prior"`
			Source        ttatest.Array `json:"source_prior"`
		}
		var want struct{ Probabilities ttatest.Array }
		c.Decode(t, &p, &in, &want)
		q := tensorOf(in.Probabilities)
		for i := range q.Rows() {
			applyRatio(q.Row(i), ratio(in.Target.Data, in.Source.Data, p.Tau, 0))
		}
		testkit.Close(t, "z", q.Data, want.Probabilities.Data, 1e-6)
	})
}

// adapterInput is the input of golden cases about the adapter.
type adapterInput struct {
	Features ttatest.Array
	Weight   ttatest.Array `json:"head_weight"`
	Bias     ttatest.Array `json:"head_bias"`
	Source   ttatest.Array `json:"source_prior"`
	Target   ttatest.Array `json:"target_prior"`
	MLP      struct{ W1, B1, W2, B2 ttatest.Array }
	Delta    ttatest.Array `json:"delta_bias"`
}

// logits are those of the plain head.
func (in adapterInput) logits() *accel.Tensor {
	k, d := in.Weight.Shape[0], in.Weight.Shape[1]
	out := accel.NewTensor(in.Features.Shape[0], k)
	for i := range out.Rows() {
		for c := range k {
			v := in.Bias.Data[c]
			for j := range d {
				v += in.Features.Data[i*d+j] * in.Weight.Data[c*d+j]
			}
			out.Row(i)[c] = float32(v)
		}
	}
	return out
}

func (in adapterInput) adapter() *Adapter {
	return &Adapter{
		Model: "golden", Classes: 3, Features: 3, Outputs: OutputsFull, Input: InputLogRatio, SourcePrior: in.Source.Data,
		W1: in.MLP.W1.Float32(), B1: in.MLP.B1.Float32(), W2: in.MLP.W2.Float32(), B2: in.MLP.B2.Float32(), Head: in.Weight.Float32(),
	}
}

func TestGoldenAdapter(t *testing.T) {
	cases(t, "label_shift", "adapter")(func(t *testing.T, c ttatest.Case) {
		var in adapterInput
		var want struct {
			Input  ttatest.Array `json:"mlp_input"`
			Gamma  ttatest.Array
			Beta   ttatest.Array
			Weight ttatest.Array `json:"delta_weight"`
			Bias   ttatest.Array `json:"delta_bias"`
			Logits ttatest.Array
		}
		c.Decode(t, nil, &in, &want)
		a := in.adapter()
		require.NoError(t, a.check())
		r := a.InputFor(in.Target.Data)
		delta := a.newHead(dense.Auto())
		delta.generate(r)
		if o := delta.outputs; want.Input.Data != nil {
			testkit.Close(t, "input", r, want.Input.Data, 1e-6)
			for j := range 3 {
				o[j]++ // gamma-1
			}
			testkit.Close(t, "gamma", o[:3], want.Gamma.Data, 1e-6)
			testkit.Close(t, "beta", o[3:6], want.Beta.Data, 1e-6)
			testkit.Close(t, "dW", o[6:15], want.Weight.Data, 1e-6)
			testkit.Close(t, "db", o[15:], want.Bias.Data, 1e-6)
		}
		got := in.logits()
		delta.generate(r)
		delta.add(got, tensorOf(in.Features))
		testkit.Close(t, "logits", got.Data, want.Logits.Data, 1e-5)
		if strings.Contains(c.Name, "zero_output") {
			assert.Equal(t, in.logits().Data, got.Data, "bit for bit")
		}
	})
}

func TestGoldenBiasOfTheLogRatioIsThePriorRatio(t *testing.T) {
	cases(t, "label_shift", "bias_only")(func(t *testing.T, c ttatest.Case) {
		var in adapterInput
		var want struct{ Probabilities ttatest.Array }
		c.Decode(t, nil, &in, &want)
		plain := in.logits()
		byBias, z := plain.Clone(), accel.NewTensor(plain.Shape...)
		delta := &headDelta{math: dense.Auto(), bias: in.Delta.Float32()}
		delta.add(byBias, nil)
		tta.Softmax(z, byBias)
		testkit.Close(t, "by bias", z.Data, want.Probabilities.Data, 1e-6)
		tta.Softmax(z, plain)
		for i := range z.Rows() {
			applyRatio(z.Row(i), ratio(in.Target.Data, in.Source.Data, 1, 0))
		}
		testkit.Close(t, "by ratio", z.Data, want.Probabilities.Data, 1e-6)
	})
}

func TestGoldenDegrees(t *testing.T) {
	cases(t, "label_shift", "prior_family")(func(t *testing.T, c ttatest.Case) {
		var in struct {
			Source ttatest.Array `json:"source_prior"`
			Target ttatest.Array `json:"target_prior"`
		}
		var want struct {
			Family   ttatest.Array
			OfTarget float64       `json:"degree_of_target"`
			OfFamily ttatest.Array `json:"degree_of_family"`
		}
		c.Decode(t, nil, &in, &want)
		assert.InDelta(t, want.OfTarget, degree(in.Target.Data, in.Source.Data), 1e-6)
		for i, d := range want.OfFamily.Data {
			assert.InDelta(t, d, degree(want.Family.Data[3*i:3*i+3], in.Source.Data), 1e-6)
		}
		assert.Zero(t, degree(in.Target.Data, uniform(3)), "a source without imbalance has no direction")
	})
}

func TestGoldenEM(t *testing.T) {
	cases(t, "prior_em", "em_")(func(t *testing.T, c ttatest.Case) {
		var in struct {
			Probabilities ttatest.Array
			Source        ttatest.Array `json:"source_prior"`
		}
		var want struct {
			Prior         ttatest.Array `json:"target_prior"`
			Iterations    int
			Corrected     ttatest.Array
			LogLikelihood []float64 `json:"log_likelihood_trace"`
		}
		c.Decode(t, nil, &in, &want)
		q := tensorOf(in.Probabilities)
		prior, steps := EM(square(in.Probabilities), in.Source.Data)
		assert.InDeltaSlice(t, want.Prior.Data, prior, 1e-6)
		assert.InDelta(t, want.Iterations, steps, 3)
		for i := range q.Rows() {
			applyRatio(q.Row(i), ratio(prior, in.Source.Data, 1, 0))
		}
		testkit.Close(t, "corrected", q.Data, want.Corrected.Data, 1e-6)
	})
}

func TestGoldenBBSE(t *testing.T) {
	cases(t, "prior_em", "bbse")(func(t *testing.T, c ttatest.Case) {
		var in struct {
			Joint ttatest.Array `json:"joint_confusion"`
			Rate  ttatest.Array `json:"predicted_rate"`
		}
		var want struct {
			Weights, Raw ttatest.Array
			Prior        ttatest.Array `json:"target_prior"`
			RawWeights   ttatest.Array `json:"raw_weights"`
		}
		c.Decode(t, nil, &in, &want)
		v, err := (&Confusion{Joint: square(in.Joint)}).invert()
		require.NoError(t, err)
		raw := want.RawWeights.Data
		if raw == nil {
			raw = want.Weights.Data
		}
		assert.InDeltaSlice(t, raw, v.weights(in.Rate.Data), 1e-6)
		prior := make([]float64, 3)
		v.prior(prior, in.Rate.Data)
		assert.InDeltaSlice(t, want.Prior.Data, prior, 1e-6)
	})
}

// cases runs a test for every golden case whose name starts with a prefix.
func cases(t *testing.T, file string, prefixes ...string) func(func(*testing.T, ttatest.Case)) {
	return func(check func(*testing.T, ttatest.Case)) {
		found := 0
		for _, c := range ttatest.Golden(t, file) {
			for _, p := range prefixes {
				if strings.HasPrefix(c.Name, p) {
					found++
					t.Run(c.Name, func(t *testing.T) { check(t, c) })
				}
			}
		}
		require.Positive(t, found, "no case starts with %v", prefixes)
	}
}

func tensorOf(a ttatest.Array) *accel.Tensor { return accel.TensorOf(a.Float32(), a.Shape...) }

// logitsOf are logarithms, so that their softmax gives the probabilities back.
func logitsOf(p ttatest.Array) *accel.Tensor {
	t := tensorOf(p)
	for i, v := range p.Data {
		t.Data[i] = float32(math.Log(v))
	}
	return t
}

func square(a ttatest.Array) [][]float64 {
	out := make([][]float64, a.Shape[0])
	for i := range out {
		out[i] = a.Data[i*a.Shape[1] : (i+1)*a.Shape[1]]
	}
	return out
}
