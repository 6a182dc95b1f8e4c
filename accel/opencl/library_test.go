//go:build linux && !noaccel

package opencl_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/dynlib"
	"ttad/accel/opencl"
)

// The system's loader looks at LD_LIBRARY_PATH when a process starts, and OpenCL's at
// its own variables when it is asked first, so that each of these is a process.

const finds = "TTAD_OPENCL_FINDS" // what the process is to find

func TestALibraryThatIsBrokenIsToldFromNone(t *testing.T) {
	whole, err := filepath.Glob("/lib/*/libpthread.so.0")
	require.NoError(t, err)
	if len(whole) == 0 {
		whole = []string{"/lib64/libpthread.so.0"}
	}
	another, err := os.ReadFile(whole[0])
	require.NoError(t, err)
	for found, contents := range map[string][]byte{
		"text": []byte(strings.Repeat("a text where a library was meant to be\n", 20)), "cut": another[:len(another)/2], "another": another,
	} {
		t.Run(found, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "libOpenCL.so.1"), contents, 0o600))
			process(t, found, "LD_LIBRARY_PATH="+dir)
		})
	}
	t.Run("no driver", func(t *testing.T) { process(t, "no driver", "OCL_ICD_VENDORS="+t.TempDir()) })
}

func process(t *testing.T, found, variable string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFindsInAProcessOfItsOwn$", "-test.v")
	cmd.Env = append(os.Environ(), finds+"="+found, variable)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: TestFindsInAProcessOfItsOwn")
}

func TestFindsInAProcessOfItsOwn(t *testing.T) {
	found := os.Getenv(finds)
	if found == "" {
		return // it is another test's process
	}
	_, err := opencl.Discover(opencl.Config{AllowProcessors: true})
	require.Error(t, err)
	var broken *dynlib.BrokenError
	var lacks *dynlib.SymbolError
	switch found {
	case "text":
		require.ErrorAs(t, err, &broken)
		assert.Contains(t, broken.Reason, "invalid ELF header")
	case "cut":
		require.ErrorAs(t, err, &broken)
		assert.Contains(t, broken.Reason, "install it again")
	case "another":
		require.ErrorAs(t, err, &lacks)
		assert.Contains(t, lacks.Symbols, "clGetPlatformIDs")
	case "no driver":
		assert.ErrorContains(t, err, "no OpenCL driver is installed")
	}
	assert.Equal(t, found == "no driver", errors.Is(err, accel.ErrNoDevice), "what is broken is no ordinary answer")
	_, err = opencl.Open(opencl.Config{})
	require.Error(t, err)
}
