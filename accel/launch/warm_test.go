package launch

import (
	"context"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/kernels"
)

// idle is a driver of a device that does nothing, at once. It counts what it gave.
type idle struct{ memory, host int }

func (*idle) Info() accel.Info { return accel.Info{Kind: "idle"} }
func (*idle) Limits() Limits   { return Limits{} }
func (*idle) Close() error     { return nil }

func (d *idle) Alloc(int) (Memory, error) { d.memory++; return Memory(d.memory), nil }
func (*idle) Free(Memory) error           { return nil }

func (d *idle) HostAlloc(n int) ([]float32, error) { d.host++; return make([]float32, n), nil }
func (*idle) HostFree([]float32) error             { return nil }

func (*idle) NewQueue() (Queue, error) { return idleQueue{}, nil }

type idleQueue struct{}

func (idleQueue) Write(Memory, []float32) error               { return nil }
func (idleQueue) Read([]float32, Memory) error                { return nil }
func (idleQueue) Launch(*kernels.Kernel, [3]int, []Arg) error { return nil }
func (idleQueue) Mark() (Mark, error)                         { return idleMark{}, nil }
func (idleQueue) Close() error                                { return nil }

type idleMark struct{}

func (idleMark) Done() (bool, error) { return true, nil }
func (idleMark) Release() error      { return nil }

// A batch like those before costs nothing but calls of the driver: no memory of the
// host's collector, of the driver's, or of the device.
func TestABatchAllocatesNothingOnceWarm(t *testing.T) {
	driver := &idle{}
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
