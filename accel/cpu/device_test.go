package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// A frame is made at the first run of an exec on a stream, and goes with
// whichever of the two is closed first.
func TestScratchGoesWithItsExecOrStream(t *testing.T) {
	d, err := New(Config{Threads: 1})
	require.NoError(t, err)
	in, err := d.Alloc(8 * 4 * 36)
	require.NoError(t, err)
	var streams []accel.Stream
	e, err := d.Compile(block(false), 8)
	require.NoError(t, err)
	other, err := d.Compile(block(false), 8)
	require.NoError(t, err)
	for range 2 {
		s, err := d.NewStream()
		require.NoError(t, err)
		streams = append(streams, s)
		for _, x := range []accel.Exec{e, other, e} {
			args := accel.Args{Inputs: []accel.Buffer{in}, Outputs: []accel.Buffer{nil}}
			require.NoError(t, s.Run(x, 8, args))
		}
	}
	assert.Len(t, d.frames, 4)
	require.NoError(t, e.Close())
	assert.Len(t, d.frames, 2)
	require.NoError(t, streams[0].Close())
	assert.Len(t, d.frames, 1)
	require.NoError(t, other.Close())
	assert.Empty(t, d.frames)
	require.ErrorContains(t, streams[1].Run(e, 8, accel.Args{}), "closed")
	require.NoError(t, streams[1].Close())
	require.NoError(t, in.Free())
	require.NoError(t, d.Close())
}
