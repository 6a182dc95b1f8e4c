package bnstats

import "math"

// Distance compares two sets of moments: the symmetric Kullback-Leibler
// divergence of the two Gaussians, per channel, averaged over channels,
//
//	KL(a||b) + KL(b||a) = (va + d^2)/(2 vb) + (vb + d^2)/(2 va) - 1,  d = difference of the means.
//
// eps is added to both variances, as the normalization does, so that a dead
// channel does not decide everything. It is 0 for equal moments, symmetric, in
// nats, and unchanged when both sets are scaled and shifted alike (up to eps).
// Channels that are not finite are left out; with none left it is NaN.
func Distance(a, b Moments, eps float64) float64 {
	same(a, b)
	sum, n := 0.0, 0
	for c := range a.Mean {
		d := float64(a.Mean[c]) - float64(b.Mean[c])
		va, vb := float64(a.Var[c])+eps, float64(b.Var[c])+eps
		kl := ((va+d*d)/vb+(vb+d*d)/va)/2 - 1
		if math.IsNaN(kl) || math.IsInf(kl, 0) {
			continue
		}
		sum += max(kl, 0)
		n++
	}
	return sum / float64(n)
}
