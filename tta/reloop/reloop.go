// Package reloop is the strategy of the error memory: it remembers rows whose
// labels came, and answers a new row with the truth about its neighbours mixed in.
// For probabilities q it is given, and means over the neighbours of the row,
//
//	ybar   of their labels            bbar   of what was given for them then
//	e    = gamma·(ybar - q) + (1-gamma)·(ybar - bbar)
//	z    = max(q + weight·e, 0), renormalized
//
// The paper sets the weight by hand. Here it is, unless told otherwise, learned
// from how well past corrections would have fitted the labels that came after
// them (trust.go), and labels of one class that crowd out the others are thinned
// (intake.go), so that a memory that knows nothing, or is lied to, is not heard.
//
// Source: Zhu, Cai, Huang, Dong, Tang and Zhang, ReLoop2: Building Self-Adaptive Recommendation
// Models via Responsive Error Compensation Loop, KDD 2023, arXiv 2306.08808. It is
// about clicks, two classes; more classes, late labels, the learned weight and
// the thinning are ours.
//
// What it is not: the memory, which is package errmem's, nor the keeper of rows
// whose labels are still out, which is the group's ledger.
//
// Next: correct.go for answering, learn.go for what happens to a label.
package reloop

import (
	_ "embed"
	"fmt"

	"ttad/accel"
	"ttad/errmem"
	"ttad/models"
	"ttad/tta"
)

//go:embed doc.md
var doc string

// Strategy corrects with a memory of labelled rows. It is a tta.Corrector, a
// tta.Learner and tta.Stateful.
type Strategy struct {
	cfg    Config
	width  int // values of a key
	memory errmem.Memory
	intake *intake
	trust  trust

	classes int
	step    step
	search  search
}

// New builds the strategy with an empty memory.
func New(env tta.Env, cfg *Config) (*Strategy, error) {
	if env.FeatureWidth < 1 {
		return nil, fmt.Errorf("model %s has no features to find neighbours by: name them in model.features", env.Model)
	}
	if cfg.KeyDims > env.FeatureWidth {
		return nil, fmt.Errorf("key_dims is %d, the features of model %s have %d values", cfg.KeyDims, env.Model, env.FeatureWidth)
	}
	s := &Strategy{cfg: *cfg, width: cfg.KeyDims, classes: env.Classes}
	if s.width == 0 {
		s.width = env.FeatureWidth
	}
	var err error
	if s.memory, err = s.newMemory(env); err != nil {
		return nil, err
	}
	s.forget()
	return s, nil
}

// newMemory builds the store cfg names; an exact one searches on the group's
// device where there is one.
func (s *Strategy) newMemory(env tta.Env) (errmem.Memory, error) {
	if s.cfg.Store == StoreSketch {
		return errmem.NewSketch(errmem.SketchConfig{
			Dim: s.width, Classes: env.Classes, Arrays: s.cfg.Hashes, Bits: s.cfg.Bits, Temperature: s.cfg.Temperature,
			Decay: sketchDecay, DecayEvery: sketchDecayEvery, Bases: s.cfg.Gamma < 1, Seed: sketchSeed,
		})
	}
	var index errmem.Index
	if env.Index != nil {
		made, err := env.Index(s.width, s.cfg.Slots)
		if err != nil {
			return nil, fmt.Errorf("index of %d keys of %d values: %w", s.cfg.Slots, s.width, err)
		}
		index = made
	}
	exact, err := errmem.NewExact(errmem.ExactConfig{
		Dim: s.width, Classes: env.Classes, Capacity: s.cfg.Slots, Neighbours: s.cfg.Neighbors, Temperature: s.cfg.Temperature,
		Bases: s.cfg.Gamma < 1,
	}, index)
	if seeker, ok := index.(accel.Seeker); ok && err == nil {
		s.search = search{index: seeker, memory: exact, width: env.FeatureWidth, neighbors: s.cfg.Neighbors}
	}
	return exact, err
}

// Needs asks for features and for labels: without them nothing is changed. Of a
// row the key, the probabilities given and the error assumed are remembered.
func (s *Strategy) Needs() tta.Needs {
	return tta.Needs{
		Keep: models.Keep{Features: true}, Labels: true, Keyed: true,
		Remember: s.width + 2*s.classes,
	}
}

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:      "reloop",
		Title:     "Error memory",
		Summary:   "Remembers rows whose labels came late and corrects new ones by the truth about their neighbours.",
		Doc:       doc,
		Citation:  "J. Zhu, G. Cai, J. Huang, Z. Dong, R. Tang and W. Zhang, ReLoop2: Building Self-Adaptive Recommendation Models via Responsive Error Compensation Loop, KDD 2023, arXiv:2306.08808",
		NewConfig: func() any { return NewConfig() },
		New:       func(env tta.Env, cfg any) (tta.Strategy, error) { return New(env, cfg.(*Config)) },
		Example:   "reloop: {slots: 2000, neighbors: 30, weight: 0.7}",
		Place:     tta.PlaceMemory,
	}
}
