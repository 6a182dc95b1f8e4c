package opencl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

func TestWhatACallReturnedBecomesAnError(t *testing.T) {
	for s, want := range map[status]error{
		allocationFailed: accel.ErrOutOfMemory, outOfResources: accel.ErrOutOfMemory, outOfHostMemory: accel.ErrOutOfMemory,
		invalidSize: accel.ErrOutOfMemory, notAvailable: accel.ErrLost, invalidQueue: accel.ErrLost, invalidContext: accel.ErrLost,
		illegalAccess: accel.ErrLost,
	} {
		err := check("write", uintptr(s))
		require.ErrorIs(t, err, want)
		require.ErrorIs(t, err, s)
		assert.ErrorContains(t, err, "write: ")
	}
	require.NoError(t, check("write", 0))
	err := check("launch", 0xffffffca) // -54 as an int in a register
	assert.EqualError(t, err, "launch: OpenCL error -54 (CL_INVALID_WORK_GROUP_SIZE)")
	assert.NotErrorIs(t, err, accel.ErrLost)
	assert.EqualError(t, status(-7777), "OpenCL error -7777")
}

func TestWorkThatEndedBadlyLosesTheDevice(t *testing.T) {
	for _, s := range []status{0, 1, 2, 3} {
		require.NoError(t, checkWork("run", s), "queued, submitted, running, complete")
	}
	require.ErrorIs(t, checkWork("run", allocationFailed), accel.ErrOutOfMemory)
	require.ErrorIs(t, checkWork("run", outOfResources), accel.ErrLost, "as drivers report a crash")
	require.ErrorIs(t, checkWork("run", -14), accel.ErrLost)
}
