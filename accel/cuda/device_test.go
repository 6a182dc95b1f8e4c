package cuda_test

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
)

// The committed PTX, through the host code that a card gets, over a driver library
// that lets nothing pass.
func TestDevice(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	open := func(t testing.TB) accel.Device { return opened(t, double) }
	if testing.Short() {
		acceltest.RunOnce(t, open, 2, 100)
	} else {
		acceltest.RunAll(t, open)
	}
	require.Zero(t, double.Used(), "all device memory was given back")
}

func opened(t testing.TB, double *cudatest.Double) accel.Device {
	t.Helper()
	d, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	return d
}
