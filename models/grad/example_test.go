package grad_test

import (
	"fmt"

	"ttad/accel"
	"ttad/models/grad"
)

// A linear layer learns to tell two points apart.
func ExampleNew() {
	p := &accel.Program{
		Values: []accel.Value{
			{Name: "input", Shape: accel.BatchShape(1)},
			{Name: "weight", Shape: accel.StaticShape(2, 1), Const: []float32{0, 0}},
			{Name: "logits", Shape: accel.BatchShape(2)},
		},
		Steps:  []accel.Step{{Name: "head", Op: accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, In: []accel.ValueID{0, 1}, Out: []accel.ValueID{2}}},
		Inputs: []accel.ValueID{0}, Outputs: []accel.ValueID{2},
	}
	net, err := grad.New(p, grad.Config{Rows: 2, Learn: []accel.ValueID{1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer net.Close()
	x := []*accel.Tensor{accel.TensorOf([]float32{-1, 1}, 2, 1)}
	y := accel.TensorOf([]float32{1, 0, 0, 1}, 2, 2)
	loss, _ := net.Backward(x, y)
	slope, _ := net.Gradient(0)
	fmt.Printf("loss %.4f, gradient %.2f\n", loss, slope.Data)
	for range 100 {
		_, _ = net.Backward(x, y)
		_ = net.Step(0.1)
	}
	loss, _ = net.Backward(x, y)
	fmt.Println("learned:", loss < 0.01)
	// Output:
	// loss 0.6931, gradient [0.50 -0.50]
	// learned: true
}
