package tta_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/models"
	"ttad/tta"
)

func TestPredictionsSplitRowsByItem(t *testing.T) {
	o := options(champion(answerOne(1)))
	o.SourceView = true
	b := certain(0, 1, 2)
	b.Items = []tta.Item{{ID: "x", Rows: 2, Received: time.Unix(98, 0)}, {ID: "y", Rows: 1, Received: time.Unix(101, 0)}}
	preds := step(t, build(t, o), b).Predictions(0)
	require.Len(t, preds, 2)
	x, y := preds[0], preds[1]
	assert.Equal(t, "x", x.Item.ID)
	assert.Len(t, x.Rows, 2)
	assert.Equal(t, uint64(7), x.Step)
	assert.Equal(t, 2*time.Second, x.Queue)
	assert.Zero(t, y.Queue, "clocks that run backwards make no negative wait")
	r := y.Rows[0]
	assert.Equal(t, 1, r.Class)
	assert.Equal(t, "b", r.Label)
	assert.Equal(t, float32(1), r.Score)
	assert.Equal(t, 2, r.Source.Class)
	assert.Equal(t, tta.GuardOK, r.Guard)
	assert.Zero(t, r.Entropy)
	assert.Equal(t, float32(1), r.Margin)
	assert.Equal(t, "main0", r.Trail[0].Strategy)
}

func TestEntropyAndMarginOfARow(t *testing.T) {
	g := build(t, options(champion()))
	r := step(t, g, batch(0, 0, 0, float32(math.Log(2)), float32(math.Log(2)), float32(math.Inf(-1)))).Predictions(0)
	assert.InDelta(t, math.Log(3), r[0].Rows[0].Entropy, 1e-6)
	assert.InDelta(t, math.Ln2, r[1].Rows[0].Entropy, 1e-6)
	assert.Zero(t, r[1].Rows[0].Margin)
	assert.Equal(t, 0, r[1].Rows[0].Class, "ties go to the lower index")
}

func TestSoftmaxIsSafeForLogitsOfAnySize(t *testing.T) {
	inf := float32(math.Inf(1))
	nan := float32(math.NaN())
	for name, c := range map[string]struct{ logits, want []float32 }{
		"equal":             {[]float32{5, 5}, []float32{0.5, 0.5}},
		"huge":              {[]float32{3e38, -3e38}, []float32{1, 0}},
		"far below":         {[]float32{-3e38, -3e38}, []float32{0.5, 0.5}},
		"minus infinity":    {[]float32{0, -inf}, []float32{1, 0}},
		"infinity":          {[]float32{0, inf}, []float32{nan, nan}},
		"nothing":           {[]float32{-inf, -inf}, []float32{nan, nan}},
		"NaN first":         {[]float32{nan, 1}, []float32{nan, nan}},
		"NaN last":          {[]float32{1, nan}, []float32{nan, nan}},
		"a third of a half": {[]float32{float32(math.Log(2)), 0}, []float32{2. / 3, 1. / 3}},
	} {
		t.Run(name, func(t *testing.T) {
			p := accel.NewTensor(1, 2)
			tta.Softmax(p, accel.TensorOf(c.logits, 1, 2))
			isDistribution(t, c.want, p.Data)
			for _, isa := range []string{"generic", "avx2", "avx512", "neon"} { // as a Group does it
				if m, err := dense.New(isa); err == nil {
					m.Softmax(p.Data, c.logits)
					isDistribution(t, c.want, p.Data)
				}
			}
		})
	}
}

// isDistribution compares probabilities; NaN must be where it is wanted.
func isDistribution(t *testing.T, want, got []float32) {
	t.Helper()
	for k, v := range want {
		if math.IsNaN(float64(v)) {
			assert.True(t, math.IsNaN(float64(got[k])), "class %d is %g", k, got[k])
		} else {
			assert.InDelta(t, v, got[k], 1e-7)
		}
	}
}

func TestArgmax(t *testing.T) {
	assert.Equal(t, 1, tta.Argmax([]float32{-3, -1, -1}))
	assert.Equal(t, -1, tta.Argmax([]float32{1, float32(math.NaN())}))
	assert.Equal(t, -1, tta.Argmax(nil))
}

func TestSelectNorms(t *testing.T) {
	norms := []models.NormNode{{Name: "/layer1/0/bn1/BatchNormalization"}, {Name: "/layer1/1/bn2/BatchNormalization"}, {Name: "logits", FeedsLogits: true}}
	for name, c := range map[string]struct {
		exclude []string
		logits  bool
		want    []bool
	}{
		"all but the logits":     {nil, false, []bool{true, true, false}},
		"the logits too":         {nil, true, []bool{true, true, true}},
		"a star crosses slashes": {[]string{"/layer1/*bn2*"}, true, []bool{true, false, true}},
		"question marks":         {[]string{"/layer1/?/bn?/*"}, true, []bool{false, false, true}},
		"a whole name":           {[]string{"logits"}, true, []bool{true, true, false}},
		"a star at the end":      {[]string{"logits*"}, true, []bool{true, true, false}},
		"stars that go back":     {[]string{"*bn1*Norm*ation"}, true, []bool{false, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tta.SelectNorms(norms, c.exclude, c.logits)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for _, pattern := range []string{"", "layer1*", "*bn3*", "logit", "logits?", "LOGITS"} {
		_, err := tta.SelectNorms(norms, []string{pattern}, false)
		assert.ErrorContains(t, err, "matches no norm node", pattern)
	}
}

func TestLabelsCanNameWhatADeciderAddsToTheModelsClasses(t *testing.T) {
	o := options(champion(&change{}), pipe{"more", tta.Shadow, []tta.Strategy{decide{3}}})
	o.Env.Labels = []string{"a", "b", "c"}
	assert.Equal(t, []string{"a", "b", "c", "new"}, build(t, o).ClassNames())

	o = options(champion(&change{}))
	o.Env.Labels = nil
	assert.Nil(t, build(t, o).ClassNames(), "the model's classes have no names")
}
