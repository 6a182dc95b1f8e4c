package main

import "ttad/tta"

// registry lists the strategies of this build.
func registry() *tta.Registry { return tta.NewRegistry() }
