package main

import (
	"ttad/tta"
	"ttad/tta/builtin"
)

// registry lists the strategies of this build.
func registry() *tta.Registry { return builtin.Registry() }
