package labelshift

import "math"

// ratioOf returns (target/source)^tau by class, both priors floored, each
// quotient clipped to [1/limit, limit] before the power; limit 0 is none.
func ratioOf(target, source []float64, tau, limit float64) []float64 {
	t, s := floored(target, priorFloor), floored(source, priorFloor)
	ratio := make([]float64, len(t))
	for k := range ratio {
		ratio[k] = math.Pow(clipped(t[k]/s[k], limit), tau)
	}
	return ratio
}

func clipped(ratio, limit float64) float64 {
	if limit == 0 {
		return ratio
	}
	return math.Min(math.Max(ratio, 1/limit), limit)
}

// applyRatio multiplies a row of probabilities by a ratio and scales it to sum to
// 1 again. A row that is not finite stays as it is.
func applyRatio(row []float32, ratio []float64) {
	total := 0.0
	for k, v := range row {
		total += float64(v) * ratio[k]
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return
	}
	for k, v := range row {
		row[k] = float32(float64(v) * ratio[k] / total)
	}
}
