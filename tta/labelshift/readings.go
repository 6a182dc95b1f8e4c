package labelshift

import (
	"math"

	"ttad/tta"
)

// Readings tell the estimated prior by class, and how far it is from the source's:
// their total-variation distance, 0 for the same and 1 for no class in common.
func (s *Strategy) Readings() []tta.Reading {
	shift := 0.0
	for k, now := range s.estimate.now {
		shift += math.Abs(now-s.estimate.source[k]) / 2
	}
	out := []tta.Reading{{Name: "prior_shift", Class: -1, Value: shift}}
	for k, share := range s.estimate.now {
		out = append(out, tta.Reading{Name: "prior", Class: k, Value: share})
	}
	return out
}

var _ tta.Reader = (*Strategy)(nil)
