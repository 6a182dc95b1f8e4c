package ptx

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// fill is the kernel y[i] = value for i < n.
func fill(t *testing.T) *kernels.Kernel {
	t.Helper()
	all, err := kernels.All()
	require.NoError(t, err)
	return all["fill"]
}

// bench is a driver with a queue, and memory of n floats on both sides.
type bench struct {
	*Driver
	launch.Queue
	memory launch.Memory
	host   []float32
}

func newBench(t *testing.T, n int) *bench {
	t.Helper()
	d := NewDriver(shipped(t), Options{})
	q, err := d.NewQueue()
	require.NoError(t, err)
	memory, err := d.Alloc(4 * n)
	require.NoError(t, err)
	host, err := d.HostAlloc(n)
	require.NoError(t, err)
	return &bench{d, q, memory, host}
}

func (b *bench) Close() error { return b.Driver.Close() }

func (b *bench) fill(t *testing.T, n int) error {
	t.Helper()
	return b.Launch(fill(t), [3]int{1, 1, 1}, []launch.Arg{{Memory: b.memory}, {Int: int32(n)}, {Float: 2.5}})
}

// Nothing happens before somebody waits, and what a read is to fill is spoilt at once.
func TestAQueueWorksAtTheLastMoment(t *testing.T) {
	b := newBench(t, 4)
	clear(b.host)
	require.NoError(t, b.fill(t, 4))
	require.NoError(t, b.Read(b.host, b.memory))
	require.EqualValues(t, poison, math.Float32bits(b.host[0]))
	m, err := b.Mark()
	require.NoError(t, err)
	require.ErrorContains(t, b.Queue.Close(), "2 pieces of work are not done")
	done, err := m.Done()
	require.NoError(t, err)
	require.False(t, done, "whoever waits has to")
	done, err = m.Done()
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, []float32{2.5, 2.5, 2.5, 2.5}, b.host)
	require.NoError(t, m.Release())
	require.NoError(t, b.Queue.Close())
	require.ErrorContains(t, b.Queue.Close(), "it is closed")
	require.ErrorContains(t, b.fill(t, 4), "the queue is closed")
	require.NoError(t, b.Free(b.memory))
	require.NoError(t, b.HostFree(b.host))
	require.NoError(t, b.Close())
}

// What only shows on a card now and then is an error here every time.
func TestMisuseShows(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, b *bench) error
		want string
	}{
		{"host memory changed too early", func(t *testing.T, b *bench) error {
			require.NoError(t, b.Write(b.memory, b.host))
			b.host[3] = 7
			return wait(b)
		}, "host memory was changed before its mark was done"},
		{"memory freed too early", func(t *testing.T, b *bench) error {
			require.NoError(t, b.fill(t, 4))
			require.NoError(t, b.Free(b.memory))
			return wait(b)
		}, "this memory was freed"},
		{"a kernel beside its memory", func(t *testing.T, b *bench) error {
			require.NoError(t, b.fill(t, 5))
			return wait(b)
		}, "kernel fill, block [0 0 0], thread [4 0 0]"},
		{"host memory of somebody else", func(_ *testing.T, b *bench) error { return b.Write(b.memory, make([]float32, 4)) }, "HostAlloc did not give"},
		{"read into it", func(_ *testing.T, b *bench) error { return b.Read(make([]float32, 4), b.memory) }, "HostAlloc did not give"},
		{"more host memory than there is", func(_ *testing.T, b *bench) error { return b.Write(b.memory, append(b.host, 1)) }, "HostAlloc did not give"},
		{"host memory freed twice", func(t *testing.T, b *bench) error {
			require.NoError(t, b.HostFree(b.host))
			return b.HostFree(b.host)
		}, "HostFree took"},
		{"arguments", func(t *testing.T, b *bench) error {
			return b.Launch(fill(t), [3]int{1, 1, 1}, make([]launch.Arg, 2))
		}, "launching fill: 2 arguments, want 3"},
		{"grids", func(t *testing.T, b *bench) error {
			return b.Launch(fill(t), [3]int{0, 1, 1}, make([]launch.Arg, 3))
		}, "a grid of [0 1 1] blocks"},
		{"kernels that are not there", func(_ *testing.T, b *bench) error {
			return b.Launch(&kernels.Kernel{Name: "nobody"}, [3]int{1, 1, 1}, nil)
		}, "run make ptx"},
		{"leaks", func(_ *testing.T, b *bench) error { return b.Close() }, "1 queues, 1 pieces of host memory and 1 of device memory (bytes: [16])"},
		{"no host memory", func(_ *testing.T, b *bench) error { _, err := b.HostAlloc(0); return err }, "at least 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorContains(t, c.do(t, newBench(t, 4)), c.want)
		})
	}
}

// A fault costs the device: everything behind it fails, giving back does not.
func TestAFaultLosesTheDevice(t *testing.T) {
	b := newBench(t, 4)
	require.NoError(t, b.fill(t, 5))
	require.NoError(t, b.fill(t, 4))
	m, err := b.Mark()
	require.NoError(t, err)
	require.ErrorIs(t, wait(b), accel.ErrLost)
	done, err := m.Done()
	require.True(t, done)
	require.ErrorIs(t, err, accel.ErrLost)
	require.ErrorIs(t, b.fill(t, 4), accel.ErrLost)
	_, err = b.Alloc(4)
	require.ErrorIs(t, err, accel.ErrLost)
	_, err = b.NewQueue()
	require.ErrorIs(t, err, accel.ErrLost)
	require.NoError(t, b.Queue.Close())
	require.NoError(t, b.Free(b.memory))
	require.NoError(t, b.HostFree(b.host))
	require.NoError(t, b.Close())
}
