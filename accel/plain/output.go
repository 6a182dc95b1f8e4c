package plain

import (
	"math"

	"ttad/accel"
)

func priorRatio(p, ratio, y *accel.Tensor) {
	copy(y.Data, p.Data)
	for i := range p.Rows() {
		total := 0.0
		for k, v := range p.Row(i) {
			total += float64(v) * float64(ratio.Data[k])
		}
		if !(total > 0) || math.IsInf(total, 0) {
			continue
		}
		for k, v := range p.Row(i) {
			y.Row(i)[k] = float32(float64(v) * float64(ratio.Data[k]) / total)
		}
	}
}

// lameState is LAME in float64, row by row.
type lameState struct {
	op          accel.LAME
	unit        [][]float64 // rows of features at unit length
	alone, zero []bool
	given       []bool // rows whose probabilities are finite
	others      int    // rows that are not alone
	w, v        [][]float64
}

func lame(op accel.LAME, features, q, y *accel.Tensor) {
	copy(y.Data, q.Data)
	s := lameState{op: op}
	for i := range q.Rows() {
		s.addRow(features.Row(i), q.Row(i))
	}
	if q.Rows() == 1 || s.others == 0 {
		return
	}
	s.affinities()
	z := s.solve()
	for i, given := range s.given {
		for k := range y.Row(i) {
			if given {
				y.Row(i)[k] = float32(z[i][k])
			}
		}
	}
}

func (s *lameState) addRow(x, q []float32) {
	squares, total := 0.0, 0.0
	for _, v := range x {
		squares += float64(v) * float64(v)
	}
	for _, v := range q {
		total += float64(v)
	}
	length := math.Sqrt(squares)
	given := total-total == 0
	alone := !given || length-length != 0
	unit, v := make([]float64, len(x)), make([]float64, len(q))
	for k := range unit {
		if !alone {
			unit[k] = float64(x[k]) / math.Max(length, 1e-12)
		}
	}
	for k := range v {
		v[k] = 1
		if given {
			v[k] = float64(q[k]) + 1e-10
		}
	}
	s.unit, s.v, s.alone, s.zero, s.given = append(s.unit, unit), append(s.v, v), append(s.alone, alone), append(s.zero, length == 0), append(s.given, given)
	if !alone {
		s.others++
	}
}

// affinities fills w: how much row i listens to row j.
func (s *lameState) affinities() {
	n := len(s.unit)
	s.w = make([][]float64, n)
	width := s.width()
	for i := range n {
		s.w[i] = make([]float64, n)
		for j := range n {
			if !s.alone[i] && !s.alone[j] {
				s.w[i][j] = s.affinity(i, j, width)
			}
		}
	}
	if s.op.ForceSymmetry {
		for i := range n {
			for j := range i {
				mean := (s.w[i][j] + s.w[j][i]) / 2
				s.w[i][j], s.w[j][i] = mean, mean
			}
		}
	}
}

func (s *lameState) affinity(i, j int, width float64) float64 {
	switch s.op.Affinity {
	case accel.AffinityLinear:
		if i == j {
			return truth(!s.zero[i])
		}
		dot := 0.0
		for k, v := range s.unit[i] {
			dot += v * s.unit[j][k]
		}
		return dot
	case accel.AffinityKNN:
		return truth(i != j && !s.zero[i] && s.nearer(i, j, i) < s.op.Neighbors)
	}
	d := s.distance(i, j)
	if width < 1e-12 {
		return truth(d == 0)
	}
	return math.Exp(-d * d / (2 * width * width))
}

func (s *lameState) distance(i, j int) float64 {
	squares := 0.0
	for k, v := range s.unit[i] {
		squares += (v - s.unit[j][k]) * (v - s.unit[j][k])
	}
	return math.Sqrt(squares)
}

// nearer counts the rows nearer to row i than row j, ties to the lower index; row
// skip does not count.
func (s *lameState) nearer(i, j, skip int) int {
	n := 0
	for other := range s.unit {
		if s.alone[other] || other == skip {
			continue
		}
		a, b := s.distance(i, other), s.distance(i, j)
		if a < b || a == b && other < j {
			n++
		}
	}
	return n
}

// width is the mean distance of the Neighbors-th nearest row, the row itself counted.
func (s *lameState) width() float64 {
	rank, sum := min(s.op.Neighbors, s.others)-1, 0.0
	for i := range s.unit {
		for j := range s.unit {
			if !s.alone[i] && !s.alone[j] && s.nearer(i, j, -1) == rank {
				sum += s.distance(i, j)
			}
		}
	}
	return sum / float64(s.others)
}

// solve iterates until the energy rests.
func (s *lameState) solve() [][]float64 {
	z, last := s.softmax(nil), [][]float64(nil)
	before := math.Inf(1)
	for step := 1; step <= s.op.MaxIterations; step++ {
		last = z
		z = s.softmax(z)
		energy := s.energy(last)
		if step >= 3 && math.Abs(energy-before) <= 1e-8*math.Abs(before) {
			return z
		}
		before = energy
	}
	if s.objective(last) < s.objective(z) {
		return last
	}
	return z
}

// softmax is the rows' softmax(log v + W z); without z, of log v alone.
func (s *lameState) softmax(z [][]float64) [][]float64 {
	out := make([][]float64, len(s.v))
	for i, v := range s.v {
		sum := 0.0
		out[i] = make([]float64, len(v))
		for k := range v {
			out[i][k] = v[k] * math.Exp(s.heard(z, i, k))
			sum += out[i][k]
		}
		for k := range v {
			out[i][k] /= sum
		}
	}
	return out
}

// energy is minus the sum of the rows' logarithms of sum v*e^(W z).
func (s *lameState) energy(z [][]float64) float64 {
	total := 0.0
	for i, v := range s.v {
		sum := 0.0
		for k := range v {
			sum += v[k] * math.Exp(s.heard(z, i, k))
		}
		total -= math.Log(sum)
	}
	return total
}

func (s *lameState) heard(z [][]float64, i, k int) float64 {
	sum := 0.0
	for j := range z {
		sum += s.w[i][j] * z[j][k]
	}
	return sum
}

// objective is KL(z||v) - <z, W z>/2.
func (s *lameState) objective(z [][]float64) float64 {
	sum := 0.0
	for i := range z {
		for k, p := range z[i] {
			if p > 0 {
				sum += p * (math.Log(p/s.v[i][k]) - s.heard(z, i, k)/2)
			}
		}
	}
	return sum
}
