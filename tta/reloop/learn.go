package reloop

import (
	"context"

	"ttad/errmem"
	"ttad/tta"
)

// Remember writes the key of a row, the probabilities given for it and the error
// assumed of it, all as they were when it was answered.
func (s *Strategy) Remember(row int, kept []float32) {
	k := s.classes
	n := copy(kept, s.step.keys[row*s.width:(row+1)*s.width])
	n += copy(kept[n:], s.step.given[row*k:(row+1)*k])
	copy(kept[n:], s.step.errors[row*k:(row+1)*k])
}

// Learn takes labels in, one by one; each costs a pass over its key and over the
// classes. It never fails.
func (s *Strategy) Learn(_ context.Context, rows []tta.Feedback) error {
	s.search.cancel()
	for i := range rows {
		s.learn(&rows[i])
	}
	return nil
}

// learn puts one row into the memory, and into the weight's account. A label that
// replaces an earlier one changes the row in the memory where it is still there,
// and is otherwise taken as new.
func (s *Strategy) learn(f *tta.Feedback) {
	key, rest := f.Kept[:s.width], f.Kept[s.width:]
	given, e := rest[:s.classes], rest[s.classes:]
	if !finite(given) {
		return
	}
	if f.Revises >= 0 && s.memory.Revise(f.Row, f.Label) {
		return
	}
	if !s.intake.admit(f.Label, given, float64(f.Weight)) {
		return
	}
	s.trust.learn(given, e, f.Label, float64(f.Weight))
	s.memory.Write(errmem.Entry{Row: f.Row, Key: key, Label: f.Label, Base: given, Weight: f.Weight})
}
