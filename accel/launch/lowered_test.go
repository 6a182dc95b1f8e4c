package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

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
		{"a whole number for another", launch{kernel: "fill", args: []operand{y, integer(3), integer(1)}}, "kernel fill takes float for value, int given"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.EqualError(t, matches(&tt.l, all), tt.want) })
	}
	fits := launch{kernel: "fill", args: []operand{{kind: ofMoments}, integer(3), number(1)}}
	require.NoError(t, matches(&fits, all))
}
