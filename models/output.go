package models

import (
	"slices"

	"ttad/accel"
	"ttad/bnstats"
)

// Keep says what a forward brings home besides the logits.
type Keep struct {
	Features bool
	Moments  bool
	// Finish is what is done with the outputs while they are on the device.
	Finish []Finisher
}

// Union returns what either asks for.
func (k Keep) Union(l Keep) Keep {
	u := Keep{Features: k.Features || l.Features, Moments: k.Moments || l.Moments, Finish: k.Finish}
	if len(l.Finish) > 0 {
		u.Finish = slices.Concat(k.Finish, l.Finish)
	}
	return u
}

// Output is what a forward brought home. It is shared between pipelines and
// read-only, and its memory is reused by the session's next forward of the
// same overlay slot: keep nothing of it without copying.
type Output struct {
	Logits   *accel.Tensor     // [rows Classes]
	Features *accel.Tensor     // [rows FeatureWidth]; nil unless kept
	Moments  []bnstats.Moments // batch moments of each norm node's input; nil unless kept
}
