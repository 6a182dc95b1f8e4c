package loki

import (
	"math"

	"ttad/accel"
	"ttad/accel/dense"
)

// expectation works out expected squared distances: for all candidates at once as a
// product of matrices in float32, and again in float64 for those that may be best.
// The answer is thus that of float64, ties included.
type expectation struct {
	math    *dense.Math
	exact   [][]float64  // squared distances by candidate, then by the model's class
	squared dense.Panels // the same by class, then by candidate
	rough   dense.Matrix // [rows][candidates]
}

// roughness is more than a float32 sum of a few thousand terms, none negative, is
// wrong by, as a share of it.
const roughness = 1.0 / (1 << 15)

func newExpectation(isa string, exact [][]float64) (*expectation, error) {
	m, err := dense.New(isa)
	if err != nil {
		return nil, err
	}
	e := &expectation{math: m, exact: exact, squared: m.Panels(nil, len(exact[0]), len(exact))}
	rows := m.Padded(nil, len(exact), len(exact[0]))
	for c, squared := range exact {
		for k, v := range squared {
			rows.Row(c)[k] = float32(v)
		}
	}
	m.Transposed(&e.squared, rows)
	return e, nil
}

// all works out every row roughly.
func (e *expectation) all(probs *accel.Tensor) {
	e.rough = e.math.Padded(e.rough.Data, probs.Rows(), len(e.exact))
	p := dense.Product{
		Left:  dense.Matrix{Data: probs.Data, Rows: probs.Rows(), Columns: probs.RowLen(), Step: probs.RowLen()},
		Right: &e.squared,
	}
	p.Into(e.rough)
	e.math.Multiply(&p)
}

// least returns the candidate that row i of what all was given, p, expects least
// distance to, the lower index on ties, and that distance squared. A row that is not
// finite has none.
func (e *expectation) least(i int, p []float32) (class int, expected float64) {
	if total := e.math.Sum(p); total-total != 0 {
		return -1, 0
	}
	rough := e.rough.Row(i)
	bound := float32(math.Inf(1))
	for _, v := range rough {
		bound = min(bound, v)
	}
	bound += 2 * roughness * bound
	class = -1
	for c, v := range rough {
		if v > bound {
			continue
		}
		if d := e.of(c, p); class < 0 || d < expected {
			class, expected = c, d
		}
	}
	return class, expected
}

// of is the exact expectation for one candidate.
func (e *expectation) of(c int, p []float32) float64 {
	sum := 0.0
	for k, squared := range e.exact[c] {
		sum += float64(p[k]) * squared
	}
	return sum
}
