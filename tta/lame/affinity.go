package lame

import "math"

// affinity is the matrix W of a block: w [n n], row i how much row i listens to
// every other.
type affinity struct {
	w      matrix
	sparse bool // most entries are 0
	near   []neighbor
}

// neighbor is a row and how far it is, squared.
type neighbor struct {
	row  int
	dist float32
}

// build computes W. Rows that are not finite listen to nobody and are heard by
// nobody.
func (a *affinity) build(cfg *Config, s *space) {
	n := s.unit.rows
	a.w = matrix{data: resized(a.w.data, n*n), rows: n, width: n}
	a.sparse = cfg.Affinity == KNN && !cfg.ForceSymmetry
	switch cfg.Affinity {
	case Linear:
		s.dots(a.w)
		a.selfLinear(s)
	case KNN:
		s.distances(a.w)
		a.knn(cfg, s)
	default:
		s.distances(a.w)
		a.rbf(cfg, s)
	}
	a.isolate(s)
	if cfg.ForceSymmetry {
		a.symmetrize()
	}
}

// selfLinear puts the exact 1 on the diagonal that unit rows have; a zero row's
// product with itself is 0.
func (a *affinity) selfLinear(s *space) {
	for i := range a.w.rows {
		if !s.zero[i] {
			a.w.row(i)[i] = 1
		}
	}
}

// rbf turns squared distances into exp(-d^2/(2 sigma^2)).
func (a *affinity) rbf(cfg *Config, s *space) {
	sigma := a.bandwidth(cfg.Neighbors, s)
	for i := range a.w.rows {
		row := a.w.row(i)
		for j, d2 := range row {
			switch {
			case j == i:
				row[j] = 1
			case sigma >= 1e-12:
				row[j] = float32(math.Exp(-float64(d2) / (2 * sigma * sigma)))
			case d2 == 0: // all rows are equal, or nearly: only equal ones are alike
				row[j] = 1
			default:
				row[j] = 0
			}
		}
	}
}

// bandwidth is the mean over rows of the distance to the k-th nearest row, the
// row itself counted as the first.
func (a *affinity) bandwidth(k int, s *space) float64 {
	n := s.company()
	k = min(k, n)
	sum := 0.0
	for i := range a.w.rows {
		if s.alone[i] {
			continue
		}
		near := a.nearest(i, k, func(j int) bool { return s.alone[j] })
		sum += math.Sqrt(float64(near[k-1].dist))
	}
	return sum / float64(max(n, 1))
}

// knn turns squared distances into 1 for the k nearest others and 0 else. A row
// without a direction has no neighbours. The published code instead takes k+1
// rows, itself included, and drops the first of them, which among equal rows may
// be another than itself.
func (a *affinity) knn(cfg *Config, s *space) {
	n := s.company()
	for i := range a.w.rows {
		row := a.w.row(i)
		var near []neighbor
		switch {
		case s.alone[i]:
		case cfg.ReferenceExact:
			near = a.nearest(i, min(cfg.Neighbors+1, n), func(j int) bool { return s.alone[j] })[1:]
		case !s.zero[i]:
			near = a.nearest(i, min(cfg.Neighbors, n-1), func(j int) bool { return j == i || s.alone[j] })
		}
		clear(row)
		for _, m := range near {
			row[m.row] = 1
		}
	}
}

// nearest returns the k nearest rows to row i, nearest first, ties to the lower
// index, without those to be skipped. The result is good until the next call.
func (a *affinity) nearest(i, k int, skip func(j int) bool) []neighbor {
	near := a.near[:0]
	for j, d := range a.w.row(i) {
		if len(near) == k && (k == 0 || d >= near[k-1].dist) || skip(j) {
			continue
		}
		if len(near) < k {
			near = append(near, neighbor{})
		}
		at := len(near) - 1
		for ; at > 0 && near[at-1].dist > d; at-- {
			near[at] = near[at-1]
		}
		near[at] = neighbor{j, d}
	}
	a.near = near
	return near
}

// isolate cuts off the rows that are not finite.
func (a *affinity) isolate(s *space) {
	for i, alone := range s.alone {
		if !alone {
			continue
		}
		clear(a.w.row(i))
		for j := range a.w.rows {
			a.w.row(j)[i] = 0
		}
	}
}

func (a *affinity) symmetrize() {
	for i := range a.w.rows {
		for j := range i {
			v := (a.w.row(i)[j] + a.w.row(j)[i]) / 2
			a.w.row(i)[j], a.w.row(j)[i] = v, v
		}
	}
}

// times writes W z into out.
func (a *affinity) times(out, z matrix) {
	for i := range out.rows {
		dst := out.row(i)
		clear(dst)
		if a.sparse {
			addSparse(dst, a.w.row(i), z)
		} else {
			addDense(dst, a.w.row(i), z)
		}
	}
}

func addSparse(dst, weights []float32, z matrix) {
	for j, w := range weights {
		if w == 0 {
			continue
		}
		for k, v := range z.row(j) {
			dst[k] += w * v
		}
	}
}

// addDense takes four rows of z at a time, which reads and writes dst a quarter
// as often.
func addDense(dst, weights []float32, z matrix) {
	j := 0
	for ; j+4 <= len(weights); j += 4 {
		w0, w1, w2, w3 := weights[j], weights[j+1], weights[j+2], weights[j+3]
		z0, z1, z2, z3 := z.row(j)[:len(dst)], z.row(j + 1)[:len(dst)], z.row(j + 2)[:len(dst)], z.row(j + 3)[:len(dst)]
		for k := range dst {
			dst[k] += w0*z0[k] + w1*z1[k] + w2*z2[k] + w3*z3[k]
		}
	}
	for ; j < len(weights); j++ {
		for k, v := range z.row(j) {
			dst[k] += weights[j] * v
		}
	}
}
