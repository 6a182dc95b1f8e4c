package ptx

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

func shipped(t testing.TB) *Module {
	t.Helper()
	m, err := Load(kernels.PTX())
	require.NoError(t, err)
	return m
}

func opened(t testing.TB, d launch.Driver) accel.Device {
	t.Helper()
	device, err := launch.New(d, zerolog.Nop())
	require.NoError(t, err)
	return device
}

// The shipped PTX computes what the oracle does, in every check there is for devices,
// with no thread leaving memory, barrier or order, and few instructions not executed.
func TestDevice(t *testing.T) {
	m := shipped(t)
	r := newRecordings()
	open := func(t testing.TB) accel.Device {
		return opened(t, &recorder{NewDriver(m, Options{Races: true}), r, t})
	}
	if testing.Short() {
		acceltest.RunOnce(t, open, 2, 100)
		return
	}
	acceltest.RunAll(t, open)
	t.Run("coverage", func(t *testing.T) { checkCoverage(t, m) })
	t.Run("mutants", func(t *testing.T) { checkMutants(t, r.kept) })
}
