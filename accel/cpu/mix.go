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
	waits                       bool // for moments of the batch
	gamma, beta, mean, variance accel.ValueID
	shape                       accel.Shape // of what is normalized
	undo                        []float64   // what its channels come multiplied by, nil for nothing
}

func (b *planner) newMix(op mixOp, n *node) *mixStep {
	x := b.p.Steps[n.step].In[0]
	return &mixStep{
		norm: &b.norms[n.norm], op: op.Norm, waits: op.waits, shape: b.p.Values[x].Shape,
		undo: n.undo, gamma: n.in[0], beta: n.in[1], mean: n.in[2], variance: n.in[3],
	}
}

func (s *mixStep) needs(int) needs { return needs{} }

func (s *mixStep) run(f *frame) error {
	rule, n := &f.norms[s.number], s.channels
	mean, factor, shift := s.normalization(f)
	variance := factor // until it is needed no more
	copy(mean[:n], f.data[s.mean])
	copy(variance[:n], f.data[s.variance])
	copy(shift[:n], f.data[s.beta])
	if s.waits && s.measured(f) {
		s.addChunks(f)
		s.mix(f, rule, mean, variance)
	}
	if rule.Mode == accel.NormGiven {
		copy(mean, rule.Mean)
		copy(variance, rule.Var)
	}
	eps := float64(s.op.Eps)
	for c, gamma := range f.data[s.gamma][:n] {
		factor[c] = float32(float64(gamma) / math.Sqrt(float64(variance[c])+eps))
	}
	for c, by := range s.undo {
		mean[c] = float32(float64(mean[c]) * by)
		factor[c] = float32(float64(factor[c]) / by)
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
	for c, by := range s.undo {
		total.sum[c] /= by
		total.squares[c] /= by * by
	}
}

// mix keeps the moments of the batch where they are wanted, and mixes them with the
// source's, which mean and variance hold, if the rule says so. A channel whose
// batch is not finite stays with the source.
func (s *mixStep) mix(f *frame, rule *accel.NormRule, mean, variance []float32) {
	n := s.shape[0].At(f.rows) * elements(s.shape[2:], f.rows)
	total, _ := s.chunkSums(f, 0)
	kept, by := f.kept[s.number], newBlend(rule, n)
	blends := rule.Mode == accel.NormBlend && !isSource(rule)
	for c := range s.channels {
		batch := meanOf(total.sum[c], total.squares[c], float64(n))
		if kept != nil {
			kept[c], kept[s.channels+c] = float32(batch.mean), float32(batch.variance)
		}
		if blends && batch.finite() {
			mean[c], variance[c] = by.mixed(moments{float64(mean[c]), float64(variance[c])}, batch)
		}
	}
}

// meanOf makes moments of the sums of n values. Rounding may leave a spread of
// nothing a little below it; NaN stays NaN.
func meanOf(sum, squares, n float64) moments {
	mean := sum / n
	return moments{mean, max(squares/n-mean*mean, 0)}
}

// moments are a mean and a biased variance.
type moments struct{ mean, variance float64 }

func (m moments) finite() bool { return finite(float32(m.mean)) && finite(float32(m.variance)) }

// blend is what source and batch moments are multiplied by.
type blend struct{ source, sourceVariance, batch, batchVariance, between float64 }

// newBlend is the rule for a batch of n values a channel. A single value has no
// unbiased variance: then the source's counts alone.
func newBlend(rule *accel.NormRule, n int) blend {
	w := float64(rule.SourceWeight)
	b := blend{w, w, 1 - w, 1 - w, 0}
	switch {
	case rule.Unbiased && n == 1:
		b.sourceVariance, b.batchVariance = 1, 0
	case rule.Unbiased:
		b.batchVariance *= float64(n) / float64(n-1)
	}
	if rule.Pool {
		b.between = w * (1 - w)
	}
	return b
}

func (b *blend) mixed(source, batch moments) (mean, variance float32) {
	apart := source.mean - batch.mean
	return float32(b.source*source.mean + b.batch*batch.mean),
		float32(b.sourceVariance*source.variance + b.batchVariance*batch.variance + b.between*apart*apart)
}
