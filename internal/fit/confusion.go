package fit

import (
	"ttad/tta"
	"ttad/tta/labelshift"
)

// Confusion counts what the model answers for each true class.
func Confusion(s *Source) (*labelshift.Confusion, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := s.checkClasses(); err != nil {
		return nil, err
	}
	c := &labelshift.Confusion{Version: labelshift.ConfusionVersion, Model: s.Graph.Digest, Rows: len(s.Labels)}
	for range s.Graph.Classes {
		c.Joint = append(c.Joint, make([]float64, s.Graph.Classes))
	}
	for i, y := range s.Labels {
		c.Joint[tta.Argmax(s.Logits.Row(i))][y] += 1 / float64(len(s.Labels))
	}
	return c, nil
}
