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
	weights, p := make([]float64, len(source)), make([]float64, len(source))
	for steps < most {
		quotients(weights, prior, source)
		next := make([]float64, len(source))
		for _, row := range probs {
			copy(p, row)
			if posterior(p, weights) {
				add(next, p)
			}
		}
		steps++
		if sum(next) == 0 {
			break // no row says anything
		}
		floorInPlace(next, 0)
		settled := distance(next, prior) < tolerance
		if prior = next; settled {
			break
		}
	}
	return prior, steps
}

func add(dst, p []float64) {
	for k, v := range p {
		dst[k] += v
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
