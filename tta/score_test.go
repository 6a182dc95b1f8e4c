package tta_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
)

// row is one scored row.
type row struct {
	probs        []float32
	class, label int
}

func TestScoresHaveTheValuesComputedByHand(t *testing.T) {
	for name, c := range map[string]struct {
		rows []row
		want tta.Score
	}{
		"certain and right": {[]row{{[]float32{1, 0}, 0, 0}}, tta.Score{Rows: 1, Accuracy: 1}},
		"certain and wrong": {[]row{{[]float32{1, 0}, 0, 1}},
			tta.Score{Rows: 1, Error: 1, Brier: 2, NLL: -math.Log(1e-12), ECE: 1}},
		"one right at 3/4, one wrong at 3/4": {
			[]row{{[]float32{0.75, 0.25}, 0, 0}, {[]float32{0.75, 0.25}, 0, 1}},
			// Brier: (1/16+1/16 + 9/16+9/16)/2; ECE: one bin, half right, confidence 3/4.
			tta.Score{Rows: 2, Error: 0.5, Accuracy: 0.5, Brier: 0.625, NLL: -(math.Log(0.75) + math.Log(0.25)) / 2, ECE: 0.25}},
		"three classes, two bins": {
			[]row{{[]float32{0.5, 0.25, 0.25}, 0, 0}, {[]float32{0, 1, 0}, 1, 1}, {[]float32{0.25, 0.25, 0.5}, 2, 0}},
			// Bin of 1/2: one of two right, gap 0, so only 2/3*|1/2-1/2| + 1/3*|1-1|.
			tta.Score{Rows: 3, Error: 1.0 / 3, Accuracy: 2.0 / 3, Brier: (0.375 + 0 + 0.875) / 3, NLL: (math.Log(2) + math.Log(4)) / 3}},
		"a decided class counts for the error only": {
			[]row{{[]float32{0.75, 0.25}, 1, 1}},
			tta.Score{Rows: 1, Accuracy: 1, Brier: 1.125, NLL: math.Log(4), ECE: 0.75}},
		"a class only a decider knows has no probability to judge": {
			[]row{{[]float32{0.75, 0.25}, 2, 2}, {[]float32{1, 0}, 0, 2}, {[]float32{0.75, 0.25}, 0, 0}},
			tta.Score{Rows: 3, Error: 1.0 / 3, Accuracy: 2.0 / 3, Brier: 0.125, NLL: -math.Log(0.75), ECE: 0.25}},
		"nothing but such rows": {[]row{{[]float32{0.75, 0.25}, 2, 2}}, tta.Score{Rows: 1, Accuracy: 1}},
		"no answer is wrong": {
			[]row{{[]float32{float32(math.NaN()), 0}, -1, 0}},
			tta.Score{Rows: 1, Error: 1, Brier: 1, NLL: -math.Log(1e-12)}},
		"no rows": {nil, tta.Score{}},
	} {
		t.Run(name, func(t *testing.T) {
			var s tta.Scorer
			for _, r := range c.rows {
				s.Add(r.probs, r.class, r.label)
			}
			got := s.Score()
			assert.Equal(t, c.want.Rows, got.Rows)
			for what, pair := range map[string][2]float64{
				"error": {c.want.Error, got.Error}, "accuracy": {c.want.Accuracy, got.Accuracy}, "brier": {c.want.Brier, got.Brier},
				"nll": {c.want.NLL, got.NLL}, "ece": {c.want.ECE, got.ECE},
			} {
				assert.InDelta(t, pair[0], pair[1], 1e-9, what)
			}
		})
	}
}

func TestANegativeLabelIsAMistakeOfTheCaller(t *testing.T) {
	var s tta.Scorer
	assert.PanicsWithValue(t, "tta: label -1", func() { s.Add([]float32{1, 0}, 0, -1) })
}

func ExampleScorer() {
	var s tta.Scorer
	s.Add([]float32{0.75, 0.25}, 0, 0)
	s.Add([]float32{0.5, 0.5}, 0, 1)
	fmt.Println(s.Score().Accuracy, s.Score().Brier)
	// Output: 0.5 0.3125
}
