//go:build linux && (amd64 || arm64) && !noaccel

package dynlib_test

import (
	"fmt"

	"ttad/accel/dynlib"
)

func ExampleOpen() {
	library, err := dynlib.Open("libm.so.7", "libc.so.6")
	if err != nil {
		fmt.Println(err)
		return
	}
	var abs dynlib.Func
	if err := library.Bind(map[string]*dynlib.Func{"abs": &abs}); err != nil {
		fmt.Println(err)
		return
	}
	minusThree := ^uintptr(2)
	fmt.Println(int32(abs.Call(minusThree)))
	// Output: 3
}
