package tinymodel

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ttad/models/onnx"
)

// What the model takes and gives: Input is [N Channels Side Side].
const (
	Input    = "x"
	Channels = 2
	Side     = 4
	RowSize  = Channels * Side * Side
	Features = 4
	Classes  = 3
)

// Bytes is the model as an ONNX file with its norm node in place.
func Bytes() []byte {
	m := model()
	m.Graph.Nodes = append([]onnx.Node{
		{Name: "conv", OpType: "Conv", Inputs: []string{Input, "conv.weight"}, Outputs: []string{"conved"}, Attrs: window()},
		{Name: "bn", OpType: "BatchNormalization", Inputs: []string{"conved", "bn.weight", "bn.bias", "bn.mean", "bn.var"}, Outputs: []string{"normed"}},
	}, m.Graph.Nodes...)
	m.Graph.Initializers = append(m.Graph.Initializers,
		onnx.FloatTensor("bn.weight", []float32{1, 0.8, 1.2, 1}, Features),
		onnx.FloatTensor("bn.bias", []float32{0.1, 0, -0.1, 0.2}, Features),
		onnx.FloatTensor("bn.mean", []float32{0.2, -0.1, 0.3, 0}, Features),
		onnx.FloatTensor("bn.var", []float32{0.5, 0.7, 0.4, 0.6}, Features),
	)
	return onnx.Encode(m)
}

// FoldedBytes is the model as an exporter leaves it that merges BatchNormalization
// into the convolution before it: no norm node, and a bias no module owned.
func FoldedBytes() []byte {
	m := model()
	m.Graph.Nodes = append([]onnx.Node{
		{Name: "conv", OpType: "Conv", Inputs: []string{Input, "conv.weight", "onnx::Conv_12"}, Outputs: []string{"normed"}, Attrs: window()},
	}, m.Graph.Nodes...)
	m.Graph.Initializers = append(m.Graph.Initializers, onnx.FloatTensor("onnx::Conv_12", []float32{0.1, 0, -0.1, 0.2}, Features))
	return onnx.Encode(m)
}

// model is what both have in common: everything behind the norm.
func model() *onnx.Model {
	return &onnx.Model{
		IRVersion: 8, Producer: "ttad tests", Opsets: []onnx.Opset{{Version: 17}},
		Graph: onnx.Graph{
			Name: "tiny",
			Nodes: []onnx.Node{
				{Name: "relu", OpType: "Relu", Inputs: []string{"normed"}, Outputs: []string{"active"}},
				{Name: "pool", OpType: "GlobalAveragePool", Inputs: []string{"active"}, Outputs: []string{"pooled"}},
				{Name: "flatten", OpType: "Flatten", Inputs: []string{"pooled"}, Outputs: []string{"features"}},
				{Name: "fc", OpType: "Gemm", Inputs: []string{"features", "fc.weight", "fc.bias"}, Outputs: []string{"logits"}, Attrs: []onnx.Attribute{onnx.IntAttr("transB", 1)}},
			},
			Initializers: []onnx.Tensor{
				onnx.FloatTensor("conv.weight", wave(Features*Channels*9, 0.9), Features, Channels, 3, 3),
				onnx.FloatTensor("fc.weight", wave(Classes*Features, 2.1), Classes, Features),
				onnx.FloatTensor("fc.bias", []float32{0.1, -0.1, 0}, Classes),
			},
			Inputs:  []onnx.ValueInfo{onnx.Float(Input, -1, Channels, Side, Side)},
			Outputs: []onnx.ValueInfo{onnx.Float("logits", -1, Classes)},
		},
	}
}

func window() []onnx.Attribute {
	return []onnx.Attribute{onnx.IntsAttr("kernel_shape", 3, 3), onnx.IntsAttr("pads", 1, 1, 1, 1)}
}

// wave is n weights that look like nothing in particular.
func wave(n int, frequency float64) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(math.Sin(frequency*float64(i) + 1))
	}
	return w
}

// Rows returns n input rows, [n Channels Side Side], that differ from one another;
// the same first rows whatever n is.
func Rows(n int) []float32 {
	x := make([]float32, n*RowSize)
	for i := range x {
		row := i / RowSize
		x[i] = float32(math.Sin(0.7*float64(i)) + 0.5*math.Cos(1.3*float64(row)))
	}
	return x
}

// Row is row i of Rows.
func Row(i int) []float32 { return slices.Clone(Rows(i + 1)[i*RowSize:]) }

// Shape is the shape of n rows.
func Shape(n int) []int { return []int{n, Channels, Side, Side} }

// Write puts a file of the test into dir and returns its path.
func Write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatalf("write %s: %v", name, err)
	}
	return path
}
