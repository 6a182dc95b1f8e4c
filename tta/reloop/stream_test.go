package reloop_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
	"ttad/tta/reloop"
)

// world is a stream whose first feature says which of two truths holds: the model
// is right about one half of the inputs and, after a drift, wrong about the other.
type world struct{ r *rand.Rand }

func (w world) row() (x, q []float32, class int) {
	class = w.r.IntN(2)
	spoilt := w.r.IntN(2)
	x = []float32{float32(2*class - 1), float32(2*spoilt - 1), 0.3 * float32(w.r.NormFloat64())}
	q = []float32{0.2, 0.2}
	said := class
	if spoilt == 1 {
		said = 1 - class
	}
	q[said] = 0.8
	return x, q, class
}

// run answers and labels rows, and returns the share of right answers in the last
// half. label says what is published for a row.
func (w world) run(t testing.TB, s *reloop.Strategy, rows int, label func(i, class int) int) float64 {
	right := 0
	for i := range rows {
		x, q, class := w.row()
		z := answer(t, s, x, q)
		if i >= rows/2 && tta.Argmax(z) == class {
			right++
		}
		if l := label(i, class); l >= 0 {
			learn(t, s, uint64(i), x, q, l)
		}
	}
	return float64(right) / float64(rows-rows/2)
}

func TestTheMemoryIsHeardWhenItKnowsAndNotWhenLiedTo(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, c := range []struct {
		name  string
		label func(i, class int) int
		least float64 // the model alone has about 0.5
	}{
		{"no labels", func(_, _ int) int { return -1 }, 0.45},
		{"honest labels", func(_, class int) int { return class }, 0.95},
		{"one label in twenty", func(i, class int) int {
			if i%20 > 0 {
				return -1
			}
			return class
		}, 0.9},
		{"a fifth of the labels flipped", func(_, class int) int {
			if r.IntN(5) == 0 {
				return 1 - class
			}
			return class
		}, 0.9},
		{"ten times as many labels of one class", func(i, class int) int {
			switch {
			case i%20 == 0:
				return class
			case i%2 == 0:
				return 1
			}
			return -1
		}, 0.45},
		{"labels of one class only", func(i, class int) int { return 1 }, 0.45},
		{"honest for a while, then one class only", func(i, class int) int {
			if i < 1000 {
				return class
			}
			return 1
		}, 0.45},
		{"noise", func(_, _ int) int { return r.IntN(2) }, 0.45},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := world{rand.New(rand.NewPCG(9, 9))}.run(t, built(t, 2, 3, reloop.NewConfig()), 4000, c.label)
			assert.GreaterOrEqual(t, got, c.least)
		})
	}
}
