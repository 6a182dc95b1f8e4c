// Package bnema normalizes with a running estimate of the target's statistics: it
// starts at the source statistics and moves toward each batch,
//
//	m <- (1-momentum)*m + momentum*m_batch
//
// for the mean and variance of every normalization node. By default the estimate
// left by earlier batches answers, in one forward, and the batch is merged after
// publishing. With reference_exact a first forward measures the batch under its
// own statistics, the estimate is moved, and a second forward answers with it.
//
// Sources: Schneider et al. 2020, arXiv 2006.16971; Nado et al. 2020, arXiv
// 2006.10963; the running variant as public test-time adaptation code has it.
//
// It fails on long stretches of one class, which drag the estimate to that class,
// and lags behind a sudden shift by about 1/momentum batches.
package bnema

import (
	"context"
	_ "embed"
	"fmt"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/models"
	"ttad/tta"
)

//go:embed doc.md
var doc string

// Words of Config.
const (
	Biased   = "biased"
	Unbiased = "unbiased"
)

// Config has the strategy's parameters.
type Config struct {
	Momentum       float64  `yaml:"momentum" doc:"Share of a batch in the running estimate; 0.1 forgets half of the past in about 7 batches." range:"(0,1]" reload:"hot" tune:"0.003,0.01,0.03,0.1,0.3"`
	BatchVariance  string   `yaml:"batch_variance" doc:"unbiased divides a batch's variance by n-1, as training frameworks do for running estimates; biased by n." enum:"unbiased,biased" reload:"hot"`
	MinRows        int      `yaml:"min_rows" doc:"Smaller batches are answered with the running estimate and not merged into it." range:"[1,65536]" reload:"hot"`
	ReferenceExact bool     `yaml:"reference_exact" doc:"Merge the batch before answering it, at the price of a second forward, as public implementations do." reload:"hot"`
	Exclude        []string `yaml:"exclude" doc:"Norm nodes to leave at their source statistics, by name; * stands for any text. 'ttad model FILE' lists the names." reload:"hot"`
	IncludeLogits  bool     `yaml:"include_logits" doc:"Also re-standardise the logits, where a calibration put a norm on them." reload:"hot"`
}

// Strategy carries the running estimate of one model's norm nodes.
type Strategy struct {
	cfg      Config
	pipeline string
	norms    []models.NormNode
	chosen   []bool
	forward  tta.Forward

	running []bnstats.Moments // by norm node
	merged  uint64            // batches merged since the source statistics
	ahead   []bnstats.Moments // reference_exact: the estimate with this batch merged
	batch   bnstats.Moments   // one node's batch moments, variance as configured
	rules   []accel.NormRule
	measure []accel.NormRule // reference_exact: the first forward's
}

// New builds the strategy.
func New(env tta.Env, cfg *Config) (*Strategy, error) {
	chosen, err := tta.SelectNorms(env.Norms, cfg.Exclude, cfg.IncludeLogits)
	if err != nil {
		return nil, err
	}
	s := &Strategy{
		cfg: *cfg, pipeline: env.Pipeline, norms: env.Norms, chosen: chosen, forward: env.Forward,
		running: make([]bnstats.Moments, len(env.Norms)), ahead: make([]bnstats.Moments, len(env.Norms)),
		rules: make([]accel.NormRule, len(env.Norms)), measure: make([]accel.NormRule, len(env.Norms)),
	}
	s.Reset()
	return s, nil
}

// Needs says that the strategy owns the norm statistics and learns from the
// batch's moments.
func (s *Strategy) Needs() tta.Needs {
	return tta.Needs{Owns: tta.OwnsNorm, Keep: models.Keep{Moments: !s.cfg.ReferenceExact}}
}

// Prepare puts the running estimate into the overlay. Before anything was merged
// that is the source model itself, so its forward is shared.
func (s *Strategy) Prepare(ctx context.Context, b *tta.Batch, o *models.Overlay) error {
	if s.exact(b) {
		return s.prepareExact(ctx, b, o)
	}
	if s.merged == 0 {
		return nil
	}
	s.set(b, o, s.running)
	return nil
}

// exact reports whether a batch takes two forwards.
func (s *Strategy) exact(b *tta.Batch) bool { return s.cfg.ReferenceExact && b.Rows >= s.cfg.MinRows }

// set makes rules of an estimate. The key names the pipeline and the step, for
// the content is this pipeline's own and new in every step.
func (s *Strategy) set(b *tta.Batch, o *models.Overlay, estimate []bnstats.Moments) {
	for i := range s.rules {
		s.rules[i] = accel.NormRule{}
		if s.chosen[i] {
			s.rules[i] = accel.NormRule{Mode: accel.NormGiven, Mean: estimate[i].Mean, Var: estimate[i].Var}
		}
	}
	o.SetNorms(fmt.Sprintf("bnema(%s)#%d", s.pipeline, b.Step), s.rules)
}

// prepareExact measures every node on activations normalized by batch statistics
// and answers with the estimate that includes them. The estimate itself moves in
// Update.
func (s *Strategy) prepareExact(ctx context.Context, b *tta.Batch, o *models.Overlay) error {
	for i, chosen := range s.chosen {
		s.measure[i] = accel.NormRule{}
		if chosen {
			s.measure[i] = accel.NormRule{Mode: accel.NormBlend}
		}
	}
	var first models.Overlay
	first.SetNorms("batch", s.measure)
	out, err := s.forward(ctx, b, &first, models.Keep{Moments: true})
	if err != nil {
		return fmt.Errorf("measure the batch: %w", err)
	}
	for i := range s.ahead {
		copyMoments(&s.ahead[i], s.running[i])
	}
	if err := s.merge(s.ahead, b, out); err != nil {
		return err
	}
	s.set(b, o, s.ahead)
	return nil
}

// Update merges the batch.
func (s *Strategy) Update(_ context.Context, b *tta.Batch, out *models.Output, _ *accel.Tensor) error {
	if b.Rows < s.cfg.MinRows {
		return nil
	}
	if s.cfg.ReferenceExact {
		for i := range s.running {
			copyMoments(&s.running[i], s.ahead[i])
		}
	} else if err := s.merge(s.running, b, out); err != nil {
		return err
	}
	s.merged++
	return nil
}

// merge moves an estimate toward the batch. A variance that is undefined, for a
// single value per channel, stays where it is.
func (s *Strategy) merge(estimate []bnstats.Moments, b *tta.Batch, out *models.Output) error {
	if len(out.Moments) != len(s.norms) {
		return fmt.Errorf("the forward kept moments of %d norm nodes, the model has %d", len(out.Moments), len(s.norms))
	}
	for i, chosen := range s.chosen {
		if !chosen {
			continue
		}
		copyMoments(&s.batch, out.Moments[i])
		if s.batch.Count == 0 {
			s.batch.Count = float64(b.Rows * s.norms[i].Positions)
		}
		if s.cfg.BatchVariance == Unbiased {
			s.unbias(estimate[i].Var)
		}
		bnstats.EMA(&estimate[i], s.batch, s.cfg.Momentum)
	}
	return nil
}

// unbias replaces the batch's variances by unbiased ones, or, where a single
// value has none, by those of the estimate.
func (s *Strategy) unbias(otherwise []float32) {
	for c := range s.batch.Var {
		if s.batch.Count > 1 {
			s.batch.Var[c] = s.batch.Unbiased(c)
		} else {
			s.batch.Var[c] = otherwise[c]
		}
	}
}

func copyMoments(dst *bnstats.Moments, src bnstats.Moments) {
	dst.Mean = append(dst.Mean[:0], src.Mean...)
	dst.Var = append(dst.Var[:0], src.Var...)
	dst.Count = src.Count
}

// Running returns a copy of the running estimate, one entry a norm node.
func (s *Strategy) Running() []bnstats.Moments {
	out := make([]bnstats.Moments, len(s.running))
	for i, m := range s.running {
		out[i] = m.Clone()
	}
	return out
}

// Reset goes back to the source statistics.
func (s *Strategy) Reset() {
	for i, n := range s.norms {
		copyMoments(&s.running[i], n.Source)
	}
	s.merged = 0
}

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:     "bnema",
		Title:    "BN running estimate",
		Summary:  "Normalizes with a running estimate of the target's statistics that starts at the source's and follows the stream.",
		Doc:      doc,
		Citation: "S. Schneider et al., Improving robustness against common corruptions by covariate shift adaptation, NeurIPS 2020, arXiv:2006.16971; Z. Nado et al., Evaluating prediction-time batch normalization for robustness under covariate shift, 2020, arXiv:2006.10963",
		Place:    tta.PlaceNorm,
		NewConfig: func() any {
			return &Config{Momentum: 0.1, BatchVariance: Unbiased, MinRows: 8}
		},
		New:     func(env tta.Env, cfg any) (tta.Strategy, error) { return New(env, cfg.(*Config)) },
		Example: "bnema: {momentum: 0.1}",
	}
}
