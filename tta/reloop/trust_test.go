package reloop

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
)

// fit solves the same least squares from rows kept whole, in plain loops.
func fit(rows []trial, halfLife float64) float64 {
	var ee, ev, vv, re, rv float64
	for i, t := range rows {
		count := 1.0
		for range len(rows) - 1 - i {
			count *= newTrust(halfLife).decay
		}
		for k, q := range t.q {
			r, e, v := -float64(q), float64(t.e[k]), 1/float64(len(t.q))-float64(q)
			if k == t.label {
				r++
			}
			ee, ev, vv = ee+count*e*e, ev+count*e*v, vv+count*v*v
			re, rv = re+count*r*e, rv+count*r*v
		}
	}
	return (re*vv - rv*ev) / (ee*vv - ev*ev)
}

// trial is a labelled row: what was given, the error assumed, the truth.
type trial struct {
	q, e  []float32
	label int
}

// trials makes rows whose truth is the neighbours' with the given probability,
// the answer's own where not; noise is the chance of a label drawn at random.
func trials(seed uint64, n int, neighboursRight, noise float64) []trial {
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([]trial, n)
	for i := range out {
		own, other := r.IntN(3), r.IntN(3)
		t := trial{q: []float32{0.1, 0.1, 0.1}, e: make([]float32, 3), label: own}
		t.q[own] = 0.8
		ybar := []float32{0.1, 0.1, 0.1}
		ybar[other] = 0.8
		residual(t.e, t.q, ybar, nil, 1)
		if r.Float64() < neighboursRight {
			t.label = other
		}
		if r.Float64() < noise {
			t.label = r.IntN(3)
		}
		out[i] = t
	}
	return out
}

func learned(rows []trial, halfLife float64) trust {
	t := newTrust(halfLife)
	for _, r := range rows {
		t.learn(r.q, r.e, r.label, 1)
	}
	return t
}

func TestTheWeightIsTheLeastSquaresFit(t *testing.T) {
	for seed := range uint64(5) {
		rows := trials(seed, 200, 0.6, 0)
		got := learned(rows, 50)
		// Rows that agree with their neighbours are left out of the account.
		var counted []trial
		for _, r := range rows {
			if r.e[0] != 0 || r.e[1] != 0 || r.e[2] != 0 {
				counted = append(counted, r)
			}
		}
		assert.InDelta(t, fit(counted, 50), got.weight(), 1e-6)
	}
}

func TestTheWeightFollowsWhoIsRight(t *testing.T) {
	for _, c := range []struct {
		name                   string
		neighboursRight, noise float64
		low, high              float64
	}{
		{"neighbours know nothing", 0, 0, 0, 0.05},
		{"neighbours right half of the time", 0.5, 0, 0.4, 0.8},
		{"neighbours always right", 1, 0, 0.95, 1},
		{"labels are noise", 0.5, 1, 0, 0.1},
	} {
		w := learned(trials(3, 4000, c.neighboursRight, c.noise), 1000)
		assert.GreaterOrEqual(t, w.weight(), c.low, c.name)
		assert.LessOrEqual(t, w.weight(), c.high, c.name)
	}
}

func TestTheWeightForgets(t *testing.T) {
	w := learned(append(trials(1, 2000, 1, 0), trials(2, 500, 0, 0)...), 50)
	assert.Less(t, w.weight(), 0.1)
}

func TestWithoutErrorsThereIsNoWeight(t *testing.T) {
	w := newTrust(100)
	assert.Zero(t, w.weight())
	w.learn([]float32{0.5, 0.5}, []float32{0, 0}, 1, 1)
	assert.Zero(t, w.weight())
	// Where the assumed error is exactly doubt, nothing is the memory's own.
	for range 100 {
		w.learn([]float32{0.8, 0.2}, []float32{-0.3, 0.3}, 1, 1)
	}
	assert.Zero(t, w.weight())
}

func TestARevisionIsNoSecondWitness(t *testing.T) {
	s := taught(t)
	require.True(t, s.memory.Revise(5, 1), "the row is remembered")
	before := s.trust
	kept := []float32{1, 5, 2, 0.7, 0.3, -0.2, 0.2}
	require.NoError(t, s.Learn(t.Context(), []tta.Feedback{{Row: 5, Label: 0, Revises: 1, Weight: 1, Kept: kept}}))
	assert.Equal(t, before, s.trust, "its error was accounted for when the first label came")
	require.NoError(t, s.Learn(t.Context(), []tta.Feedback{{Row: 6, Label: 0, Revises: 1, Weight: 1, Kept: kept}}))
	assert.NotEqual(t, before, s.trust, "a row the memory has lost is taken as new")
}
