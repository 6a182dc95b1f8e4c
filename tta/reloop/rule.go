package reloop

// residual writes the error assumed of a row that was given q and whose
// neighbours have labels on average and were given base on average. base is not
// looked at where gamma is 1. The values of e sum to 0.
func residual(e, q, labels, base []float32, gamma float32) {
	for k := range e {
		e[k] = labels[k] - q[k]
		if gamma < 1 {
			e[k] = gamma*e[k] + (1-gamma)*(labels[k]-base[k])
		}
	}
}

// compensate adds weight times e to the probabilities q in place; for two classes
// this is the paper's clamp to [0,1].
func compensate(q, e []float32, weight float64) {
	sum := 0.0
	for k, p := range q {
		sum += max(float64(p)+weight*float64(e[k]), 0)
	}
	scale := 1 / sum
	for k, p := range q {
		q[k] = float32(max(float64(p)+weight*float64(e[k]), 0) * scale)
	}
}

// finite reports whether no value is NaN or infinite.
func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}
