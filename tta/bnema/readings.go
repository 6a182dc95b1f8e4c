package bnema

import (
	"ttad/bnstats"
	"ttad/tta"
)

// Readings tell how many batches the running estimate holds, and how far it is from
// the source statistics: the divergence of bnstats.Distance, averaged over the norm
// nodes it is used for.
func (s *Strategy) Readings() []tta.Reading {
	distance, nodes := 0.0, 0
	for i, node := range s.norms {
		if s.chosen[i] {
			distance += bnstats.Distance(s.running[i], node.Source, float64(node.Eps))
			nodes++
		}
	}
	return []tta.Reading{
		{Name: "merged_batches", Class: -1, Value: float64(s.merged)},
		{Name: "source_distance", Class: -1, Value: distance / float64(nodes)},
	}
}

var _ tta.Reader = (*Strategy)(nil)
