package ttatest

import (
	"math"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/models"
)

// Normalize applies one norm node to x [rows channels positions] under a rule, in
// float64 throughout and with the textbook formula. It returns the result and the
// batch's moments. It is what devices must agree with in tests of strategies.
func Normalize(x []float32, rows int, n models.NormNode, gamma, beta []float32, rule accel.NormRule) ([]float32, bnstats.Moments) {
	batch := bnstats.Accumulate(x, rows, n.Channels, n.Positions)
	y := make([]float32, len(x))
	for c := range n.Channels {
		if n.Virtual && rule.Mode == accel.NormSource {
			eachAt(rows, n, c, func(i int) { y[i] = x[i] })
			continue
		}
		mean, v := momentsUnder(x, rows, n, c, rule)
		scale := float64(gamma[c]) / math.Sqrt(v+float64(n.Eps))
		eachAt(rows, n, c, func(i int) {
			y[i] = float32((float64(x[i])-mean)*scale + float64(beta[c]))
		})
	}
	return y, batch
}

// eachAt calls f with the index of every value of a channel.
func eachAt(rows int, n models.NormNode, channel int, f func(i int)) {
	for r := range rows {
		for p := range n.Positions {
			f((r*n.Channels+channel)*n.Positions + p)
		}
	}
}

func momentsUnder(x []float32, rows int, n models.NormNode, c int, rule accel.NormRule) (mean, variance float64) {
	ms, vs := float64(n.Source.Mean[c]), float64(n.Source.Var[c])
	switch rule.Mode {
	case accel.NormGiven:
		return float64(rule.Mean[c]), float64(rule.Var[c])
	case accel.NormSource:
		return ms, vs
	}
	mb, vb := batchMoments(x, rows, n, c, rule.Unbiased, vs)
	if math.IsNaN(mb+vb) || math.IsInf(mb+vb, 0) {
		return ms, vs
	}
	w := float64(rule.SourceWeight)
	mean, variance = w*ms+(1-w)*mb, w*vs+(1-w)*vb
	if rule.Pool {
		variance += w * (1 - w) * (ms - mb) * (ms - mb)
	}
	return mean, variance
}

func batchMoments(x []float32, rows int, n models.NormNode, c int, unbiased bool, source float64) (mean, variance float64) {
	count := float64(rows * n.Positions)
	eachAt(rows, n, c, func(i int) { mean += float64(x[i]) / count })
	eachAt(rows, n, c, func(i int) { variance += (float64(x[i]) - mean) * (float64(x[i]) - mean) })
	switch {
	case !unbiased:
		return mean, variance / count
	case count == 1:
		return mean, source
	default:
		return mean, variance / (count - 1)
	}
}
