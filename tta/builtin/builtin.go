// Package builtin lists the strategies this build has. It is the only place that
// knows them all; package tta knows none of them.
package builtin

import (
	"ttad/tta"
	"ttad/tta/alphabn"
	"ttad/tta/bnema"
	"ttad/tta/labelshift"
	"ttad/tta/lame"
	"ttad/tta/loki"
	"ttad/tta/reloop"
	"ttad/tta/source"
)

// Registry returns the strategies in the order documentation lists them.
func Registry() *tta.Registry {
	return tta.NewRegistry(
		source.Spec(),
		alphabn.Spec(),
		bnema.Spec(),
		lame.Spec(),
		labelshift.Spec(),
		reloop.Spec(),
		loki.Spec(),
	)
}
