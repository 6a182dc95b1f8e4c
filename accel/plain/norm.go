package plain

import (
	"math"

	"ttad/accel"
)

// Normalized is what a norm step yields.
type Normalized struct {
	Y *accel.Tensor
	// Mean and Var are the batch moments of x per channel; Var is biased.
	Mean, Var []float32
	// MixedMean and MixedVar are the moments x was normalized with.
	MixedMean, MixedVar []float32
	// Fallbacks counts channels that used their source moments because those
	// of the batch were not finite.
	Fallbacks int
}

// Norm normalizes axis 1 of x by the rule. Alpha-BN is the Blend rule: You, Li
// and Zhao, arXiv 2110.04065, with the conventions of accel.NormRule.
func Norm(op accel.Norm, rule accel.NormRule, x, gamma, beta, mean, variance *accel.Tensor) Normalized {
	channels := x.Shape[1]
	out := Normalized{
		Y:    x.Clone(),
		Mean: make([]float32, channels), Var: make([]float32, channels),
		MixedMean: make([]float32, channels), MixedVar: make([]float32, channels),
	}
	// A weight of 1 is the source model itself, not arithmetic that comes close.
	source := rule.Mode == accel.NormSource || rule.Mode == accel.NormBlend && rule.SourceWeight == 1
	for c := range channels {
		values := channelOf(x, c)
		m := momentsOf(values)
		out.Mean[c], out.Var[c] = float32(m.mean), float32(m.variance)
		s := moments{float64(mean.Data[c]), float64(variance.Data[c])}
		used := s
		switch {
		case source:
		case rule.Mode == accel.NormGiven:
			used = moments{float64(rule.Mean[c]), float64(rule.Var[c])}
		case !m.finite():
			out.Fallbacks++
		default:
			used = mix(rule, s, m, len(values))
		}
		out.MixedMean[c], out.MixedVar[c] = float32(used.mean), float32(used.variance)
		if source && op.Virtual {
			continue
		}
		scale := float64(gamma.Data[c]) / math.Sqrt(used.variance+float64(op.Eps))
		for _, i := range values {
			out.Y.Data[i.at] = float32((i.value-used.mean)*scale + float64(beta.Data[c]))
		}
	}
	return out
}

// moments are a mean and a biased variance.
type moments struct{ mean, variance float64 }

// finite reports whether both still are numbers in the precision devices keep.
func (m moments) finite() bool {
	for _, v := range []float64{m.mean, m.variance} {
		if f := float64(float32(v)); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// mix combines source and batch moments of n values.
func mix(rule accel.NormRule, source, batch moments, n int) moments {
	w := float64(rule.SourceWeight)
	v := batch.variance
	if rule.Unbiased && n > 1 {
		v *= float64(n) / float64(n-1)
	} else if rule.Unbiased {
		v = source.variance
	}
	mixed := moments{w*source.mean + (1-w)*batch.mean, w*source.variance + (1-w)*v}
	if rule.Pool {
		between := source.mean - batch.mean
		mixed.variance += w * (1 - w) * between * between
	}
	return mixed
}

// element is a value of a channel and where it lies.
type element struct {
	value float64
	at    int
}

func channelOf(x *accel.Tensor, c int) []element {
	var out []element
	each(x.Shape, func(at []int, flat int) {
		if at[1] == c {
			out = append(out, element{float64(x.Data[flat]), flat})
		}
	})
	return out
}

// momentsOf takes two passes, so that a large mean costs the variance nothing.
func momentsOf(values []element) moments {
	n, sum := float64(len(values)), 0.0
	for _, e := range values {
		sum += e.value
	}
	m := moments{mean: sum / n}
	for _, e := range values {
		m.variance += (e.value - m.mean) * (e.value - m.mean)
	}
	m.variance /= n
	return m
}
