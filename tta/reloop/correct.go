package reloop

import (
	"context"

	"ttad/accel"
	"ttad/errmem"
	"ttad/models"
	"ttad/tta"
)

// step is what the last Correct saw and Remember tells of it. It is scratch and
// no state: every Correct writes it anew.
type step struct {
	keys    []float32 // [rows width]
	given   []float32 // [rows classes]
	errors  []float32 // [rows classes]; zeros where nothing was assumed
	reading errmem.Reading
}

// Correct compensates each row for the error assumed of it. A row without
// neighbours keeps its bits, and so do all while the weight is 0.
func (s *Strategy) Correct(_ context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	s.look(out.Features, probs, b.Rows)
	if !s.search.read(b.Rows, &s.step.reading) {
		s.memory.Read(s.step.keys, b.Rows, &s.step.reading)
	}
	weight := s.weight()
	for i := range b.Rows {
		e := s.assume(i)
		if w := weight * s.supported(i); w > 0 && e != nil {
			compensate(probs.Row(i), e, w)
		}
	}
	return nil
}

// look copies the batch's keys and given probabilities.
func (s *Strategy) look(features, probs *accel.Tensor, rows int) {
	st := &s.step
	st.keys, st.given = st.keys[:0], append(st.given[:0], probs.Data...)
	for i := range rows {
		st.keys = append(st.keys, features.Row(i)[:s.width]...)
	}
	if cap(st.errors) < len(st.given) {
		st.errors = make([]float32, len(st.given))
	}
	st.errors = st.errors[:len(st.given)]
	clear(st.errors)
}

// assume works out the error of row i; nil where there is nothing to go by.
func (s *Strategy) assume(i int) []float32 {
	r, k := &s.step.reading, s.classes
	q := s.step.given[i*k : (i+1)*k]
	if r.Support[i] == 0 || !finite(q) {
		return nil
	}
	var base []float32
	if s.cfg.Gamma < 1 {
		base = r.BaseMean[i*k : (i+1)*k]
	}
	e := s.step.errors[i*k : (i+1)*k]
	residual(e, q, r.LabelMean[i*k:(i+1)*k], base, float32(s.cfg.Gamma))
	return e
}

// supported is n/(n + prior_count) for the n neighbours of row i.
func (s *Strategy) supported(i int) float64 {
	n := float64(s.step.reading.Support[i])
	if n == 0 {
		return 0
	}
	return n / (n + s.cfg.PriorCount)
}

// weight is how much of an assumed error is compensated now.
func (s *Strategy) weight() float64 {
	if !s.cfg.AdaptWeight {
		return s.cfg.Weight
	}
	return min(s.trust.weight(), s.cfg.Weight) * s.intake.diversity()
}
