package vector_test

import (
	"fmt"

	"ttad/accel/cpu/vector"
)

// Two classes as likely as each other, and one that is not.
func ExampleFamily_Softmax() {
	family, err := vector.New("auto")
	if err != nil {
		panic(err)
	}
	probabilities := make([]float32, 3)
	family.Softmax(probabilities, []float32{2, 2, -1000})
	fmt.Println(probabilities)
	// Output: [0.5 0.5 0]
}

// An image of three channels, two pixels wide, becomes pixels of four floats.
func ExampleFamily_Interleave() {
	family, err := vector.New("generic")
	if err != nil {
		panic(err)
	}
	planes := []float32{1, 2 /* red */, 3, 4 /* green */, 5, 6 /* blue */}
	pixels := make([]float32, 2*4)
	family.Interleave(pixels, planes, 3, 4, 2, 2)
	fmt.Println(pixels)
	// Output: [1 3 5 0 2 4 6 0]
}
