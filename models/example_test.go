package models_test

import (
	"context"
	"fmt"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
	"ttad/models/onnx"
)

// scorer is a file whose two classes score x0 and x1-x0.
func scorer() []byte {
	m := &onnx.Model{Opsets: []onnx.Opset{{Version: 17}}}
	m.Graph = onnx.Graph{
		Inputs:       []onnx.ValueInfo{onnx.Float("x", -1, 2)},
		Outputs:      []onnx.ValueInfo{onnx.Float("logits", -1, 2)},
		Nodes:        []onnx.Node{{Name: "fc", OpType: "MatMul", Inputs: []string{"x", "w"}, Outputs: []string{"logits"}}},
		Initializers: []onnx.Tensor{onnx.FloatTensor("w", []float32{1, -1, 0, 1}, 2, 2)},
	}
	return onnx.Encode(m)
}

// From a file's bytes to logits: import, compile for a device, open a session, run.
func Example() {
	g, err := onnx.Import("scorer.onnx", scorer(), onnx.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	device, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	plan, err := models.NewPlan(g, []accel.Device{device}, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer plan.Close()
	session, err := plan.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	rows := accel.TensorOf([]float32{1, 5, 2, 3}, 2, 2)
	out, err := session.Forward(context.Background(), []*accel.Tensor{rows}, 2, nil, models.Keep{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.Logits.Row(0), out.Logits.Row(1))
	// Output: [1 4] [2 1]
}
