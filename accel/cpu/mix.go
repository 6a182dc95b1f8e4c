package cpu

import (
	"math"

	"ttad/accel"
)

// mixStep decides how each channel of a norm is normalized, by the rule of the run:
// with the source moments, the batch's, some of both, or given ones.
type mixStep struct {
	*norm
	op                          accel.Norm
	gamma, beta, mean, variance accel.ValueID
	shape                       accel.Shape // of what is normalized
}

func (b *planner) newMix(op mixOp, n *node) *mixStep {
	x := b.p.Steps[n.step].In[0]
	return &mixStep{
		norm: &b.norms[n.norm], op: op.Norm, shape: b.p.Values[x].Shape,
		gamma: n.in[0], beta: n.in[1], mean: n.in[2], variance: n.in[3],
	}
}

func (s *mixStep) needs(int) needs { return needs{} }

func (s *mixStep) run(f *frame) error {
	measured := s.measured(f)
	if measured {
		s.addChunks(f)
	}
	n := s.shape[0].At(f.rows) * elements(s.shape[2:], f.rows)
	mean, factor, shift := s.normalization(f)
	for c := range s.channels {
		used := s.source(f, c)
		if measured {
			used = s.blended(f, c, n)
		}
		if rule := &f.norms[s.number]; rule.Mode == accel.NormGiven {
			used = moments{float64(rule.Mean[c]), float64(rule.Var[c])}
		}
		mean[c] = float32(used.mean)
		factor[c] = float32(float64(f.data[s.gamma][c]) / math.Sqrt(used.variance+float64(s.op.Eps)))
		shift[c] = f.data[s.beta][c]
	}
	return nil
}

// addChunks adds the sums of all chunks to those of the first, in their order:
// whoever computed them, the result is the same.
func (s *mixStep) addChunks(f *frame) {
	total, _ := s.chunkSums(f, 0)
	for i := 1; i < s.chunksOf(f.rows); i++ {
		next, _ := s.chunkSums(f, i)
		for c := range s.channels {
			total.sum[c] += next.sum[c]
			total.squares[c] += next.squares[c]
		}
	}
}

func (s *mixStep) source(f *frame, c int) moments {
	return moments{float64(f.data[s.mean][c]), float64(f.data[s.variance][c])}
}

// blended keeps the moments of the batch, of n values a channel, where they are
// wanted, and mixes them with the source's if the rule says so.
func (s *mixStep) blended(f *frame, c, n int) moments {
	rule, source, batch := &f.norms[s.number], s.source(f, c), s.batchMoments(f, c, n)
	if kept := f.kept[s.number]; kept != nil {
		kept[c], kept[s.channels+c] = float32(batch.mean), float32(batch.variance)
	}
	if rule.Mode == accel.NormBlend && !isSource(rule) && batch.finite() {
		return blend(rule, source, batch, n)
	}
	return source
}

func (s *mixStep) batchMoments(f *frame, c, n int) moments {
	total, _ := s.chunkSums(f, 0)
	mean := total.sum[c] / float64(n)
	// Rounding may leave a spread of nothing a little below it; NaN stays NaN.
	return moments{mean, max(total.squares[c]/float64(n)-mean*mean, 0)}
}

// moments are a mean and a biased variance.
type moments struct{ mean, variance float64 }

func (m moments) finite() bool { return finite(float32(m.mean)) && finite(float32(m.variance)) }

// blend combines source and batch moments of n values.
func blend(rule *accel.NormRule, source, batch moments, n int) moments {
	w := float64(rule.SourceWeight)
	v := batch.variance
	switch {
	case rule.Unbiased && n == 1:
		v = source.variance
	case rule.Unbiased:
		v *= float64(n) / float64(n-1)
	}
	out := moments{w*source.mean + (1-w)*batch.mean, w*source.variance + (1-w)*v}
	if rule.Pool {
		between := source.mean - batch.mean
		out.variance += w * (1 - w) * between * between
	}
	return out
}
