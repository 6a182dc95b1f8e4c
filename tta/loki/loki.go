// Package loki decides the class by geometry instead of argmax: where classes are
// points of a finite metric space, it answers with the Frechet mean of a row's
// probabilities,
//
//	class = argmin_c sum_k p_k * distance(k, c)^2,
//
// and leaves the probabilities alone. Candidates may include classes the model was
// never trained on, as long as their distances to the model's classes are known.
//
// Source: Roberts et al., Geometry-aware adaptation for pretrained models, NeurIPS
// 2023, arXiv 2307.12226.
//
// It fails on diffuse probabilities, which pull to the centre of the metric, and a
// wrong metric is worse than none.
package loki

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

//go:embed doc.md
var doc string

// Config has the strategy's parameters.
type Config struct {
	Distance     [][]float64 `yaml:"distance" doc:"Distances: a row for each of the model's classes, a column for each class that can be answered, the model's own first." range:"[0,1e6]" reload:"hot"`
	DistanceFile string      `yaml:"distance_file" doc:"Instead of distance: a file of comma-separated numbers, one line a row. Lines starting with # are left out." reload:"hot"`
	Classes      []string    `yaml:"classes" doc:"Names of the columns beyond the model's classes." reload:"hot"`
}

// Check holds the rules across fields.
func (c *Config) Check(report func(path, message string)) {
	switch {
	case len(c.Distance) > 0 && c.DistanceFile != "":
		report("distance_file", "distance and distance_file both give the metric; keep one of them")
	case len(c.Distance) == 0 && c.DistanceFile == "":
		report("distance", "a metric is needed: give distance, or distance_file")
	}
	for i, row := range c.Distance {
		if len(row) != len(c.Distance[0]) {
			report(fmt.Sprintf("distance[%d]", i), fmt.Sprintf("row of %d distances; the first has %d", len(row), len(c.Distance[0])))
		}
	}
}

// Strategy decides by one metric.
type Strategy struct {
	expect *expectation
	labels []string
}

// New builds the strategy.
func New(env tta.Env, cfg *Config) (*Strategy, error) {
	var problems []error
	cfg.Check(func(path, message string) { problems = append(problems, fmt.Errorf("%s: %s", path, message)) })
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	distance := cfg.Distance
	if cfg.DistanceFile != "" {
		var err error
		if distance, err = readFile(env.Dir, cfg.DistanceFile, env.Classes); err != nil {
			return nil, err
		}
	}
	if err := checkMetric(distance, env.Classes); err != nil {
		return nil, err
	}
	labels, err := labelsOf(env, cfg.Classes, len(distance[0]))
	if err != nil {
		return nil, err
	}
	expect, err := newExpectation(env.ISA, squares(distance))
	if err != nil {
		return nil, err
	}
	return &Strategy{expect: expect, labels: labels}, nil
}

// squares transposes the distances, so that a candidate's are in one row.
func squares(distance [][]float64) [][]float64 {
	out := make([][]float64, len(distance[0]))
	for c := range out {
		out[c] = make([]float64, len(distance))
		for k := range distance {
			out[c][k] = distance[k][c] * distance[k][c]
		}
	}
	return out
}

// Needs nothing from the forward but its logits.
func (s *Strategy) Needs() tta.Needs { return tta.Needs{} }

// Labels names the candidates, the model's classes first; nil when there are no
// others.
func (s *Strategy) Labels() []string { return s.labels }

// Decide writes the Frechet mean of every row and, as its score, minus the
// expected squared distance to it.
func (s *Strategy) Decide(_ context.Context, b *tta.Batch, _ *models.Output, probs *accel.Tensor, class []int32, score []float32) error {
	s.expect.all(probs)
	for i := range b.Rows {
		c, v := s.expect.least(i, probs.Row(i))
		class[i], score[i] = int32(c), float32(-v)
	}
	return nil
}

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:      "loki",
		Title:     "Loki",
		Summary:   "Decides the class by a metric between classes, so that near misses count less and unseen classes can be answered.",
		Doc:       doc,
		Citation:  "N. Roberts et al., Geometry-aware adaptation for pretrained models, NeurIPS 2023, arXiv:2307.12226",
		Place:     tta.PlaceDecision,
		NewConfig: func() any { return &Config{} },
		New:       func(env tta.Env, cfg any) (tta.Strategy, error) { return New(env, cfg.(*Config)) },
		Example:   "loki: {distance: [[0, 1, 2], [1, 0, 1], [2, 1, 0]]}",
	}
}
