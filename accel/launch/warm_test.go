package launch

import (
	"context"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// A batch like those before costs nothing but calls of the driver: no memory of the
// host's collector, of the driver's, or of the device.
func TestABatchAllocatesNothingOnceWarm(t *testing.T) {
	driver := &Idle{}
	d, err := New(driver, zerolog.Nop())
	require.NoError(t, err)
	b := &net{}
	p := b.Program(b.relu(b.norm(b.conv(b.image()))))
	e, err := d.Compile(p, 4)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	buffer := func() accel.Buffer {
		m, err := d.Alloc(4 * 32)
		require.NoError(t, err)
		return m
	}
	host := make([]float32, 4*32)
	a := accel.Args{
		Inputs: []accel.Buffer{buffer()}, Outputs: []accel.Buffer{buffer()}, Moments: []accel.Buffer{buffer()},
		Norms: []accel.NormRule{{Mode: accel.NormBlend}},
	}
	batch := func() {
		a.Norms[0].SourceWeight = 0.9 - a.Norms[0].SourceWeight // and new rules every time
		require.NoError(t, s.Upload(a.Inputs[0], host))
		require.NoError(t, s.Run(e, 4, a))
		require.NoError(t, s.Download(host, a.Outputs[0]))
		require.NoError(t, s.Sync(context.Background()))
	}
	batch()
	memory, pieces := driver.memory, driver.host
	require.Zero(t, testing.AllocsPerRun(50, batch))
	require.Equal(t, memory, driver.memory)
	require.Equal(t, pieces, driver.host)
}
