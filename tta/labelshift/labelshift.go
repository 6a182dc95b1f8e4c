// Package labelshift follows the class distribution of the stream, the prior, and
// puts answers right that were made under the source's. It estimates the prior
// from the forward's own probabilities, batch by batch, and uses it in one of two
// ways:
//
//   - prior_ratio multiplies every class's probability by target over source
//     prior, which is Bayes' rule where only the prior moved;
//   - adapter replaces the classifier head by one that a small network, trained
//     beforehand by 'ttad fit labelshift', generates from the prior.
//
// Sources: Park et al., Label shift adapter for test-time adaptation under
// covariate and label shifts, ICCV 2023, arXiv 2308.08810; the ratio and the
// expectation maximization: Saerens et al., Neural Computation 14(1), 2002; the
// inversion of a confusion matrix: Lipton et al., ICML 2018, arXiv 1802.03916.
// The adapter's paper published no code, so its constants here are ours.
//
// What it is not: a detector of shift, nor a cure for shifted inputs. Errors that
// a corruption causes look like prevalence to it.
//
// Next: estimate.go for the prior, ratio.go and adapter.go for what is done with
// it, internal/fit for the training.
package labelshift

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/models"
	"ttad/tta"
)

//go:embed doc.md
var doc string

// Strategy corrects with the prior that earlier batches left behind.
type Strategy struct {
	cfg      Config
	math     *dense.Math
	estimate *estimate
	ratio    []float32  // target over source, by class; nil where it changes nothing
	adapter  *Adapter   // nil in mode prior_ratio
	head     *headDelta // what the adapter makes of the prior, where it is ready
	ready    bool
	logits   accel.Tensor

	ratios, scratch []float32 // memory of ratio, and scratch
}

// New builds the strategy: *Strategy, or, where labels count, one that is a
// tta.Learner too. It reads the files cfg names, relative to env.Dir.
func New(env tta.Env, cfg *Config) (tta.Strategy, error) {
	if err := cfg.valid(); err != nil {
		return nil, err
	}
	m, err := dense.New(env.ISA)
	if err != nil {
		return nil, err
	}
	s := &Strategy{cfg: *cfg, math: m, ratios: make([]float32, env.Classes), scratch: make([]float32, env.Classes)}
	var confusion *Confusion
	if cfg.Confusion != "" {
		if confusion, err = openConfusion(env, cfg.Confusion); err != nil {
			return nil, err
		}
	}
	if cfg.Mode == ModeAdapter {
		if s.adapter, err = openAdapter(env, cfg.Adapter); err != nil {
			return nil, err
		}
		s.head = s.adapter.newHead(m)
	}
	source, err := s.sourcePrior(env, confusion)
	if err != nil {
		return nil, err
	}
	if s.estimate, err = newEstimate(m, cfg, source, confusion); err != nil {
		return nil, err
	}
	if cfg.learns() {
		return &learning{Strategy: s}, nil
	}
	return s, nil
}

// sourcePrior takes the class distribution the model was trained on from the
// first that knows: the configuration, the adapter, the confusion matrix. Nobody
// knowing means that the classes were equally frequent.
func (s *Strategy) sourcePrior(env tta.Env, c *Confusion) ([]float64, error) {
	switch {
	case len(s.cfg.SourcePrior) > 0:
		if len(s.cfg.SourcePrior) != env.Classes {
			return nil, fmt.Errorf("source_prior has %d entries, the model %d classes", len(s.cfg.SourcePrior), env.Classes)
		}
		return normalized(s.cfg.SourcePrior), nil
	case s.adapter != nil:
		return normalized(s.adapter.SourcePrior), nil
	case c != nil:
		return normalized(c.SourcePrior()), nil
	}
	env.Log.Info().Str("pipeline", env.Pipeline).Msg("labelshift takes classes to have been equally frequent in training; set source_prior if they were not")
	return uniform(env.Classes), nil
}

// Needs asks for features and the head in mode adapter only.
func (s *Strategy) Needs() tta.Needs {
	if s.adapter == nil {
		return tta.Needs{}
	}
	return tta.Needs{Owns: tta.OwnsHead, Keep: models.Keep{Features: s.adapter.Outputs != OutputsBias}}
}

// Correct moves probs from the source prior to the one estimated so far.
func (s *Strategy) Correct(_ context.Context, _ *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	if s.adapter != nil {
		return s.replaceHead(out, probs)
	}
	if s.ratio == nil {
		return nil
	}
	for i := range probs.Rows() {
		posterior(s.math, probs.Row(i), s.ratio, s.scratch)
	}
	return nil
}

// replaceHead answers with the generated head. A row it cannot answer, for its
// features are out of all proportion, keeps what it was given.
func (s *Strategy) replaceHead(out *models.Output, probs *accel.Tensor) error {
	if !s.ready {
		s.head.generate(s.adapter.input(s.estimate.now, s.estimate.source, s.cfg.MaxRatio))
		s.ready = true
	}
	rows, classes := probs.Rows(), probs.RowLen()
	s.logits.Data = slices.Grow(s.logits.Data[:0], rows*classes)[:rows*classes]
	s.logits.Shape = append(s.logits.Shape[:0], rows, classes)
	copy(s.logits.Data, out.Logits.Data)
	s.head.add(&s.logits, out.Features)
	for i := range rows {
		if finite(s.logits.Row(i)) {
			s.math.Softmax(probs.Row(i), s.logits.Row(i))
		}
	}
	return nil
}

// Update lets the prior follow the batch. It looks at the forward's probabilities,
// never at corrected ones: an estimate fed with its own corrections runs away.
func (s *Strategy) Update(_ context.Context, _ *tta.Batch, out *models.Output, _ *accel.Tensor) error {
	s.estimate.observe(out.Logits)
	s.moved()
	return nil
}

// moved works out what follows from the prior.
func (s *Strategy) moved() {
	s.ready, s.ratio = false, nil
	if s.adapter == nil && s.cfg.Tau != 0 && !slices.Equal(s.estimate.now, s.estimate.source) {
		s.ratio = s.ratios
		ratioOf(s.ratio, s.estimate.now, s.estimate.source, s.cfg.Tau, s.cfg.MaxRatio)
	}
}

// Prior returns a copy of the estimated class distribution of the stream.
func (s *Strategy) Prior() []float64 { return slices.Clone(s.estimate.now) }

// Reset goes back to the source prior.
func (s *Strategy) Reset() {
	s.estimate.reset()
	s.moved()
}

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:     "labelshift",
		Place:    tta.PlacePrior,
		Title:    "Label shift",
		Summary:  "Estimates how frequent each class has become and corrects probabilities for it, by a ratio or by a head generated for it.",
		Doc:      doc,
		Citation: "S. Park, S. Yang, J. Choo and S. Yun, Label shift adapter for test-time adaptation under covariate and label shifts, ICCV 2023, arXiv:2308.08810; the ratio: M. Saerens, P. Latinne and C. Decaestecker, Adjusting the outputs of a classifier to new a priori probabilities, Neural Computation 14(1), 2002; bbse: Z. Lipton, Y.-X. Wang and A. Smola, Detecting and correcting for label shift with black box predictors, ICML 2018, arXiv:1802.03916",
		NewConfig: func() any {
			return &Config{Mode: ModeRatio, Estimate: EstimateMean, Tau: 1, Floor: 1e-4, SourceRows: 50, UseLabels: true}
		},
		New:     func(env tta.Env, cfg any) (tta.Strategy, error) { return New(env, cfg.(*Config)) },
		Example: "labelshift: {half_life: 1000}",
	}
}
