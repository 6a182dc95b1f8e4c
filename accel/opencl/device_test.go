//go:build linux && !noaccel

package opencl_test

import (
	"testing"

	"ttad/accel/acceltest"
	"ttad/accel/opencl/opencltest"
)

// PoCL compiles the kernels for the processor: their arithmetic and all host code are
// what a card gets. It says nothing of a card's driver, nor of speed.
func TestDevice(t *testing.T) { acceltest.RunAll(t, opencltest.Open) }
