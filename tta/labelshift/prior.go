package labelshift

import "math"

// priorFloor is what priors are floored at where they are divided by or their
// logarithm is taken.
const priorFloor = 1e-8

// uniform is the prior of equally frequent classes.
func uniform(classes int) []float64 {
	p := make([]float64, classes)
	for k := range p {
		p[k] = 1 / float64(classes)
	}
	return p
}

// normalized returns weights scaled to sum to 1. Their sum must be positive.
func normalized(weights []float64) []float64 {
	return floored(weights, 0)
}

// floored returns a prior with no class below floor times the sum, scaled to sum
// to 1 again.
func floored(p []float64, floor float64) []float64 {
	out := make([]float64, len(p))
	copy(out, p)
	floorInPlace(out, floor)
	return out
}

func floorInPlace(p []float64, floor float64) {
	total := sum(p)
	for k := range p {
		p[k] = math.Max(p[k]/total, floor)
	}
	if floor == 0 {
		return
	}
	total = sum(p)
	for k := range p {
		p[k] /= total
	}
}

func sum(p []float64) float64 {
	s := 0.0
	for _, v := range p {
		s += v
	}
	return s
}

func finite(row []float32) bool {
	for _, v := range row {
		if v-v != 0 {
			return false
		}
	}
	return true
}
