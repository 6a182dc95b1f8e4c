// Package source is the strategy that does nothing: the frozen model's own
// answer. As a pipeline of its own it is the baseline others are compared with,
// and the guard's refuge when they go wrong. It fails only where the source model
// does.
package source

import (
	_ "embed"

	"ttad/tta"
)

//go:embed doc.md
var doc string

// Config is empty: there is nothing to set.
type Config struct{}

type strategy struct{}

// Needs is nothing at all, so the pipeline rides the source forward.
func (strategy) Needs() tta.Needs { return tta.Needs{} }

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:      "source",
		Title:     "Source model",
		Summary:   "The frozen model's own answer: the baseline, and the guard's refuge.",
		Doc:       doc,
		NewConfig: func() any { return &Config{} },
		New:       func(tta.Env, any) (tta.Strategy, error) { return strategy{}, nil },
		Example:   "source: {}",
	}
}
