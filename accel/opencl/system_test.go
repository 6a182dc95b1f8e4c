//go:build linux && !noaccel

package opencl

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// machine writes files below a folder that stands for the root.
func machine(t *testing.T, files map[string]string) system {
	t.Helper()
	t.Setenv("OCL_ICD_VENDORS", "")
	root := t.TempDir()
	for name, contents := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o600))
	}
	s := thisMachine()
	s.root = root
	return s
}

func TestWhyAMachineHasNoDevice(t *testing.T) {
	require.Empty(t, machine(t, nil).explain(), "nothing installed is no fault")
	require.ErrorIs(t, nothing(0, nil), accel.ErrNoDevice)

	s := machine(t, map[string]string{"etc/OpenCL/vendors/card.icd": "libttad-nosuch.so.1\n"})
	causes := s.explain()
	require.Len(t, causes, 1)
	assert.Contains(t, causes[0], "card.icd: no such library here: libttad-nosuch.so.1")
	err := nothing(1, causes)
	assert.ErrorContains(t, err, "the 1 OpenCL drivers here list no device: ")
	assert.NotErrorIs(t, err, accel.ErrNoDevice, "what is here and broken is more than absent")
}

func TestTheFileThatMayNotBeOpenedIsNamed(t *testing.T) {
	s := machine(t, map[string]string{"etc/OpenCL/vendors/card.icd": "libc.so.6\n", "dev/dri/renderD128": ""})
	require.Empty(t, s.explain(), "what can be opened is no cause")
	s.try = func(device string) error { return &fs.PathError{Op: "open", Path: device, Err: fs.ErrPermission} }
	causes := s.explain()
	require.Len(t, causes, 1)
	assert.Contains(t, causes[0], "renderD128: add the user to the group")
}

func TestEachVendorsFilesAreKnown(t *testing.T) {
	s := machine(t, map[string]string{"dev/nvidiactl": "", "dev/nvidia0": "", "dev/dri/renderD128": "", "dev/kfd": ""})
	for library, want := range map[string][]string{
		"libnvidia-opencl.so.1": {"dev/nvidiactl", "dev/nvidia0"},
		"libamdocl64.so":        {"dev/dri/renderD128", "dev/kfd"},
		"libigdrcl.so":          {"dev/dri/renderD128"},
		"libpocl.so.2":          nil,
	} {
		var full []string
		for _, name := range want {
			full = append(full, filepath.Join(s.root, name))
		}
		assert.Equal(t, full, s.nodes(library), library)
	}
}
