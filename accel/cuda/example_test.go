package cuda_test

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/cuda"
)

// A machine without a driver is an ordinary answer.
func ExampleOpen() {
	_, err := cuda.Open(cuda.Config{Library: "/nowhere/libcuda.so.1"}, zerolog.Nop())
	fmt.Println(err)
	fmt.Println(errors.Is(err, accel.ErrNoDevice))
	// Output:
	// no such device: no such library here: /nowhere/libcuda.so.1 (it comes with NVIDIA's driver)
	// true
}

func ExampleDiscover() {
	found, err := cuda.Discover(cuda.Config{Library: "/nowhere/libcuda.so.1"})
	fmt.Println(len(found), errors.Is(err, accel.ErrNoDevice))
	// Output: 0 true
}
