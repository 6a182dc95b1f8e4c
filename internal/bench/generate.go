package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/models/onnx"
)

// draw returns n normal values with the given deviation, the same for one seed.
func draw(seed uint64, n int, deviation float64) []float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(random.NormFloat64() * deviation)
	}
	return out
}

// generated is a model with dense inputs of one width.
func generated(name string, in, out int) *onnx.Model {
	return &onnx.Model{
		IRVersion: 8, Opsets: []onnx.Opset{{Version: 13}},
		Graph: onnx.Graph{
			Name:    name,
			Inputs:  []onnx.ValueInfo{onnx.Float("input", -1, in)},
			Outputs: []onnx.ValueInfo{onnx.Float("logits", -1, out)},
		},
	}
}

// product multiplies n columns with a constant matrix [n n].
func product(n int) *onnx.Model {
	m := generated("product", n, n)
	m.Graph.Initializers = []onnx.Tensor{onnx.FloatTensor("weight", draw(1, n*n, 1/math.Sqrt(float64(n))), n, n)}
	m.Graph.Nodes = []onnx.Node{{OpType: "MatMul", Inputs: []string{"input", "weight"}, Outputs: []string{"logits"}}}
	return m
}

// perceptron has dense layers of the given widths with random weights, and a
// BatchNormalization and a ReLU behind each but the last.
func perceptron(widths ...int) *onnx.Model {
	layers := len(widths) - 1
	m := generated("perceptron", widths[0], widths[layers])
	g, value := &m.Graph, "input"
	for i := range layers {
		in, out := widths[i], widths[i+1]
		name, seed := fmt.Sprintf("layer%d", i), uint64(10*i)
		g.Initializers = append(g.Initializers,
			onnx.FloatTensor(name+".weight", draw(seed, out*in, math.Sqrt(2/float64(in))), out, in),
			onnx.FloatTensor(name+".bias", draw(seed+1, out, 0.1), out))
		result := name
		if i == layers-1 {
			result = "logits"
		}
		g.Nodes = append(g.Nodes, onnx.Node{
			OpType: "Gemm", Inputs: []string{value, name + ".weight", name + ".bias"}, Outputs: []string{result},
			Attrs: []onnx.Attribute{onnx.IntAttr("transB", 1)},
		})
		if i < layers-1 {
			value = normalize(g, name, out, seed+2)
		}
	}
	return m
}

// normalize appends a BatchNormalization and a ReLU behind a value.
func normalize(g *onnx.Graph, value string, channels int, seed uint64) string {
	variance := draw(seed, channels, 0.2)
	for i, v := range variance {
		variance[i] = 1 + v*v
	}
	node := onnx.Node{
		OpType: "BatchNormalization", Inputs: []string{value}, Outputs: []string{value + ".norm"},
		Attrs: []onnx.Attribute{onnx.FloatAttr("epsilon", 1e-5)},
	}
	for i, data := range [][]float32{draw(seed+1, channels, 1), draw(seed+2, channels, 0.1), draw(seed+3, channels, 0.1), variance} {
		name := fmt.Sprintf("%s.norm%d", value, i)
		g.Initializers = append(g.Initializers, onnx.FloatTensor(name, data, channels))
		node.Inputs = append(node.Inputs, name)
	}
	g.Nodes = append(g.Nodes, node, onnx.Node{OpType: "Relu", Inputs: []string{value + ".norm"}, Outputs: []string{value + ".relu"}})
	return value + ".relu"
}
