package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
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

// A sum of nothing is zero, and the constant added to it is what is left.
func TestAProductOfDepthZeroIsItsAddend(t *testing.T) {
	b := &acceltest.Builder{}
	none := b.Const(&accel.Tensor{Shape: []int{0, 50}, Data: []float32{}})
	addend := b.Const(drawn(rand.New(rand.NewPCG(1, 2)), 50))
	p := b.Program(b.Step(accel.MatMul{Alpha: 1, Beta: 1}, b.Input(accel.BatchShape(0)), none, addend))
	onEachISA(t, func(t *testing.T, d *Device) { agrees(t, d, p, 3) })
}

// Nothing to move is nothing to do, whichever way the axes go.
func TestAnEmptyTranspose(t *testing.T) {
	for _, perm := range [][]int{{1, 0}, {0, 1}} {
		b := &acceltest.Builder{}
		x := b.Step(accel.Slice{Axis: 0, Start: accel.Fixed(0), Count: accel.Dim{PerRow: 1, Fixed: -1}, Step: 1}, b.Input(accel.BatchShape(3)))
		p := b.Program(b.Step(accel.Transpose{Perm: perm}, x))
		onEachISA(t, func(t *testing.T, d *Device) { agrees(t, d, p, 1) })
	}
}
