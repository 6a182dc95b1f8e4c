package kernel_test

import (
	"fmt"

	"ttad/accel/cpu/kernel"
)

// A convolution over a row of pixels with one input channel: three taps, which
// look at a pixel and the two after it, and four output channels.
func ExampleKernel_Run() {
	family, err := kernel.New("generic")
	if err != nil {
		panic(err)
	}
	two := family.Kernels(1)[0] // two pixels at once
	call := &kernel.Call{
		Input: []float32{1, 2, 3, 4},
		Taps:  []int{0, 1, 2},
		Weights: []float32{
			1, 0, 0, -1, // under the pixel
			0, 1, 0, 0, // under the next
			0, 0, 1, -1,
		},
		Bias:       []float32{0, 0, 10, 0},
		Depth:      1,
		InputStep:  1,
		Output:     make([]float32, 2*family.Lanes),
		OutputStep: family.Lanes,
		Clip:       true, // a ReLU to six
		Low:        0,
		High:       6,
	}
	two.Run(call)
	fmt.Println(call.Output[:4])
	fmt.Println(call.Output[4:])
	// Output:
	// [1 2 6 0]
	// [2 3 6 0]
}
