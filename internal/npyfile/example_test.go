package npyfile_test

import (
	"bytes"
	"fmt"

	"ttad/internal/npyfile"
)

func Example() {
	var b bytes.Buffer
	if err := npyfile.WriteFloat32(&b, []int{2, 2}, []float32{0.5, 1, 1.5, 2}); err != nil {
		fmt.Println(err)
		return
	}
	a, err := npyfile.Decode(b.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.DType, a.Shape, a.Float32())
	// Output: FP32 [2 2] [0.5 1 1.5 2]
}
