package opencl

import (
	"os"
	"testing"
)

// needPoCL skips a test on a machine without an OpenCL device; where CI is true, there
// must be one.
func needPoCL(t testing.TB) {
	t.Helper()
	found, err := Discover(Config{AllowProcessors: true})
	if err == nil && len(found) > 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no OpenCL device where CI=true: install pocl-opencl-icd and ocl-icd-libopencl1 (%v)", err)
	}
	t.Skipf("no OpenCL device here (pocl-opencl-icd and ocl-icd-libopencl1 bring one): %v", err)
}
