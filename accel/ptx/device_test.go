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

// The shipped PTX computes what the oracle does, in every check there is for devices,
// with nobody leaving memory, barrier or order.
func TestDevice(t *testing.T) {
	m, err := Load(kernels.PTX())
	require.NoError(t, err)
	acceltest.RunAll(t, func(t testing.TB) accel.Device {
		d, err := launch.New(NewDriver(m, Options{Races: true}), zerolog.Nop())
		require.NoError(t, err)
		return d
	})
	for _, k := range m.Kernels() {
		t.Logf("%s: %d executed, %d of %d lines uncovered, proved %v", k.Name, k.Executed(), len(k.Uncovered()), k.Instructions(), k.proved)
	}
}
