//go:build linux && !noaccel

package opencl_test

import (
	"testing"

	"ttad/accel/acceltest"
	"ttad/accel/opencl/opencltest"
)

// A million floats, where RunAll takes 65 thousand.
func TestFunctionsOverAllFloats(t *testing.T) { acceltest.RunFunctions(t, opencltest.Open, 4_099) }
