package vector

import "math"

// Entropy is minus the sum of p*ln p, in nats, with 0*ln 0 = 0, to within 1e-6 of
// the larger of it and 1. The values of p are not negative; where one is not a
// number the result may be any.
func (f Family) Entropy(p []float32) float64 {
	if f.entropy == nil {
		return goEntropy(p)
	}
	return f.entropy(p)
}

func goEntropy(p []float32) float64 {
	h := 0.0
	for _, v := range p {
		if v > 0 {
			h -= float64(v) * math.Log(float64(v))
		}
	}
	return h
}
