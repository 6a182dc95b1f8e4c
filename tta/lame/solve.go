package lame

import (
	"context"
	"math"
)

// solver runs the fixed-point iteration z <- softmax(u + W z), u = log(q + 1e-10).
// Everything is stored in float32; exponentials and energies are float64.
type solver struct {
	u, z, next, wz matrix
	steps          int
	settled        bool
}

// solve returns the adjusted rows of q; the memory is the solver's own. An
// iteration over many rows takes long enough to look at ctx before each.
func (s *solver) solve(ctx context.Context, cfg *Config, a *affinity, q matrix) (matrix, error) {
	for _, m := range []*matrix{&s.u, &s.z, &s.next, &s.wz} {
		*m = matrix{data: resized(m.data, len(q.data)), rows: q.rows, width: q.width}
	}
	s.start(q)
	s.steps, s.settled = 0, false
	for before := math.Inf(1); s.steps < cfg.MaxIterations && !s.settled; {
		if err := ctx.Err(); err != nil {
			return matrix{}, err
		}
		energy := s.step(a)
		s.steps++
		s.settled = s.steps >= 3 && math.Abs(energy-before) <= 1e-8*math.Abs(before)
		before = energy
	}
	if !s.settled && !cfg.ReferenceExact {
		return s.lower(a), nil
	}
	return s.z, nil
}

// start takes the logarithms and the first iterate, softmax(u). A row that is not
// finite stays out as a row of zeros.
func (s *solver) start(q matrix) {
	for i := range q.rows {
		u := s.u.row(i)
		if !finiteRow(q.row(i)) {
			clear(u)
			clear(s.z.row(i))
			continue
		}
		for k, v := range q.row(i) {
			u[k] = float32(math.Log(float64(v) + 1e-10))
		}
		softmax(s.z.row(i), u)
	}
}

// step makes one iteration and returns the energy the published code stops by,
//
//	sum[-u*z' - z'*(W z) + z'*log z'],   z' the new iterate,
//
// which, as log z' = u + W z - logsumexp, is minus the sum of the rows'
// logsumexp.
func (s *solver) step(a *affinity) float64 {
	a.times(s.wz, s.z)
	energy := 0.0
	for i := range s.z.rows {
		row := s.next.row(i)
		u, w := s.u.row(i)[:len(row)], s.wz.row(i)[:len(row)]
		for k := range row {
			row[k] = u[k] + w[k]
		}
		energy -= softmax(row, row)
	}
	s.z, s.next = s.next, s.z
	return energy
}

// lower returns the last iterate or the one before it, whichever has the lower
// objective. Where the iteration did not settle it may be swinging between two.
func (s *solver) lower(a *affinity) matrix {
	if s.objective(a, s.next) < s.objective(a, s.z) {
		return s.next
	}
	return s.z
}

// objective is KL(z||q) - <z, W z>/2, what the iteration lowers step by step when
// W is symmetric and positive semi-definite.
func (s *solver) objective(a *affinity, z matrix) float64 {
	a.times(s.wz, z)
	sum := 0.0
	for i, v := range z.data {
		if v > 0 {
			p := float64(v)
			sum += p * (math.Log(p) - float64(s.u.data[i]) - float64(s.wz.data[i])/2)
		}
	}
	return sum
}

// softmax writes the softmax of x into dst, which may be x, and returns x's
// logsumexp.
func softmax(dst, x []float32) float64 {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for k, v := range x {
		e := math.Exp(float64(v) - float64(top))
		sum += e
		dst[k] = float32(e)
	}
	for k, v := range dst {
		dst[k] = float32(float64(v) / sum)
	}
	return float64(top) + math.Log(sum)
}

// diversity is the effective number of classes: exp of the entropy of the rows'
// mean. Rows that stand alone do not count.
func diversity(z matrix, s *space) float64 {
	h, n := 0.0, float64(s.company())
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
