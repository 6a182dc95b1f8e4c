package fit

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/accel/plain"
	"ttad/internal/npyfile"
	"ttad/internal/testkit"
	"ttad/internal/testkit/tinymodel"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/tta/labelshift"
	"ttad/tta/ttatest"
)

// gauss is rows of three Gaussian classes in the plane under a prior, and a linear
// head that is right but for its confidence: 1 is Bayes' own for equal shares,
// more is too sure of itself.
func gauss(rows int, confidence float32, prior ...float64) *Source {
	r := rand.New(rand.NewPCG(1, 2))
	centres := [][2]float32{{1.2, 0}, {-0.6, 1.04}, {-0.6, -1.04}} // of equal length
	g := &models.Graph{Name: "gauss", Digest: "0123456789ab", Classes: 3, FeatureWidth: 2, Head: &models.Head{Weight: accel.NewTensor(3, 2)}}
	s := &Source{Graph: g, Logits: accel.NewTensor(rows, 3), Features: accel.NewTensor(rows, 2), Labels: make([]int, rows)}
	for i := range rows {
		u := r.Float64()
		for u -= prior[0]; u >= 0 && s.Labels[i] < 2; u -= prior[s.Labels[i]] {
			s.Labels[i]++
		}
		for j := range 2 {
			s.Features.Row(i)[j] = centres[s.Labels[i]][j] + float32(r.NormFloat64())
		}
		for k, c := range centres {
			copy(g.Head.Weight.Row(k), []float32{confidence * c[0], confidence * c[1]})
			s.Logits.Row(i)[k] = confidence * (c[0]*s.Features.Row(i)[0] + c[1]*s.Features.Row(i)[1])
		}
	}
	return s
}

func options(change func(*Options)) Options {
	o := DefaultOptions()
	o.Hidden, o.Batch, o.Rate, o.Epochs = 16, 50, 3e-3, 6
	change(&o)
	return o
}

func asIs(*Options) {}

func TestAnAdapterLearnsWhatTheRatioCannotSay(t *testing.T) {
	for _, outputs := range []string{labelshift.OutputsAffine, labelshift.OutputsFull} {
		t.Run(outputs, func(t *testing.T) {
			third := 1.0 / 3
			a, report, err := Adapter(t.Context(), gauss(3000, 3, third, third, third), options(func(o *Options) { o.Outputs = outputs }))
			require.NoError(t, err)
			assert.True(t, report.Helped, "a head three times too sure of itself: %+v", report)
			assert.Less(t, report.AdapterLoss, 0.9*report.RatioLoss)
			assert.Less(t, report.AdapterError, report.SourceError)
			assert.Equal(t, "0123456789ab", a.Model)
		})
	}
}

func TestAnAdapterOfACalibratedModelSaysThatTheRatioDoes(t *testing.T) {
	third := 1.0 / 3
	_, report, err := Adapter(t.Context(), gauss(3000, 1, third, third, third), options(asIs))
	require.NoError(t, err)
	assert.Less(t, report.RatioLoss, report.SourceLoss)
	assert.LessOrEqual(t, report.AdapterLoss, report.RatioLoss+1e-6, "it starts there, and the best epoch is kept")
	assert.InDelta(t, report.RatioLoss, report.AdapterLoss, 0.02)
	var text bytes.Buffer
	require.NoError(t, report.WriteText(&text))
	assert.Equal(t, !report.Helped, bytes.Contains(text.Bytes(), []byte("It did not help")))
	var curve bytes.Buffer
	require.NoError(t, report.Curve(&curve))
	assert.Contains(t, curve.String(), "held-out rows, prior ratio")
}

func TestANetworkTooSmallToSayTheRatioIsToldSo(t *testing.T) {
	third := 1.0 / 3
	_, report, err := Adapter(t.Context(), gauss(3000, 1, third, third, third), options(func(o *Options) { o.Hidden, o.Epochs, o.Rate = 1, 1, 1e-6 }))
	require.NoError(t, err)
	require.Less(t, report.GainHigh, 0.0, "it has barely left the plain head")
	var text bytes.Buffer
	require.NoError(t, report.WriteText(&text))
	assert.Contains(t, text.String(), "does better on these rows. With --input log_ratio and --hidden 6 or more, training starts there.\n")
}

func TestAnUnequalSourceIsTrainedAlongItsImbalance(t *testing.T) {
	for _, input := range []string{labelshift.InputLogRatio, labelshift.InputDegree} {
		t.Run(input, func(t *testing.T) {
			s := gauss(3000, 1, 0.7, 0.2, 0.1)
			a, report, err := Adapter(t.Context(), s, options(func(o *Options) { o.Input, o.Outputs = input, labelshift.OutputsBias }))
			require.NoError(t, err)
			assert.InDeltaSlice(t, []float64{0.7, 0.2, 0.1}, a.SourcePrior, 0.03)
			assert.Less(t, report.AdapterLoss, report.SourceLoss)
		})
	}
}

func TestTheSameSeedTrainsTheSameFile(t *testing.T) {
	file := func() string {
		a, _, err := Adapter(t.Context(), gauss(400, 2, 0.4, 0.3, 0.3), options(func(o *Options) { o.Epochs = 2 }))
		require.NoError(t, err)
		text, err := a.Encode()
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, file(), file())
}

// The program that is trained computes what the adapter serves.
func TestTheNetworkIsTheAdapter(t *testing.T) {
	s := gauss(10, 1.5, 0.5, 0.3, 0.2)
	target, rng := []float64{0.1, 0.6, 0.3}, rand.New(rand.NewPCG(3, 4))
	for _, z := range []sizes{
		{3, 6, 3, 2, labelshift.OutputsBias}, {3, 6, 3, 2, labelshift.OutputsAffine}, {3, 5, 3, 2, labelshift.OutputsFull}, {1, 4, 3, 2, labelshift.OutputsFull},
	} {
		n := newNetwork(z, s.Graph.Head, rng)
		for _, id := range n.learn {
			n.Values[id].Const = gaussian(rng, 0.3, len(n.Values[id].Const))
		}
		a := labelshift.Adapter{Model: "m", Classes: 3, Features: 2, Outputs: z.outputs, Input: labelshift.InputLogRatio, SourcePrior: []float64{0.5, 0.3, 0.2},
			W1: n.Values[n.learn[0]].Const, B1: n.Values[n.learn[1]].Const, W2: n.Values[n.learn[2]].Const, B2: n.Values[n.learn[3]].Const}
		in := []*accel.Tensor{s.Logits}
		if z.outputs != labelshift.OutputsBias {
			a.Head, in = s.Graph.Head.Weight.Data, append(in, s.Features)
		}
		if z.inputs == 1 {
			a.Input = labelshift.InputDegree
		}
		prior, off := a.InputFor(target), offset(a.SourcePrior, target, 1)
		got, err := plain.Run(&n.Program, append(in, accel.TensorOf(prior, 1, z.inputs), accel.TensorOf(off, 1, 3)), 10, nil)
		require.NoError(t, err)
		want := s.Logits.Clone()
		a.Adapt(target, want, s.Features)
		for i := range 10 {
			for k := range 3 {
				want.Row(i)[k] += off[k]
			}
		}
		testkit.Close(t, z.outputs, got.Outputs[0].Data, want.Data, 1e-5)
	}
}

func TestTrainingStartsAtThePriorRatioWhereTheNetworkCanSayIt(t *testing.T) {
	s := gauss(20, 1, 0.4, 0.3, 0.3)
	o := options(asIs)
	trainer, err := newTrainer(gauss(400, 1, 0.4, 0.3, 0.3), o)
	require.NoError(t, err)
	defer trainer.net.Close()
	a, err := trainer.adapter()
	require.NoError(t, err)
	target, e := []float64{0.1, 0.3, 0.6}, &examination{source: trainer.prior}
	byRatio, byAdapter := s.Logits.Clone(), s.Logits.Clone()
	e.ratio(target, byRatio, nil)
	a.Adapt(target, byAdapter, s.Features)
	for i := range 20 { // up to a constant a row, which the softmax does not see
		shift := byRatio.Row(i)[0] - byAdapter.Row(i)[0]
		for k := range 3 {
			assert.InDelta(t, byRatio.Row(i)[k], byAdapter.Row(i)[k]+shift, 1e-5)
		}
	}
}

func TestGoldenLossAndPriorFamily(t *testing.T) {
	for _, c := range ttatest.Golden(t, "label_shift") {
		switch c.Name {
		case "generalized_logit_adjusted_loss":
			var in struct {
				Logits ttatest.Array
				Labels []int
				Source []float64 `json:"source_prior"`
				Priors [][]float64
			}
			var want struct {
				Loss [][]float64 `json:"loss_per_row"`
			}
			c.Decode(t, nil, &in, &want)
			for p, target := range in.Priors {
				off := offset(in.Source, target, 1)
				for i, y := range in.Labels {
					row := in.Logits.Float32()[3*i : 3*i+3]
					for k := range row {
						row[k] += off[k]
					}
					assert.InDelta(t, want.Loss[p][i], crossEntropy(row, y), 1e-6)
				}
			}
		case "prior_family_and_degree":
			var in struct {
				Source []float64 `json:"source_prior"`
				S      []float64
			}
			var want struct{ Family [][]float64 }
			c.Decode(t, nil, &in, &want)
			for i, s := range in.S {
				assert.InDeltaSlice(t, want.Family[i], power(in.Source, s), 1e-6)
			}
		}
	}
}

func TestSourcesThatDoNotFitAreRefused(t *testing.T) {
	good := func() *Source { return gauss(400, 1, 0.4, 0.3, 0.3) }
	for want, c := range map[string]struct {
		spoil  func(*Source)
		change func(*Options)
	}{
		"399 labels for 400 rows":                  {func(s *Source) { s.Labels = s.Labels[1:] }, asIs},
		"row 0 has class 3":                        {func(s *Source) { s.Labels[0] = 3 }, asIs},
		"no source row of class 2: every class":    {func(s *Source) { relabel(s, 2, 1) }, asIs},
		"they are not of this model":               {func(s *Source) { s.Logits.Data[0] += 3 }, asIs},
		"does not end in one: use --outputs bias":  {func(s *Source) { s.Graph.Head = nil }, asIs},
		"features of shape [400 1]":                {func(s *Source) { s.Features = accel.NewTensor(400, 1) }, asIs},
		`outputs "half" is none of`:                {func(*Source) {}, func(o *Options) { o.Outputs = "half" }},
		"all must be above 0":                      {func(*Source) {}, func(o *Options) { o.Rate = 0 }},
		"less than one batch of 1000":              {func(*Source) {}, func(o *Options) { o.Batch = 1000 }},
		"a source prior of 0 for class 1":          {func(*Source) {}, func(o *Options) { o.SourcePrior = []float64{1, 0, 1} }},
		"a source prior of -1 for class 0":         {func(*Source) {}, func(o *Options) { o.SourcePrior = []float64{-1, 1, 1} }},
		"a source prior of NaN for class 2":        {func(*Source) {}, func(o *Options) { o.SourcePrior = []float64{1, 1, math.NaN()} }},
		"and finite":                               {func(*Source) {}, func(o *Options) { o.Tau = math.Inf(1) }},
		"class 1 and 1 other classes of 3":         {func(s *Source) { clear(s.Labels) }, asIs},
		"give --cached-features":                   {func(s *Source) { s.Features = nil }, asIs},
		"make more than the 181193932 weights":     {func(*Source) {}, func(o *Options) { o.Hidden = 1 << 26 }},
		"a source prior of 2 entries":              {func(*Source) {}, func(o *Options) { o.SourcePrior = []float64{1, 1} }},
		"this source has none: use --input log_ra": {func(*Source) {}, func(o *Options) { o.SourcePrior, o.Input = []float64{1, 1, 1}, labelshift.InputDegree }},
	} {
		t.Run(want, func(t *testing.T) {
			s := good()
			c.spoil(s)
			_, _, err := Adapter(t.Context(), s, options(c.change))
			assert.ErrorContains(t, err, want)
		})
	}
}

func relabel(s *Source, from, to int) {
	for i, y := range s.Labels {
		if y == from {
			s.Labels[i] = to
		}
	}
}

func TestAStoppedTrainingSaysWhere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(func(o *Options) {
		o.Progress = func(done, total int) {
			if done > total/2 {
				cancel()
			}
		}
	})
	_, _, err := Adapter(ctx, gauss(1000, 1, 0.4, 0.3, 0.3), o)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "epoch 4")
}

func TestATrainingThatDivergesSaysSo(t *testing.T) {
	_, _, err := Adapter(t.Context(), gauss(1000, 1, 0.4, 0.3, 0.3), options(func(o *Options) { o.Rate = 1e30 }))
	assert.ErrorContains(t, err, "epoch 1: losses of NaN")
	assert.ErrorContains(t, err, "the training diverged, lower the rate of 1e+30")
}

func TestAConfusionMatrixIsCountedAndReadByTheStrategy(t *testing.T) {
	s := gauss(2000, 1, 0.5, 0.3, 0.2)
	c, err := Confusion(s)
	require.NoError(t, err)
	text, err := c.Encode()
	require.NoError(t, err)
	again, err := labelshift.ParseConfusion(text)
	require.NoError(t, err)
	assert.InDeltaSlice(t, s.Prior(), again.SourcePrior(), 1e-9)
	assert.Greater(t, c.Joint[0][0], c.Joint[1][0])
	relabel(s, 2, 0)
	_, err = Confusion(s)
	assert.ErrorContains(t, err, "no source row of class 2: every class needs some")
}

func TestTheForwardCollectsEveryRow(t *testing.T) {
	path := tinymodel.Write(t, t.TempDir(), "tiny.onnx", tinymodel.Bytes())
	g, err := onnx.Load(models.Config{Kind: models.KindONNX, File: path}, "")
	require.NoError(t, err)
	device, err := cpu.New(cpu.Config{})
	require.NoError(t, err)
	defer device.Close()
	left := []int{5, 2}
	next := func() ([]*accel.Tensor, int, error) {
		if len(left) == 0 {
			return nil, 0, io.EOF
		}
		n, first := left[0], 5*(2-len(left))
		left = left[1:]
		return []*accel.Tensor{accel.TensorOf(tinymodel.Rows(first + n)[first*tinymodel.RowSize:], tinymodel.Shape(n)...)}, n, nil
	}
	s, err := Forward(t.Context(), g, []accel.Device{device}, 5, next)
	require.NoError(t, err)
	s.Labels = make([]int, 7)
	require.NoError(t, s.Check(), "seven rows whose logits are the head of their features")
	assert.Equal(t, []int{7, tinymodel.Features}, s.Features.Shape)
}

func TestArraysAreReadFromFilesAndArchives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	require.NoError(t, npyfile.SaveFloat32(path, []int{2, 3}, make([]float32, 6)))
	m, err := ReadMatrix(path)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 3}, m.Shape)
	_, err = ReadLabels([]string{path})
	assert.ErrorContains(t, err, "expected one class index a row in one dimension")

	archive := testkit.Shared(t, "data", "cifar10-source", "train_features_resnet20.npz")
	m, err = ReadMatrix(archive + ":features")
	require.NoError(t, err)
	assert.Equal(t, []int{10000, 64}, m.Shape)
	_, err = ReadMatrix(archive + ":weights")
	assert.ErrorContains(t, err, `no array "weights" in it; name one of features, labels, logits, as in `)
	_, err = ReadMatrix(archive)
	assert.ErrorContains(t, err, `no array "" in it`)
	_, err = ReadMatrix(archive + ":labels")
	assert.ErrorContains(t, err, "expected [rows width]")
}
