package ptx_test

import (
	"fmt"
	"math"

	"ttad/accel/kernels"
	"ttad/accel/ptx"
)

func ExampleMachine() {
	module, err := ptx.Load(kernels.PTX())
	if err != nil {
		panic(err)
	}
	m := ptx.NewMachine(ptx.Options{Races: true})
	y, err := m.Alloc(4 * 3)
	if err != nil {
		panic(err)
	}
	half := uint64(math.Float32bits(0.5))
	one, block := [3]int{1, 1, 1}, [3]int{256, 1, 1}
	if err := m.Launch(module.Kernel("fill"), one, block, []uint64{y, 3, half}); err != nil {
		panic(err)
	}
	host := make([]float32, 3)
	if err := m.Read(host, y); err != nil {
		panic(err)
	}
	fmt.Println(host)
	// The memory is a float short of what the kernel is told.
	err = m.Launch(module.Kernel("fill"), one, block, []uint64{y, 4, half})
	fault := err.(*ptx.Fault)
	fmt.Println(fault.Thread, fault.What)
	// Output:
	// [0.5 0.5 0.5]
	// [3 0 0] 4 bytes at byte 12 of an allocation of 12 bytes
}
