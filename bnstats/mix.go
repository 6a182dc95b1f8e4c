package bnstats

import "math"

// Blend mixes means and variances linearly, w the weight of the source:
//
//	mean = w*s + (1-w)*b        variance = w*s + (1-w)*b
//
// The result's count is not known. w outside [0,1] panics.
func Blend(w float64, source, batch Moments) Moments {
	return mix(w, source, batch, 0)
}

// Pool returns the moments of a mixture of two populations in the shares w and
// 1-w: Blend, plus w(1-w)(difference of the means)^2 in the variance.
func Pool(w float64, source, batch Moments) Moments {
	return mix(w, source, batch, w*(1-w))
}

func mix(w float64, s, b Moments, between float64) Moments {
	same(s, b)
	if !(w >= 0 && w <= 1) {
		panic("bnstats: the weight of the source lies outside [0,1]")
	}
	out := New(len(s.Mean))
	for c := range s.Mean {
		ms, mb := float64(s.Mean[c]), float64(b.Mean[c])
		out.Mean[c] = float32(w*ms + (1-w)*mb)
		out.Var[c] = float32(w*float64(s.Var[c]) + (1-w)*float64(b.Var[c]) + between*(ms-mb)*(ms-mb))
	}
	return out
}

// EMA moves running estimates a step of the given momentum toward a batch, in
// place: running <- (1-momentum)*running + momentum*batch. A channel whose batch
// moments are not finite stays where it is.
func EMA(running *Moments, batch Moments, momentum float64) {
	same(*running, batch)
	for c := range batch.Mean {
		if !isFinite(batch.Mean[c]) || !isFinite(batch.Var[c]) {
			continue
		}
		running.Mean[c] = float32((1-momentum)*float64(running.Mean[c]) + momentum*float64(batch.Mean[c]))
		running.Var[c] = float32((1-momentum)*float64(running.Var[c]) + momentum*float64(batch.Var[c]))
	}
}

func isFinite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// Unbiased returns the variance of channel c over Count-1. It is NaN when the
// count is not known or a single value.
func (m Moments) Unbiased(c int) float32 {
	if m.Count <= 1 {
		return float32(math.NaN())
	}
	return float32(float64(m.Var[c]) * m.Count / (m.Count - 1))
}

// Biased is the inverse of Unbiased: it turns a variance over count-1 into one
// over count.
func Biased(unbiased float32, count float64) float32 {
	return float32(float64(unbiased) * (count - 1) / count)
}
