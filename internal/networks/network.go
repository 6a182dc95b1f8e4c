package networks

import (
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/models/onnx"
)

// Draw returns n normal values with the given deviation, the same for one seed.
func Draw(seed uint64, n int, deviation float64) []float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(random.NormFloat64() * deviation)
	}
	return out
}

// network is a model that grows node by node, with random constants that are the
// same at every run. Its methods return the name of the value they append.
type network struct {
	*onnx.Model

	constants uint64
}

// newNetwork has one input, a batch of the given extents.
func newNetwork(name string, extents ...int) *network {
	return &network{Model: &onnx.Model{
		IRVersion: 8, Opsets: []onnx.Opset{{Version: 17}},
		Graph: onnx.Graph{Name: name, Inputs: []onnx.ValueInfo{onnx.Float("input", append([]int{-1}, extents...)...)}},
	}}
}

// returns makes value the result, with the extents of a row.
func (n *network) returns(value string, extents ...int) *onnx.Model {
	const result = "logits"
	for i := range n.Graph.Nodes {
		if node := &n.Graph.Nodes[i]; node.Outputs[0] == value {
			node.Outputs[0] = result
		}
	}
	n.Graph.Outputs = []onnx.ValueInfo{onnx.Float(result, append([]int{-1}, extents...)...)}
	return n.Model
}

func (n *network) constant(data []float32, extents ...int) string {
	name := fmt.Sprintf("constant%d", n.constants)
	n.constants++
	n.Graph.Initializers = append(n.Graph.Initializers, onnx.FloatTensor(name, data, extents...))
	return name
}

// random is a constant of normal values.
func (n *network) random(deviation float64, extents ...int) string {
	size := 1
	for _, e := range extents {
		size *= e
	}
	return n.constant(Draw(n.constants, size, deviation), extents...)
}

func (n *network) scalar(v float64) string { return n.constant([]float32{float32(v)}) }

func (n *network) integers(values ...int64) string {
	name := fmt.Sprintf("constant%d", n.constants)
	n.constants++
	n.Graph.Initializers = append(n.Graph.Initializers, onnx.IntTensor(name, values, len(values)))
	return name
}

func (n *network) apply(op string, in []string, attrs ...onnx.Attribute) string {
	result := fmt.Sprintf("value%d", len(n.Graph.Nodes))
	n.Graph.Nodes = append(n.Graph.Nodes, onnx.Node{OpType: op, Inputs: in, Outputs: []string{result}, Attrs: attrs})
	return result
}

func (n *network) add(x, y string) string { return n.apply("Add", []string{x, y}) }

func (n *network) relu(x string) string { return n.apply("Relu", []string{x}) }

// convolution describes a square window over planes, padded so that a stride of
// one keeps their extents.
type convolution struct{ in, out, kernel, stride, groups int }

// conv has weights that keep the mean square of what a ReLU lets through (He et
// al. 2015, arXiv:1502.01852), and no bias.
func (n *network) conv(x string, c convolution) string {
	fan := c.in / c.groups * c.kernel * c.kernel
	weight := n.random(math.Sqrt(2/float64(fan)), c.out, c.in/c.groups, c.kernel, c.kernel)
	return n.apply("Conv", []string{x, weight}, window(c.kernel, c.stride, c.kernel/2,
		onnx.IntsAttr("dilations", 1, 1), onnx.IntAttr("group", int64(c.groups)))...)
}

// window is the attributes that convolutions and pools share.
func window(kernel, stride, pad int, more ...onnx.Attribute) []onnx.Attribute {
	k, s, p := int64(kernel), int64(stride), int64(pad)
	return append(more, onnx.IntsAttr("kernel_shape", k, k), onnx.IntsAttr("strides", s, s), onnx.IntsAttr("pads", p, p, p, p))
}

// norm is a BatchNormalization with random affine parameters and moments.
func (n *network) norm(x string, channels int) string {
	variance := Draw(n.constants, channels, 0.2)
	for i, v := range variance {
		variance[i] = 1 + v*v
	}
	return n.apply("BatchNormalization",
		[]string{x, n.random(1, channels), n.random(0.1, channels), n.random(0.1, channels), n.constant(variance, channels)},
		onnx.FloatAttr("epsilon", 1e-5))
}

// dense is a Gemm with its bias.
func (n *network) dense(x string, in, out int) string {
	return n.apply("Gemm", []string{x, n.random(math.Sqrt(2/float64(in)), out, in), n.random(0.1, out)}, onnx.IntAttr("transB", 1))
}

// classify averages over pixels and ends the model with a dense layer.
func (n *network) classify(x string, channels, classes int) *onnx.Model {
	x = n.apply("GlobalAveragePool", []string{x})
	x = n.apply("Flatten", []string{x}, onnx.IntAttr("axis", 1))
	return n.returns(n.dense(x, channels, classes), classes)
}
