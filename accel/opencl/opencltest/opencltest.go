// Package opencltest gives tests an OpenCL device to run on: PoCL, which makes one of
// the processor. It is imported by tests only.
package opencltest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/opencl"
	"ttad/internal/testkit"
)

// Install is what a machine without an OpenCL device lacks.
const Install = "apt-get install pocl-opencl-icd ocl-icd-libopencl1"

// Need skips the test on a machine without an OpenCL device; where CI is true, it
// fails it. It also keeps what PoCL compiles beside the checkout's other caches, for
// every kernel costs a tenth of a second the first time.
func Need(t testing.TB) {
	t.Helper()
	if os.Getenv("POCL_CACHE_DIR") == "" {
		_, file, _, _ := runtime.Caller(0)
		folder := filepath.Join(filepath.Dir(file), "..", "..", "..", ".cache", "pocl")
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, os.Setenv("POCL_CACHE_DIR", folder))
	}
	found, err := opencl.Discover(opencl.Config{AllowProcessors: true})
	if err != nil || len(found) == 0 {
		testkit.Absent(t, "an OpenCL device", Install)
	}
}

// Open opens the first OpenCL device of the machine.
func Open(t testing.TB) accel.Device {
	t.Helper()
	Need(t)
	d, err := opencl.Open(opencl.Config{AllowProcessors: true})
	require.NoError(t, err)
	return d
}
