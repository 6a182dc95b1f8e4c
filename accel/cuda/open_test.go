package cuda_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
)

func TestWhyADriverIsNoUse(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libcuda.so.1")
	require.NoError(t, os.WriteFile(text, []byte("not a library at all, though of its name\n"), 0o600))
	tests := []struct {
		name    string
		library string
		options cudatest.Options
		is      error
		says    []string
	}{
		{name: "no library", library: "/nowhere/libcuda.so.1", is: accel.ErrNoDevice, says: []string{"/nowhere/libcuda.so.1", "comes with NVIDIA's driver"}},
		{name: "a text of the library's name", library: text, says: []string{"is there but cannot be used"}},
		{name: "some other library", library: "libc.so.6", says: []string{"cuInit", "NVIDIA's driver for CUDA 9.0 or later is needed"}},
		{name: "an old driver", options: cudatest.Options{Version: 8000}, is: accel.ErrUnsupported, says: []string{"speaks CUDA 8.0", "9.0 or later", "update NVIDIA's driver"}},
		{name: "no card", options: cudatest.Options{Cards: []cudatest.Card{}}, is: accel.ErrNoDevice, says: []string{"CUDA_ERROR_NO_DEVICE (100)"}},
		{name: "a driver of two minds", options: cudatest.Options{Init: 999}, says: []string{"cuInit", "CUDA_ERROR_UNKNOWN (999)"}},
		{name: "a code without a name", options: cudatest.Options{Init: 803}, says: []string{"cuInit: error 803"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			library := tt.library
			if library == "" {
				library = cudatest.New(t, tt.options).Library()
			}
			_, openErr := cuda.Open(cuda.Config{Library: library}, zerolog.Nop())
			_, listErr := cuda.Discover(cuda.Config{Library: library})
			for _, err := range []error{openErr, listErr} {
				require.Error(t, err)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
				for _, words := range tt.says {
					require.ErrorContains(t, err, words)
				}
			}
		})
	}
}

func TestDiscoveryListsCardsAndWhyOneIsNotUsed(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{
		{Name: "Kepler", Compute: [2]int{3, 5}},
		{Name: "Ampere", Memory: 40 << 30},
		{Name: "Locked", Mode: 2},
	}})
	found, err := cuda.Discover(cuda.Config{Library: double.Library()})
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.ErrorContains(t, found[0].Refused, "compute capability 3.5, ttad's kernels need 5.2")
	assert.ErrorContains(t, found[2].Refused, "compute mode is prohibited")
	assert.Equal(t, accel.Found{Info: accel.Info{
		Kind: "cuda", Name: "Ampere", Type: "gpu", Index: 1, Memory: 40 << 30,
		Driver: "NVIDIA, compute capability 8.0", Version: "CUDA 12.4",
	}}, found[1])
	for index, f := range found {
		driver, err := cuda.OpenDriver(cuda.Config{Library: double.Library(), Index: index}, zerolog.Nop())
		if f.Refused != nil {
			require.ErrorContains(t, err, f.Refused.Error(), "whoever asks for it gets the same reason")
			continue
		}
		require.NoError(t, err)
		require.NoError(t, driver.Close())
	}
	_, err = cuda.OpenDriver(cuda.Config{Library: double.Library(), Index: 3}, zerolog.Nop())
	require.ErrorIs(t, err, accel.ErrNoDevice)
	require.ErrorContains(t, err, "index 3: the cards here are 0 to 2")
}

func TestACardThatAnotherProcessHas(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Name: "Mine", Mode: 3, Taken: true}}})
	_, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.ErrorContains(t, err, "card 0, Mine, is in exclusive-process mode and another process has it")
	require.ErrorContains(t, err, "CUDA_ERROR_DEVICE_UNAVAILABLE")
}

// A card in exclusive mode that nobody has is ours, once at a time.
func TestACardOfThisProcessAlone(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Mode: 3}}})
	for range 2 {
		d := opened(t, double)
		_, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
		require.ErrorContains(t, err, "or this one has already")
		require.NoError(t, d.Close())
	}
}

func TestACardWithoutRoomForAContext(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Name: "Full", Mode: 3}}})
	double.Fail("cuCtxCreate_v2", 0, 2)
	_, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	require.ErrorContains(t, err, "card 0, Full, has no memory left")
}

func TestWhatTheDriversCompilerSays(t *testing.T) {
	const said = "ptxas application ptx input, line 42; error   : Unexpected instruction types specified for 'add'"
	t.Run("of kernels it refuses", func(t *testing.T) {
		double := cudatest.New(t, cudatest.Options{Refuse: true, Log: said})
		_, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
		var build *accel.BuildError
		require.ErrorAs(t, err, &build)
		assert.Equal(t, accel.BuildError{Device: "Double 0", What: "PTX", Line: "kernels.ptx:42", Log: said}, *build)
		assert.ErrorContains(t, err, "CUDA_ERROR_INVALID_PTX")
	})
	t.Run("of kernels it refuses only when they are looked up", func(t *testing.T) {
		double := cudatest.New(t, cudatest.Options{Refuse: true, Lazy: true, Log: said})
		_, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
		var build *accel.BuildError
		require.ErrorAs(t, err, &build)
		assert.Equal(t, "kernels.ptx:42", build.Line)
	})
	t.Run("of kernels it takes", func(t *testing.T) {
		double := cudatest.New(t, cudatest.Options{Log: "ptxas info: 63 registers"})
		var log bytes.Buffer
		d, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.New(&log))
		require.NoError(t, err)
		require.NoError(t, d.Close())
		assert.Contains(t, log.String(), "63 registers")
	})
	t.Run("when it is not there", func(t *testing.T) {
		double := cudatest.New(t, cudatest.Options{})
		double.Fail("cuModuleLoadDataEx", 0, 221)
		_, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
		assert.ErrorContains(t, err, "libnvidia-ptxjitcompiler.so.1, is not here")
	})
	t.Run("when a card is too small for a group", func(t *testing.T) {
		double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Threads: 128}}})
		_, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
		assert.ErrorContains(t, err, "groups of 256, this card holds 128")
	})
}
