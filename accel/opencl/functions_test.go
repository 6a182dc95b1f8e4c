//go:build linux && !noaccel

package opencl_test

import (
	"testing"

	"ttad/accel/acceltest"
	"ttad/accel/opencl/opencltest"
)

// A million floats, where RunAll takes 65 thousand; and PoCL rounds as IEEE 754 says.
func TestFunctionsOverAllFloats(t *testing.T) {
	acceltest.RunFunctions(t, opencltest.Open, acceltest.Sweep{Every: 4_099, Ulps: 3})
}
