package fit

import (
	"math"
	"math/rand/v2"
)

// family draws the target priors an adapter is trained for.
type family struct {
	source []float64
	rng    *rand.Rand
	// balanced is set where all classes of the source are equally frequent; the
	// one-parameter family is then a single point.
	balanced bool
}

// leastShare, over the number of classes, is how rare a drawn class may be: what
// the strategy's floor keeps classes at when it serves.
const leastShare = 1e-4

func newFamily(source []float64, rng *rand.Rand) *family {
	f := &family{source: source, rng: rng, balanced: true}
	for _, p := range source {
		f.balanced = f.balanced && math.Abs(p*float64(len(source))-1) < 0.05
	}
	return f
}

// draw returns a prior: the source's shares to the power s, s uniform in [-1,1] (1
// is the source itself, 0 equal shares, -1 the source upside down), or, for a
// balanced source, any prior, all equally likely.
func (f *family) draw() []float64 {
	if f.balanced {
		p := make([]float64, len(f.source))
		for k := range p {
			p[k] = f.rng.ExpFloat64()
		}
		return shares(p)
	}
	return power(f.source, 2*f.rng.Float64()-1)
}

// power is proportional to source^s.
func power(source []float64, s float64) []float64 {
	p := make([]float64, len(source))
	for k, v := range source {
		p[k] = math.Pow(v, s)
	}
	return shares(p)
}

// shares scales p to sum to 1 with no share too small.
func shares(p []float64) []float64 {
	for range 2 {
		total := 0.0
		for _, v := range p {
			total += v
		}
		for k := range p {
			p[k] = math.Max(p[k]/total, leastShare/float64(len(p)))
		}
	}
	return p
}

// offset is what the generalized logit-adjusted loss adds to logits that are meant
// for a target prior: it takes them back to the source, whose labels there are.
func offset(source, target []float64, tau float64) []float32 {
	out := make([]float32, len(source))
	for k := range out {
		out[k] = float32(tau * (math.Log(source[k]) - math.Log(target[k])))
	}
	return out
}
