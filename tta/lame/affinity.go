package lame

import (
	"math"

	"ttad/accel/dense"
)

// affinity is the matrix W of a block: how much each row listens to every other.
type affinity struct {
	pairs
	ranks
	// w has what row i gives row j its ear by at (j, i): columns are listeners, as
	// products with rows of probabilities by class want it. Until W is there it has
	// what W is made of, for pairs of rows.
	w      dense.Panels
	sparse bool    // W is in heard alone, all else being 0
	heard  []int32 // whom each row listens to with weight 1, one row after the other
	ends   []int   // where a row's part of heard ends
}

// few is how many weights a product of matrices goes through in each of its lanes
// while one that is not 0 is looked up: where fewer are not 0, the product is slower.
const few = 4

// build computes W for the rows of the space. Rows that are not finite listen to
// nobody and are heard by nobody.
func (a *affinity) build(cfg *Config) {
	n := a.unit.Rows
	a.w = a.math.Panels(a.w.Data, n, n)
	a.sparse = false
	switch cfg.Affinity {
	case Linear:
		a.dots(&a.w)
		a.selfLinear()
		a.isolate(0)
	case KNN:
		a.measure()
		a.knn(cfg)
	default:
		a.measure()
		a.rbf(cfg)
	}
}

// measure fills w with the halves of all pairs; those with rows that are not finite
// are infinitely far apart.
func (a *affinity) measure() {
	a.halves(&a.w)
	a.isolate(float32(math.Inf(-1)))
}

// selfLinear puts the exact 1 on the diagonal that unit rows have; a zero row's
// product with itself is 0.
func (a *affinity) selfLinear() {
	for i, zero := range a.zero {
		if !zero {
			*a.w.At(i, i) = 1
		}
	}
}

// rbf turns halved negative squared distances into exp(-d^2/(2 sigma^2)).
func (a *affinity) rbf(cfg *Config) {
	if sigma := a.bandwidth(cfg.Neighbors); sigma >= 1e-12 {
		for i := range a.w.Count() {
			half := a.w.Upper(i)
			a.math.MulScalar(half, half, float32(1/(sigma*sigma)))
			a.math.Exp(half, half)
		}
		a.math.Mirror(&a.w)
		return
	}
	for i, h := range a.w.Data { // all rows are equal, or nearly: only equal ones are alike
		a.w.Data[i] = 0
		if h == 0 {
			a.w.Data[i] = 1
		}
	}
}

// bandwidth is the mean over rows of the distance to the k-th nearest row, the
// row itself counted as the first.
func (a *affinity) bandwidth(k int) float64 {
	k = min(k, a.others)
	a.rank(k)
	sum := 0.0
	for i, h := range a.halvesOf(k - 1) {
		if !a.alone[i] {
			sum += math.Sqrt(-2 * float64(h))
		}
	}
	return sum / float64(max(a.others, 1))
}

// knn lists the k nearest others of every row. Where they are not few among all,
// W is written out, as it is where listening is to be mutual.
func (a *affinity) knn(cfg *Config) {
	a.heard, a.ends = a.heard[:0], a.ends[:0]
	k := min(cfg.Neighbors+1, a.others) // the row itself among them
	a.rank(k)
	for i := range a.alone {
		for _, m := range a.neighbors(cfg, i, k) {
			a.heard = append(a.heard, int32(m.row))
		}
		a.ends = append(a.ends, len(a.heard))
	}
	a.sparse = !cfg.ForceSymmetry && len(a.heard)*few*a.math.Lanes < a.unit.Rows*a.unit.Rows
	if a.sparse {
		return
	}
	clear(a.w.Data)
	for i := range a.ends {
		for _, j := range a.listens(i) {
			*a.w.At(int(j), i) = 1
		}
	}
	if cfg.ForceSymmetry {
		a.symmetrize()
	}
}

// neighbors are those row i listens to, of its k nearest. A row without a direction
// has none. The published code drops the first of the k, which among equal rows may
// be another than row i.
func (a *affinity) neighbors(cfg *Config, i, k int) []neighbor {
	switch {
	case a.alone[i]:
		return nil
	case cfg.ReferenceExact:
		return a.nearest(i, k, a.half(k-1, i), none)[1:]
	case a.zero[i]:
		return nil
	}
	return a.nearest(i, k-1, a.half(k-1, i), i)
}

// listens is whom row i listens to, by knn.
func (a *affinity) listens(i int) []int32 {
	start := 0
	if i > 0 {
		start = a.ends[i-1]
	}
	return a.heard[start:a.ends[i]]
}

// isolate writes value wherever a row takes part that is not finite.
func (a *affinity) isolate(value float32) {
	for i, alone := range a.alone {
		if !alone {
			continue
		}
		for j := range a.alone {
			*a.w.At(i, j), *a.w.At(j, i) = value, value
		}
	}
}

func (a *affinity) symmetrize() {
	for i := range a.w.Rows {
		for j := range i {
			x, y := a.w.At(i, j), a.w.At(j, i)
			v := (*x + *y) / 2
			*x, *y = v, v
		}
	}
}

// times writes into out what every row hears: W z, with a row for each class and a
// column for each row of the batch.
func (a *affinity) times(out, z dense.Matrix) {
	if !a.sparse {
		p := dense.Product{Left: z, Right: &a.w}
		p.Into(out)
		a.math.Multiply(&p)
		return
	}
	for class := range z.Rows {
		from, to := z.Row(class), out.Row(class)
		start := 0
		for i, end := range a.ends {
			sum := float32(0)
			for _, j := range a.heard[start:end] {
				sum += from[j]
			}
			to[i], start = sum, end
		}
	}
}
