// The race detector drops what purego keeps for its calls, at random.

//go:build linux && !noaccel && !race

package opencl_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/launch"
)

func TestALaunchDoesNotAllocate(t *testing.T) {
	d := processor(t)
	q, err := d.NewQueue()
	require.NoError(t, err)
	m, err := d.Alloc(4)
	require.NoError(t, err)
	k, args := filler(t), []launch.Arg{{Memory: m}, {Int: 1}, {Float: 1}}
	assert.Zero(t, testing.AllocsPerRun(50, func() { _ = q.Launch(k, [3]int{1, 1, 1}, args) }))
	wait(t, q)
	require.NoError(t, q.Close())
	require.NoError(t, d.Free(m))
}
