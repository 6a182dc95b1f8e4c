package reloop

import "ttad/tta"

// Readings tell how many labelled rows are remembered and how much of the error
// they suggest is compensated now. With adapt_weight they also tell the two that
// weight is made of: the one that fits past labels, and the part of it that is left
// while labels are of too few classes.
func (s *Strategy) Readings() []tta.Reading {
	out := []tta.Reading{
		{Name: "memory_rows", Class: -1, Value: float64(s.memory.Len())},
		{Name: "weight", Class: -1, Value: s.weight()},
	}
	if s.cfg.AdaptWeight {
		out = append(out,
			tta.Reading{Name: "learned_weight", Class: -1, Value: s.trust.weight()},
			tta.Reading{Name: "label_diversity", Class: -1, Value: s.intake.diversity()})
	}
	return out
}

var _ tta.Reader = (*Strategy)(nil)
