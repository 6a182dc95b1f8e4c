package cuda_test

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// rig is a card with a queue.
type rig struct {
	t       *testing.T
	double  *cudatest.Double
	driver  launch.Driver
	queue   launch.Queue
	kernels map[string]*kernels.Kernel
}

func newRig(t *testing.T) *rig {
	t.Helper()
	double := cudatest.New(t, cudatest.Options{})
	driver, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	queue, err := driver.NewQueue()
	require.NoError(t, err)
	all, err := kernels.All()
	require.NoError(t, err)
	return &rig{t, double, driver, queue, all}
}

func (r *rig) close() {
	require.NoError(r.t, r.queue.Close())
	require.NoError(r.t, r.driver.Close())
}

func (r *rig) fill(y launch.Memory, n int, value float32) {
	r.t.Helper()
	args := []launch.Arg{{Memory: y}, {Int: int32(n)}, {Float: value}}
	require.NoError(r.t, r.queue.Launch(r.kernels["fill"], [3]int{1, 1, 1}, args))
}

func (r *rig) wait() {
	r.t.Helper()
	m, err := r.queue.Mark()
	require.NoError(r.t, err)
	for done := false; !done; {
		done, err = m.Done()
		require.NoError(r.t, err)
	}
	require.NoError(r.t, m.Release())
}

// The order of many more pieces of work than a batch holds is that of the calls.
func TestAQueueKeepsItsOrder(t *testing.T) {
	r := newRig(t)
	defer r.close()
	y, err := r.driver.Alloc(4)
	require.NoError(t, err)
	const n = 100
	host, err := r.driver.HostAlloc(n)
	require.NoError(t, err)
	for i := range n {
		r.fill(y, 1, float32(i))
		require.NoError(t, r.queue.Read(host[i:i+1], y))
	}
	r.wait()
	for i, v := range host {
		require.Equal(t, float32(i), v)
	}
	require.NoError(t, r.driver.HostFree(host))
	require.NoError(t, r.driver.Free(y))
}

// Launches wait for company: a card hears of them sixteen at a time, or at a mark.
func TestWorkIsHandedOverInBatches(t *testing.T) {
	r := newRig(t)
	defer r.close()
	y, err := r.driver.Alloc(4)
	require.NoError(t, err)
	for range 15 {
		r.fill(y, 1, 0)
	}
	require.Zero(t, r.double.Calls("cuLaunchKernel"))
	r.wait()
	require.Equal(t, 15, r.double.Calls("cuLaunchKernel"))
	require.NoError(t, r.driver.Free(y))
}

// Marks are taken again: waiting makes no events.
func TestMarksAreUsedAgain(t *testing.T) {
	r := newRig(t)
	defer r.close()
	for range 10 {
		r.wait()
	}
	require.Equal(t, 1, r.double.Calls("cuEventCreate"))
}

func TestLaunchesThatAreNone(t *testing.T) {
	r := newRig(t)
	defer r.close()
	err := r.queue.Launch(r.kernels["fill"], [3]int{1, 1, 1}, nil)
	require.ErrorContains(t, err, "launch fill: 0 arguments for 3 parameters")
	err = r.queue.Launch(&kernels.Kernel{Name: "nobody"}, [3]int{1, 1, 1}, nil)
	require.ErrorContains(t, err, "launch nobody: the card has no such kernel")
}

// An error of a call that is made later is that of the mark behind it, once; what was
// queued behind it is not done.
func TestAnErrorOfLaterIsReportedOnce(t *testing.T) {
	r := newRig(t)
	defer r.close()
	y, err := r.driver.Alloc(4)
	require.NoError(t, err)
	r.double.Fail("cuLaunchKernel", 0, 1)
	r.fill(y, 1, 0)
	m, err := r.queue.Mark()
	require.NoError(t, err)
	_, err = m.Done()
	require.ErrorContains(t, err, "launch fill over [1 1 1] groups: cuLaunchKernel: CUDA_ERROR_INVALID_VALUE (1)")
	require.NoError(t, m.Release())
	r.double.Mend()
	r.fill(y, 1, 0)
	r.wait()
	require.Equal(t, 2, r.double.Calls("cuLaunchKernel"))
	require.NoError(t, r.driver.Free(y))
}

// Once warm, queueing and waiting allocate nothing.
func TestAWarmQueueAllocatesNothing(t *testing.T) {
	r := newRig(t)
	defer r.close()
	y, err := r.driver.Alloc(4)
	require.NoError(t, err)
	args := []launch.Arg{{Memory: y}, {Int: 1}, {Float: 2}}
	fill := r.kernels["fill"]
	// Fewer than a batch holds: what runs here is the queue, not the double.
	require.Zero(t, testing.AllocsPerRun(1, func() {
		for range 7 {
			if r.queue.Launch(fill, [3]int{1, 1, 1}, args) != nil {
				t.Error("refused")
			}
		}
	}))
	r.wait()
	require.NoError(t, r.driver.Free(y))
}
