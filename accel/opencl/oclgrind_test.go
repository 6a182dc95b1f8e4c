//go:build linux && oclgrind

package opencl_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/acceltest"
	"ttad/accel/kernels"
	"ttad/accel/launch"
	"ttad/accel/opencl"
	"ttad/accel/opencl/opencltest"
	"ttad/internal/testkit"
)

// Oclgrind is an OpenCL device that interprets kernels and reports accesses outside of
// memory and races, within groups and between them, that leave values right on PoCL. It
// has to be the only driver from the start of a process, so that these tests run what
// is below in another one.

func TestNoKernelRacesOrLeavesItsMemory(t *testing.T) {
	require.Empty(t, reports(t, "TestUnderOclgrindOnce"))
}

func TestARaceIsReported(t *testing.T) {
	assert.Contains(t, reports(t, "TestUnderOclgrindRace"), "Read-write data race at local memory address")
}

func TestAWriteOutsideOfMemoryIsReported(t *testing.T) {
	assert.Contains(t, reports(t, "TestUnderOclgrindOutside"), "Invalid write of size 4 at global memory address")
}

// child says to a process that it is on Oclgrind.
const child = "TTAD_UNDER_OCLGRIND"

// reports runs a test of this file on Oclgrind and returns what that complains of. The
// test has to pass.
func reports(t *testing.T, test string) string {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "reports")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "oclgrind.icd"), []byte(library(t)), 0o600))
	cmd := exec.Command(os.Args[0], "-test.run", "^"+test+"$")
	cmd.Env = append(os.Environ(), child+"=1", "OCL_ICD_VENDORS="+dir, "OCLGRIND_DATA_RACES=1", "OCLGRIND_LOG="+log)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	b, err := os.ReadFile(log)
	require.NoError(t, err, "no kernel ran on Oclgrind: %s", out)
	return string(b)
}

// library is Oclgrind's as distributions install it.
func library(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/oclgrind", "/usr/lib/*/oclgrind", "/usr/local/lib/oclgrind", "/usr/local/lib/*/oclgrind"} {
		found, err := filepath.Glob(filepath.Join(pattern, "liboclgrind-rt-icd.so"))
		require.NoError(t, err)
		if len(found) > 0 {
			return found[0]
		}
	}
	testkit.Absent(t, "Oclgrind", "apt-get install oclgrind")
	return ""
}

func onlyUnderOclgrind(t *testing.T) {
	t.Helper()
	if os.Getenv(child) == "" {
		t.Skip("run by the other tests of this file")
	}
}

func TestUnderOclgrindOnce(t *testing.T) {
	onlyUnderOclgrind(t)
	acceltest.RunOnce(t, opencltest.Open, 2, 550)
}

func TestUnderOclgrindRace(t *testing.T) {
	onlyUnderOclgrind(t)
	runKernel(t, 256, `
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void faulty(__global float *y) {
  __local float shared[256];
  int i = (int)get_local_id(0);
  shared[i] = (float)i;
  y[i] = shared[255 - i];
}`)
}

func TestUnderOclgrindOutside(t *testing.T) {
	onlyUnderOclgrind(t)
	runKernel(t, 255, `
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void faulty(__global float *y) {
  y[get_local_id(0)] = 1.0f;
}`)
}

// runKernel launches one group of a kernel called faulty on memory of some floats.
func runKernel(t *testing.T, floats int, source string) {
	t.Helper()
	d, err := opencl.OpenSource(opencl.Config{AllowProcessors: true}, source)
	require.NoError(t, err)
	m, err := d.Alloc(floats * 4)
	require.NoError(t, err)
	q, err := d.NewQueue()
	require.NoError(t, err)
	k := &kernels.Kernel{Name: "faulty", Local: [3]int{256, 1, 1}, Params: []kernels.Param{{Name: "y", Type: kernels.Memory}}}
	require.NoError(t, q.Launch(k, [3]int{1, 1, 1}, []launch.Arg{{Memory: m}}))
	wait(t, q)
	require.NoError(t, q.Close())
	require.NoError(t, d.Free(m))
	require.NoError(t, d.Close())
}
