package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/kernels"
)

// OpenCL runs a kernel with whatever arguments it was given last, so a launch that does
// not fit its kernel has to be found before.
func TestLaunchesThatDoNotFitTheirKernel(t *testing.T) {
	all, err := kernels.All()
	require.NoError(t, err)
	y := operand{kind: ofValue}
	tests := []struct {
		name string
		l    launch
		want string
	}{
		{"no such kernel", launch{kernel: "nothing"}, "no kernel is called nothing"},
		{"too few arguments", launch{kernel: "fill", args: []operand{y, integer(3)}}, "kernel fill takes 3 arguments, 2 given"},
		{"too many", launch{kernel: "fill", args: []operand{y, integer(3), number(1), y}}, "kernel fill takes 3 arguments, 4 given"},
		{"a number for memory", launch{kernel: "fill", args: []operand{integer(1), integer(3), number(1)}}, "kernel fill takes memory for y, int given"},
		{"memory for a number", launch{kernel: "fill", args: []operand{y, y, number(1)}}, "kernel fill takes int for n, memory given"},
		{"a number that is too large", launch{kernel: "fill", args: []operand{y, integer(1 << 31), number(1)}}, "kernel fill takes an int32 for n, 2147483648 given: use smaller batches"},
		{"a whole number for another", launch{kernel: "fill", args: []operand{y, integer(3), integer(1)}}, "kernel fill takes float for value, int given"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.EqualError(t, matches(&tt.l, all), tt.want) })
	}
	fits := launch{kernel: "fill", args: []operand{{kind: ofMoments}, integer(3), number(1)}}
	require.NoError(t, matches(&fits, all))
}

// Pairs of rows are the square of a batch, which no value of the program is.
func TestScratchThatNoKernelCanIndex(t *testing.T) {
	b := &acceltest.Builder{}
	features, q := b.Input(accel.BatchShape(4)), b.Input(accel.BatchShape(2))
	p := b.Program(b.Step(accel.LAME{Affinity: accel.AffinityLinear, Neighbors: 1, MaxIterations: 1}, features, q))
	all, err := kernels.All()
	require.NoError(t, err)
	err = newPlan(p, forBatch).measure(&Device{kernels: all}, 50_000)
	require.ErrorContains(t, err, "scratch of 2500000000 floats")
}
