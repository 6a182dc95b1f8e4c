//go:build linux && !noaccel

package opencl_test

import (
	"fmt"

	"ttad/accel/opencl"
)

// What it prints depends on the machine.
func ExampleDiscover() {
	found, err := opencl.Discover(opencl.Config{})
	if err != nil {
		fmt.Println("no OpenCL:", err)
	}
	for _, f := range found {
		fmt.Println(f.Info.Index, f.Info.Name, f.Info.Version)
		if f.Refused != nil {
			fmt.Println("refused:", f.Refused)
		}
	}
}
