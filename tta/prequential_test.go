package tta_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
)

// outcomes are rows of a two-class model that is right more often than not, with
// scores on a grid so that there are ties, of a few keys.
func outcomes(seed uint64, rows int) []tta.Outcome {
	r := rand.New(rand.NewPCG(seed, 67))
	out := make([]tta.Outcome, rows)
	for i := range out {
		label := r.IntN(2)
		p := float32(min(max(math.Round(16*(0.3+0.3*float64(label)+0.2*r.NormFloat64()))/16, 0), 1))
		class := 0
		if p > 0.5 {
			class = 1
		}
		out[i] = tta.Outcome{Row: uint64(i), Key: fmt.Sprint(r.IntN(5)), Probs: []float32{1 - p, p}, Class: class, Label: label}
	}
	return out
}

// pairsInOrder is the AUC by its definition: every pair of a positive and a
// negative row, ties half.
func pairsInOrder(rows []tta.Outcome) (value float64, pairs int) {
	for _, a := range rows {
		for _, b := range rows {
			if a.Label != 1 || b.Label != 0 {
				continue
			}
			pairs++
			switch {
			case a.Probs[1] > b.Probs[1]:
				value++
			case a.Probs[1] == b.Probs[1]:
				value += 0.5
			}
		}
	}
	return value / float64(pairs), pairs
}

func scorerOf(rows []tta.Outcome) tta.Score {
	var s tta.Scorer
	for _, o := range rows {
		s.Add(o.Probs, o.Class, o.Label)
	}
	return s.Score()
}

func prequentialOf(window int, rows []tta.Outcome) *tta.Prequential {
	q := tta.NewPrequential(2, window)
	for _, o := range rows {
		q.Add(o)
	}
	return q
}

// sameScore compares all but AUC and gAUC.
func sameScore(t *testing.T, want, got tta.Score) {
	t.Helper()
	assert.Equal(t, want.Rows, got.Rows)
	assert.InDelta(t, want.Accuracy, got.Accuracy, 1e-12)
	assert.InDelta(t, want.Brier, got.Brier, 1e-9)
	assert.InDelta(t, want.NLL, got.NLL, 1e-9)
	assert.InDelta(t, want.ECE, got.ECE, 1e-9)
}

func TestAWindowScoresItsRowsAndATotalAll(t *testing.T) {
	rows := outcomes(1, 250)
	q := prequentialOf(100, rows)
	sameScore(t, scorerOf(rows), q.Total())
	sameScore(t, scorerOf(rows[150:]), q.Window())
}

func TestAUCIsTheShareOfPairsInOrder(t *testing.T) {
	rows := outcomes(2, 300)
	q := prequentialOf(100, rows)
	exact, _ := pairsInOrder(rows[200:])
	require.NotNil(t, q.Window().AUC)
	assert.InDelta(t, exact, *q.Window().AUC, 1e-12)

	// On this grid of scores two rows share a bin only where they tie.
	all, _ := pairsInOrder(rows)
	assert.InDelta(t, all, *q.Total().AUC, 1e-12)
}

func TestATotalAUCIsOffByHalfThePairsTooCloseToTellAtMost(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 73))
	rows := make([]tta.Outcome, 600)
	for i := range rows {
		p := float32(1e-4 * math.Exp(0.05*r.NormFloat64())) // click rates: all small, all close
		rows[i] = tta.Outcome{Row: uint64(i), Probs: []float32{1 - p, p}, Label: r.IntN(2)}
	}
	exact, pairs := pairsInOrder(rows)
	close := 0
	odds := func(o tta.Outcome) float64 { return math.Log(float64(o.Probs[1]) / (1 - float64(o.Probs[1]))) }
	for _, a := range rows {
		for _, b := range rows {
			if a.Label == 1 && b.Label == 0 && math.Abs(odds(a)-odds(b)) < 1.0/128 {
				close++
			}
		}
	}
	bound := 0.5 * float64(close) / float64(pairs)
	require.Less(t, bound, 0.06)
	assert.InDelta(t, exact, *prequentialOf(10, rows).Total().AUC, bound)
}

func TestGAUCAveragesKeysThatHaveBothClasses(t *testing.T) {
	rows := []tta.Outcome{
		{Key: "right", Probs: []float32{0.9, 0.1}, Label: 0}, {Key: "right", Probs: []float32{0.8, 0.2}, Label: 1},
		{Key: "wrong", Probs: []float32{0.9, 0.1}, Label: 1}, {Key: "wrong", Probs: []float32{0.8, 0.2}, Label: 0},
		{Key: "wrong", Probs: []float32{0.7, 0.3}, Label: 0},
		{Key: "one class", Probs: []float32{0.2, 0.8}, Label: 1},
	}
	w := prequentialOf(10, rows).Window()
	require.NotNil(t, w.GAUC)
	assert.InDelta(t, (2*1.0+3*0.0)/5, *w.GAUC, 1e-12)
	assert.Nil(t, prequentialOf(10, rows[5:]).Window().GAUC)
	assert.Nil(t, prequentialOf(10, rows[5:]).Total().AUC, "one class has no pairs")
}

func TestScoresAtTheEdges(t *testing.T) {
	nan := float32(math.NaN())
	q := prequentialOf(10, []tta.Outcome{
		{Row: 0, Probs: []float32{nan, nan}, Class: -1, Label: 1},
		{Row: 1, Probs: []float32{0, 1}, Class: 1, Label: 1},
		{Row: 2, Probs: []float32{1, 0}, Class: 0, Label: 0},
		{Row: 3, Probs: []float32{0.5, 0.5}, Class: 2, Label: 2}, // only a decider knows it
	})
	for name, s := range map[string]tta.Score{"total": q.Total(), "window": q.Window()} {
		assert.Equal(t, 4, s.Rows, name)
		assert.InDelta(t, 0.75, s.Accuracy, 1e-12, name)
		assert.InDelta(t, 1, *s.AUC, 1e-12, "%s: no answer is even odds, a class without a probability is left out", name)
	}
	many := tta.NewPrequential(3, 10)
	many.Add(tta.Outcome{Probs: []float32{0.2, 0.3, 0.5}, Class: 2, Label: 2})
	assert.Nil(t, many.Window().AUC, "AUC is for two classes")
	assert.Nil(t, many.Total().AUC)
	assert.Panics(t, func() { tta.NewPrequential(1, 10) })
	assert.Panics(t, func() { tta.NewPrequential(2, 0) })
}

func TestARevisedRowCountsAsIfItHadBeenSoAtOnce(t *testing.T) {
	rows := outcomes(3, 250)
	q := prequentialOf(100, rows)
	for _, i := range []int{10, 200, 249} { // the first has left the window
		now := rows[i]
		now.Label = 1 - now.Label
		q.Revise(rows[i], now)
		rows[i] = now
	}
	want := prequentialOf(100, rows)
	sameScore(t, want.Total(), q.Total())
	sameScore(t, want.Window(), q.Window())
	assert.InDelta(t, *want.Total().AUC, *q.Total().AUC, 1e-12)
	assert.InDelta(t, *want.Window().AUC, *q.Window().AUC, 1e-12)
	assert.InDelta(t, *want.Window().GAUC, *q.Window().GAUC, 1e-12)
}

func ExamplePrequential() {
	q := tta.NewPrequential(2, 1000)
	q.Add(tta.Outcome{Row: 0, Probs: []float32{0.75, 0.25}, Class: 0, Label: 0})
	q.Add(tta.Outcome{Row: 1, Probs: []float32{0.5, 0.5}, Class: 0, Label: 1})
	s := q.Total()
	fmt.Println(s.Accuracy, s.Brier, *s.AUC)
	// Output: 0.5 0.3125 1
}

func BenchmarkPrequential(b *testing.B) {
	rows := outcomes(5, 4096)
	q := prequentialOf(2000, rows)
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			q.Add(rows[i%len(rows)])
		}
	})
	b.Run("window of 2000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			q.Window()
		}
	})
}
