package cpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// Rows are looked up in a table, and two of them have no business there. Whichever
// worker finds its one first, the error is that of the first chunk.
func TestTheErrorIsTheFirstChunksWhoeverFindsOneFirst(t *testing.T) {
	const rows = 200
	b := &acceltest.Builder{}
	found := b.Step(accel.Gather{}, b.Const(ramp(10, 4)), b.Input(accel.BatchShape(16)))
	x := newBench(t, 3, b.Program(b.Step(accel.Softmax{Axis: 2}, found)), rows)
	indices := make([]float32, rows*16)
	indices[70*16], indices[190*16] = 10, 11
	require.NoError(t, x.stream.Upload(x.args.Inputs[0], indices))
	for range 20 {
		err := x.stream.Run(x.exec, rows, x.args)
		require.EqualError(t, err, `run: rows 64 to 95: node "Gather0": op Gather: index 96 is 10, not a whole number that fits an axis of 10`)
	}
	indices[70*16], indices[190*16] = 0, 0
	require.NoError(t, x.stream.Upload(x.args.Inputs[0], indices))
	x.run(t)
}
