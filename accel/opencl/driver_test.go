//go:build linux && !noaccel

package opencl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
	"ttad/accel/launch"
	"ttad/accel/opencl"
	"ttad/accel/opencl/opencltest"
)

// processor opens PoCL, or whatever OpenCL device is first here.
func processor(t testing.TB) launch.Driver {
	t.Helper()
	opencltest.Need(t)
	d, err := opencl.OpenDriver(opencl.Config{AllowProcessors: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// wait polls a mark as streams do.
func wait(t testing.TB, q launch.Queue) {
	t.Helper()
	m, err := q.Mark()
	require.NoError(t, err)
	deadline := time.Now().Add(time.Minute)
	for done := false; !done; {
		done, err = m.Done()
		require.NoError(t, err)
		require.True(t, time.Now().Before(deadline), "a mark that is never reached")
	}
	require.NoError(t, m.Release())
}

// filler is the kernel that is there from the beginning.
func filler(t testing.TB) *kernels.Kernel {
	t.Helper()
	all, err := kernels.All()
	require.NoError(t, err)
	return all["fill"]
}

func TestADriverRunsKernelsInOrder(t *testing.T) {
	d := processor(t)
	m, err := d.Alloc(1000 * 4)
	require.NoError(t, err)
	host, err := d.HostAlloc(1000)
	require.NoError(t, err)
	q, err := d.NewQueue()
	require.NoError(t, err)
	for i := range host {
		host[i] = float32(i)
	}
	require.NoError(t, q.Write(m, host))
	k := filler(t)
	for n, value := range map[int32]float32{500: 7} {
		require.NoError(t, q.Launch(k, [3]int{2, 1, 1}, []launch.Arg{{Memory: m}, {Int: n}, {Float: value}}))
	}
	require.NoError(t, q.Launch(k, [3]int{1, 1, 1}, []launch.Arg{{Memory: m}, {Int: 100}, {Float: 8}}))
	back, err := d.HostAlloc(1000)
	require.NoError(t, err)
	require.NoError(t, q.Read(back, m))
	wait(t, q)
	for i, want := range map[int]float32{0: 8, 99: 8, 100: 7, 499: 7, 500: 500, 999: 999} {
		assert.Equal(t, want, back[i], "element %d", i)
	}
	require.NoError(t, q.Close())
	require.NoError(t, d.Free(m))
	require.NoError(t, d.HostFree(host))
	require.NoError(t, d.HostFree(back))
	require.ErrorContains(t, d.HostFree(back), "freed before")
}
