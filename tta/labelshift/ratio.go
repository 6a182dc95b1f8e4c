package labelshift

import (
	"math"

	"ttad/accel/dense"
)

// ratioOf writes (target/source)^tau by class into dst, both priors floored, each
// quotient clipped to [1/limit, limit] before the power; limit 0 is none.
func ratioOf(dst []float32, target, source []float64, tau, limit float64) {
	t, s := sum(target), sum(source)
	targets, sources := 0.0, 0.0 // once floored
	for k := range dst {
		targets += math.Max(target[k]/t, priorFloor)
		sources += math.Max(source[k]/s, priorFloor)
	}
	for k := range dst {
		q := math.Max(target[k]/t, priorFloor) / targets / (math.Max(source[k]/s, priorFloor) / sources)
		dst[k] = float32(power(clipped(q, limit), tau))
	}
}

// power is q^tau; the usual tau needs no logarithm.
func power(q, tau float64) float64 {
	if tau == 1 {
		return q
	}
	return math.Pow(q, tau)
}

func clipped(ratio, limit float64) float64 {
	if limit == 0 {
		return ratio
	}
	return math.Min(math.Max(ratio, 1/limit), limit)
}

// posterior multiplies a row of probabilities by a ratio and scales it to sum to 1
// again; moved is scratch. It reports whether it could: a row that is not finite, or
// has nothing left, stays as it is.
func posterior(m *dense.Math, row, ratio, moved []float32) bool {
	m.Mul(moved, row, ratio)
	total := m.Sum(moved)
	if !(total > 0) || math.IsInf(total, 0) {
		return false
	}
	m.MulScalar(row, moved, float32(1/total))
	return true
}
