package labelshift

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

func learner(t testing.TB, k int, change func(*Config)) *learning {
	t.Helper()
	s, err := New(env(k), config(change))
	require.NoError(t, err)
	return s.(*learning)
}

// remembered steps and settles a batch as a group does and returns what is kept of
// each row.
func remembered(t testing.TB, l *learning, logits *accel.Tensor) [][]float32 {
	t.Helper()
	out, b := &models.Output{Logits: logits}, &tta.Batch{Rows: logits.Rows()}
	probs := accel.NewTensor(logits.Shape...)
	tta.Softmax(probs, logits)
	require.NoError(t, l.Correct(t.Context(), b, out, probs))
	kept := make([][]float32, b.Rows)
	for i := range kept {
		kept[i] = make([]float32, l.Needs().Remember)
		l.Remember(i, kept[i])
	}
	require.NoError(t, l.Update(t.Context(), b, out, probs))
	return kept
}

func feedback(label int, kept []float32) tta.Feedback {
	return tta.Feedback{Label: label, Revises: -1, Weight: 1, Kept: kept}
}

func TestALabelReplacesItsRowsGuess(t *testing.T) {
	for _, estimate := range []string{EstimateEM, EstimateMean} {
		t.Run(estimate, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			// A mean over all rows so far, so that what it must become is plain.
			l := learner(t, 3, func(c *Config) {
				h := 1e9
				c.Estimate, c.UseLabels, c.SourceRows, c.HalfLife, c.Floor = estimate, true, 10, &h, 0
			})
			var kept [][]float32
			var labels []int
			for range 6 {
				logits, y := gauss(r, 15, []float64{0.7, 0.2, 0.1})
				kept, labels = append(kept, remembered(t, l, logits)...), append(labels, y...)
			}
			want := []float64{10.0 / 3, 10.0 / 3, 10.0 / 3}
			for i, y := range labels {
				want[y]++
				require.NoError(t, l.Learn(t.Context(), []tta.Feedback{feedback(y, kept[i])}))
			}
			assert.InDeltaSlice(t, normalized(want), l.Prior(), 1e-6, "all rows labelled: the mean of their labels")

			revised := feedback(2, kept[0])
			revised.Revises = labels[0]
			require.NoError(t, l.Learn(t.Context(), []tta.Feedback{revised}))
			want[labels[0]]--
			want[2]++
			assert.InDeltaSlice(t, normalized(want), l.Prior(), 1e-6)
		})
	}
}

func TestLabelsOfOneClassOnlyDoNotMakeItFrequent(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	truth := []float64{0.5, 0.4, 0.1}
	l := learner(t, 3, func(c *Config) { c.Estimate, c.UseLabels = EstimateEM, true })
	for range 80 {
		logits, labels := gauss(r, 64, truth)
		kept := remembered(t, l, logits)
		for i, y := range labels {
			if y == 2 {
				require.NoError(t, l.Learn(t.Context(), []tta.Feedback{feedback(y, kept[i])}))
			}
		}
	}
	assert.InDeltaSlice(t, truth, l.Prior(), 0.08)
}

func TestAnOldLabelCountsForLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	l := learner(t, 2, func(c *Config) { h := 50.0; c.UseLabels, c.HalfLife = true, &h })
	first, _ := gauss(r, 10, uniform(2))
	kept := remembered(t, l, first)
	for range 40 {
		logits, _ := gauss(r, 10, uniform(2))
		remembered(t, l, logits)
	}
	before := l.Prior()
	require.NoError(t, l.Learn(t.Context(), []tta.Feedback{feedback(0, kept[0])}))
	assert.InDeltaSlice(t, before, l.Prior(), 1e-4, "400 rows at a half-life of 50 leave 1/256 of 1/80")
}

func TestLabelsAloneAreCounted(t *testing.T) {
	l := learner(t, 3, func(c *Config) { c.Estimate = EstimateLabels })
	assert.True(t, l.Needs().Labels)
	assert.Zero(t, l.Needs().Remember)
	r := rand.New(rand.NewPCG(7, 8))
	logits, _ := gauss(r, 64, []float64{0, 0, 1})
	remembered(t, l, logits)
	assert.Equal(t, uniform(3), l.Prior(), "rows without labels say nothing")
	truth := []float64{0.6, 0.3, 0.1}
	for range 5000 {
		require.NoError(t, l.Learn(t.Context(), []tta.Feedback{feedback(pick(r, truth), nil)}))
	}
	assert.InDeltaSlice(t, truth, l.Prior(), 0.05)
}

func TestARevisedLabelIsNotCountedTwice(t *testing.T) {
	l := learner(t, 2, func(c *Config) { h := 1e9; c.Estimate, c.HalfLife, c.SourceRows, c.Floor = EstimateLabels, &h, 10, 0 })
	for range 90 {
		require.NoError(t, l.Learn(t.Context(), []tta.Feedback{feedback(0, nil)}))
	}
	revised := feedback(1, nil)
	revised.Revises = 0
	for range 30 {
		require.NoError(t, l.Learn(t.Context(), []tta.Feedback{revised}))
	}
	assert.InDelta(t, (5+30)/100.0, l.Prior()[1], 0.005, "ten rows of the source, sixty labels of one class, thirty of the other")
	assert.InDelta(t, 90, l.estimate.seen, 1e-9)
}
