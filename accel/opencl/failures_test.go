//go:build linux && !noaccel

package opencl_test

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/launch"
	"ttad/accel/opencl"
	"ttad/accel/opencl/opencltest"
)

// attempt does a little of everything and returns the first error.
func attempt(t *testing.T, d launch.Driver, q launch.Queue, host []float32) error {
	t.Helper()
	m, err := d.Alloc(400)
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, d.Free(m)) }()
	if err := q.Write(m, host); err != nil {
		return err
	}
	if err := q.Launch(filler(t), [3]int{1, 1, 1}, []launch.Arg{{Memory: m}, {Int: 50}, {Float: 1}}); err != nil {
		return err
	}
	if err := q.Read(host, m); err != nil {
		return err
	}
	mark, err := q.Mark()
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		done, err = mark.Done()
	}
	require.NoError(t, mark.Release())
	return err
}

func TestWhatTheLibraryReturnsIsTold(t *testing.T) {
	for _, tt := range []struct {
		function string
		code     int32
		is       error // nil for neither out of memory nor lost
		says     string
	}{
		{"clCreateBuffer", -4, accel.ErrOutOfMemory, "allocate 400 bytes"},
		{"clCreateBuffer", -61, accel.ErrOutOfMemory, "CL_INVALID_BUFFER_SIZE"},
		{"clCreateBuffer", -34, accel.ErrLost, "CL_INVALID_CONTEXT"},
		{"clEnqueueMigrateMemObjects", -4, accel.ErrOutOfMemory, "allocate 400 bytes"},
		{"clEnqueueMigrateMemObjects", -5, accel.ErrOutOfMemory, "CL_OUT_OF_RESOURCES"},
		{"clEnqueueWriteBuffer", -36, accel.ErrLost, "write 100 floats"},
		{"clEnqueueReadBuffer", -9999, accel.ErrLost, "read 100 floats"},
		{"clSetKernelArg", -50, nil, "launch kernel fill: parameter y: set argument: OpenCL error -50"},
		{"clEnqueueNDRangeKernel", -36, accel.ErrLost, "launch kernel fill over [1 1 1] groups of [256 1 1]"},
		{"clEnqueueNDRangeKernel", -54, nil, "CL_INVALID_WORK_GROUP_SIZE"},
		{"clEnqueueMarkerWithWaitList", -2, accel.ErrLost, "set mark"},
		{"clFlush", -36, accel.ErrLost, "start queue"},
		{"event", -5, accel.ErrLost, "run what was queued"},
		{"event", -4, accel.ErrOutOfMemory, "run what was queued"},
	} {
		t.Run(tt.function, func(t *testing.T) {
			d := processor(t)
			q, err := d.NewQueue()
			require.NoError(t, err)
			host, err := d.HostAlloc(100)
			require.NoError(t, err)
			require.NoError(t, attempt(t, d, q, host))
			opencl.Fail(d, tt.function, tt.code)
			err = attempt(t, d, q, host)
			require.ErrorContains(t, err, tt.says)
			for _, kind := range []error{accel.ErrOutOfMemory, accel.ErrLost} {
				if kind == tt.is {
					assert.ErrorIs(t, err, kind)
				} else {
					assert.NotErrorIs(t, err, kind)
				}
			}
			require.NoError(t, q.Close())
			require.NoError(t, d.HostFree(host))
		})
	}
}

func TestMemoryThatNoDeviceHasIsRefused(t *testing.T) {
	d := processor(t)
	_, err := d.Alloc(1 << 50)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	_, err = d.HostAlloc(1 << 48)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
}

func TestALaunchNeedsEveryArgument(t *testing.T) {
	d := processor(t)
	q, err := d.NewQueue()
	require.NoError(t, err)
	k := filler(t)
	require.ErrorContains(t, q.Launch(k, [3]int{1, 1, 1}, []launch.Arg{{}, {}}), "launch kernel fill: 2 arguments for 3 parameters")
	require.ErrorContains(t, q.Launch(k, [3]int{1, 1, 1}, make([]launch.Arg, 3)), "parameter y: no memory")
	require.NoError(t, q.Close())
}

func TestASourceTheCompilerRefuses(t *testing.T) {
	opencltest.Need(t)
	source := "#line 1 \"good.cl\"\nint a(void);\n#line 1 \"bad.cl\"\n\n__kernel void k(__global float *y) {\n  y[0] = nothing;\n}\n"
	_, err := opencl.OpenSource(opencl.Config{AllowProcessors: true}, source)
	var refused *accel.BuildError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "bad.cl:3: y[0] = nothing;", refused.Line)
	assert.Contains(t, refused.Log, "CL_BUILD_PROGRAM_FAILURE")
	assert.Contains(t, refused.Log, "nothing")
}

// One broken driver on a machine does not take the others' devices away.
func TestADriverThatFailsHidesNoOther(t *testing.T) {
	opencltest.Need(t)
	var log bytes.Buffer
	want, err := opencl.Discover(opencl.Config{})
	require.NoError(t, err)
	got, err := opencl.DiscoverBeside(opencl.Config{Log: zerolog.New(&log)}, -6, false)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Contains(t, log.String(), "CL_OUT_OF_HOST_MEMORY")
	_, err = opencl.DiscoverBeside(opencl.Config{}, -6, true)
	require.ErrorContains(t, err, "CL_OUT_OF_HOST_MEMORY")
}

func TestADeviceThatIsNotThere(t *testing.T) {
	opencltest.Need(t)
	_, err := opencl.OpenDriver(opencl.Config{AllowProcessors: true, Index: 7})
	require.ErrorIs(t, err, accel.ErrNoDevice)
	require.ErrorContains(t, err, "no OpenCL device 7")
	found, err := opencl.Discover(opencl.Config{})
	require.NoError(t, err)
	for _, f := range found {
		if f.Info.Type != "cpu" {
			continue
		}
		require.ErrorContains(t, f.Refused, "ttad's own engine is faster")
		_, err = opencl.Open(opencl.Config{Index: f.Info.Index})
		require.ErrorIs(t, err, accel.ErrNoDevice)
		require.ErrorContains(t, err, "put opencl first in device.prefer")
	}
}

func BenchmarkLaunch(b *testing.B) {
	d := processor(b)
	q, err := d.NewQueue()
	require.NoError(b, err)
	m, err := d.Alloc(4)
	require.NoError(b, err)
	k, args := filler(b), []launch.Arg{{Memory: m}, {Int: 1}, {Float: 1}}
	for b.Loop() {
		require.NoError(b, q.Launch(k, [3]int{1, 1, 1}, args))
	}
	wait(b, q)
	require.NoError(b, q.Close())
	require.NoError(b, d.Free(m))
}
