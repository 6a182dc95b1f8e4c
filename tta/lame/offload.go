package lame

import (
	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// Offload is accel.LAME, but for the published code's own treatment of equal rows.
func (s *Strategy) Offload() (tta.Offload, bool) {
	op := accel.LAME{
		Affinity: accel.Affinity(s.cfg.Affinity), Neighbors: s.cfg.Neighbors,
		MaxIterations: s.cfg.MaxIterations, ForceSymmetry: s.cfg.ForceSymmetry,
	}
	return tta.Offload{Op: op, Features: true, MaxRows: maxOffloaded}, !s.cfg.ReferenceExact
}

// maxOffloaded bounds the batches a device adjusts: it iterates in one group, which
// larger ones would keep busy for longer than the host is.
const maxOffloaded = 256

// Given refuses batches that pass unchanged.
func (s *Strategy) Given(b *tta.Batch) ([][]float32, bool) {
	return nil, b.Rows > 1 && b.Rows >= s.cfg.MinRows
}

// Adopt takes the device's answer, unless it costs too much diversity.
func (s *Strategy) Adopt(_ *tta.Batch, out *models.Output, probs, made *accel.Tensor) error {
	q, z := rowsOf(probs, 0, probs.Rows()), rowsOf(made, 0, made.Rows())
	if s.cfg.MinDiversity > 0 {
		a := &s.affinity.space
		a.set(rowsOf(out.Features, 0, probs.Rows()), q)
		if a.others > 0 && diversity(z, a) < s.cfg.MinDiversity*diversity(q, a) {
			return nil
		}
	}
	copy(probs.Data, made.Data)
	return nil
}
