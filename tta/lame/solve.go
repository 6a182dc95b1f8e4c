package lame

import (
	"context"
	"math"

	"ttad/accel/dense"
)

// solver runs the fixed-point iteration z <- softmax(log v + W z), v = q + 1e-10.
// Its matrices have a row for each class and a column for each row of the batch.
type solver struct {
	math       *dense.Math
	columns    *dense.Columns
	v, z, next dense.Matrix
	heard      dense.Matrix // W z, for the objective
	steps      int
	settled    bool
}

// solve adjusts the rows of q. An iteration over many rows takes long enough to
// look at ctx before each.
func (s *solver) solve(ctx context.Context, cfg *Config, a *affinity, q matrix) error {
	s.start(q, a.given)
	s.steps, s.settled = 0, false
	for before := math.Inf(1); s.steps < cfg.MaxIterations && !s.settled; {
		if err := ctx.Err(); err != nil {
			return err
		}
		energy := s.step(a)
		s.steps++
		s.settled = s.steps >= 3 && math.Abs(energy-before) <= 1e-8*math.Abs(before)
		before = energy
	}
	if !s.settled && !cfg.ReferenceExact {
		s.lower(a)
	}
	return nil
}

// start takes the first iterate, softmax(log v) = v. Rows that are not finite, and
// columns that only fill up, get an answer nobody asks for.
func (s *solver) start(q matrix, given []bool) {
	for _, m := range []*dense.Matrix{&s.v, &s.z, &s.next} {
		*m = s.math.Padded(m.Data, q.width, q.rows)
	}
	fill(s.v.Data, 1)
	s.math.Transpose(s.v.Data, q.data, q.rows, q.width, s.v.Step, q.width)
	s.math.AddScalar(s.v.Data, s.v.Data, 1e-10)
	for i, finite := range given {
		if !finite {
			for class := range q.width {
				s.v.Row(class)[i] = 1
			}
		}
	}
	clear(s.z.Data)
	s.columns.Softmax(s.z, s.v)
	clear(s.next.Data)
}

// step makes one iteration and returns the energy the published code stops by,
//
//	sum[-u*z' - z'*(W z) + z'*log z'],   u = log v, z' the new iterate,
//
// which, as log z' = u + W z - logsumexp, is minus the sum of the rows'
// logsumexp.
func (s *solver) step(a *affinity) float64 {
	a.times(s.next, s.z)
	energy := -s.columns.Softmax(s.next, s.v)
	s.z, s.next = s.next, s.z
	return energy
}

// lower keeps the last iterate or the one before it, whichever has the lower
// objective. Where the iteration did not settle it may be swinging between two.
func (s *solver) lower(a *affinity) {
	if s.objective(a, s.next) < s.objective(a, s.z) {
		s.z, s.next = s.next, s.z
	}
}

// objective is KL(z||q) - <z, W z>/2, what the iteration lowers step by step when
// W is symmetric and positive semi-definite.
func (s *solver) objective(a *affinity, z dense.Matrix) float64 {
	s.heard = s.math.Padded(s.heard.Data, z.Rows, z.Columns)
	a.times(s.heard, z)
	sum := 0.0
	for class := range z.Rows {
		v, w := s.v.Row(class), s.heard.Row(class)
		for i, p := range z.Row(class) {
			if p := float64(p); p > 0 {
				sum += p * (math.Log(p/float64(v[i])) - float64(w[i])/2)
			}
		}
	}
	return sum
}

// answer writes the rows of the solution.
func (s *solver) answer(z matrix) {
	s.math.Transpose(z.data, s.z.Data, s.z.Rows, s.z.Columns, z.width, s.z.Step)
}

// diversity is the effective number of classes: exp of the entropy of the rows'
// mean. Rows that stand alone do not count.
func diversity(z matrix, s *space) float64 {
	h, n := 0.0, float64(s.others)
	for k := range z.width {
		mean := 0.0
		for i := range z.rows {
			if !s.alone[i] {
				mean += float64(z.data[i*z.width+k])
			}
		}
		if mean /= n; mean > 0 {
			h -= mean * math.Log(mean)
		}
	}
	return math.Exp(h)
}
