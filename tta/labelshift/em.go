package labelshift

import (
	"math"
	"slices"
)

// EM returns the prior that makes given rows of probabilities most likely,
// when they were made under the source prior and only the prior has moved: the
// fixed point of Saerens et al. 2002, to within 1e-9 or after 1,000 steps. The
// likelihood of the rows never falls from step to step.
//
// Few rows run to a vertex, a single one puts everything on one class: give ten
// rows a class or more.
func EM(probs [][]float64, source []float64) (prior []float64, steps int) {
	const (
		tolerance = 1e-9
		most      = 1000
	)
	source = floored(source, priorFloor)
	prior = slices.Clone(source)
	weights, next := make([]float64, len(source)), make([]float64, len(source))
	for steps < most {
		for k := range weights {
			weights[k] = prior[k] / source[k]
		}
		clear(next)
		for _, row := range probs {
			addPosterior(next, row, weights)
		}
		steps++
		if sum(next) == 0 {
			break // no row says anything
		}
		floorInPlace(next, 0)
		settled := distance(next, prior) < tolerance
		prior, next = next, prior
		if settled {
			break
		}
	}
	return prior, steps
}

// addPosterior adds a row of probabilities under other weights, scaled to sum to 1.
// One with no mass left counts for nothing.
func addPosterior(dst, row, weights []float64) {
	total := 0.0
	for k, v := range row {
		total += v * weights[k]
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return
	}
	scale := 1 / total
	for k, v := range row {
		dst[k] += v * weights[k] * scale
	}
}

// distance is the largest difference of an entry.
func distance(a, b []float64) float64 {
	d := 0.0
	for k := range a {
		d = math.Max(d, math.Abs(a[k]-b[k]))
	}
	return d
}
