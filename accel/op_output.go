package accel

import (
	"fmt"
	"slices"
)

// PriorRatio moves probabilities to another prior: p [N K], ratio [K]. Every row is
// multiplied by the ratio and scaled to sum to 1 again; a row that is not finite or
// has nothing left stays as it is.
type PriorRatio struct{}

// LAME makes rows with similar features answer alike: features [N D], probabilities
// q [N K]; the rows z of the result minimize
//
//	sum_i KL(z_i || q_i) - sum_ij w_ij z_i.z_j
//
// by z <- softmax(log(q + 1e-10) + W z), for affinities w of the features at unit
// length (Boudiaf et al., CVPR 2022, arXiv 2201.05718). It stops when the energy
// moves by 1e-8 of itself or less, after three steps at the earliest, and where it
// does not settle takes the better of the last two.
//
// A single row comes back as it is, and so does one whose probabilities are not
// finite. Rows whose features are not finite hear nobody and are not heard.
type LAME struct {
	Affinity      Affinity
	Neighbors     int // that count as near, for rbf and knn; rbf counts the row itself
	MaxIterations int
	ForceSymmetry bool // average w_ij and w_ji
}

// Affinity is how similar two rows of unit length are.
type Affinity string

// Affinities.
const (
	AffinityRBF    Affinity = "rbf"    // Gaussian, as wide as the mean distance of the Neighbors-th row
	AffinityKNN    Affinity = "knn"    // 1 for the nearest Neighbors others, else 0
	AffinityLinear Affinity = "linear" // the cosine
)

// Affinities lists every affinity.
func Affinities() []Affinity { return []Affinity{AffinityRBF, AffinityKNN, AffinityLinear} }

// Kind names the operator.
func (PriorRatio) Kind() string { return "PriorRatio" }

// Kind names the operator.
func (LAME) Kind() string { return "LAME" }

// Infer returns the shape of p.
func (PriorRatio) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 2); err != nil {
		return nil, err
	}
	if len(in[0]) != 2 {
		return nil, fmt.Errorf("p %v is not [rows classes]", in[0])
	}
	if len(in[1]) != 1 || in[1][0] != in[0][1] {
		return nil, fmt.Errorf("ratio %v does not hold one value per class, want [%v]", in[1], in[0][1])
	}
	return one(in[0])
}

// Infer returns the shape of the probabilities.
func (l LAME) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 2); err != nil {
		return nil, err
	}
	if len(in[0]) != 2 || len(in[1]) != 2 || in[0][0] != in[1][0] {
		return nil, fmt.Errorf("features %v and probabilities %v are not [rows width] and [rows classes]", in[0], in[1])
	}
	if !slices.Contains(Affinities(), l.Affinity) {
		return nil, fmt.Errorf("no affinity is called %q", l.Affinity)
	}
	if l.Neighbors < 1 || l.MaxIterations < 1 || l.Neighbors > maxExtent || l.MaxIterations > maxExtent {
		return nil, fmt.Errorf("%d neighbors and %d iterations: both must be 1 or more", l.Neighbors, l.MaxIterations)
	}
	return one(in[1])
}
