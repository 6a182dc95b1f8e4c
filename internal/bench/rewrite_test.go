package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/networks"
	"ttad/models/onnx"
)

func nodesOf(m *onnx.Model, op string) (out []onnx.Node) {
	for _, n := range m.Graph.Nodes {
		if n.OpType == op {
			out = append(out, n)
		}
	}
	return out
}

func TestRewritingGivesEveryNormMixedMoments(t *testing.T) {
	m := networks.Perceptron(4, 3, 5, 2)
	before := onnx.Encode(m)
	got, err := withBatchStatistics(m, 0.25)
	require.NoError(t, err)
	require.Equal(t, before, onnx.Encode(m), "the model it was made from stays")

	back, err := onnx.Parse(onnx.Encode(got))
	require.NoError(t, err)
	norms, stored := nodesOf(back, "BatchNormalization"), nodesOf(m, "BatchNormalization")
	require.Len(t, norms, 2)
	for i, n := range norms {
		y := n.Outputs[0]
		assert.Equal(t, stored[i].Inputs[:3], n.Inputs[:3], "input, scale and bias stay")
		assert.Equal(t, []string{y + ".mean.mixed", y + ".variance.mixed"}, n.Inputs[3:])
		assert.Equal(t, stored[i].Outputs, n.Outputs)
	}
	means := nodesOf(back, "ReduceMean")
	require.Len(t, means, 4, "a mean and a variance for each norm")
	for _, n := range means {
		assert.Equal(t, []int64{0}, n.Attrs[0].Ints, "dense layers are averaged over rows")
	}
}

func TestRewritingAveragesConvolutionsOverRowsAndPixels(t *testing.T) {
	m := &onnx.Model{Opsets: []onnx.Opset{{Version: 13}}}
	m.Graph.Nodes = []onnx.Node{
		{OpType: "Conv", Inputs: []string{"x", "w"}, Outputs: []string{"c"}},
		{OpType: "BatchNormalization", Inputs: []string{"c", "s", "b", "m", "v"}, Outputs: []string{"y"}},
	}
	got, err := withBatchStatistics(m, 0.5)
	require.NoError(t, err)
	for _, n := range nodesOf(got, "ReduceMean") {
		assert.Equal(t, []int64{0, 2, 3}, n.Attrs[0].Ints)
	}
}

func TestRewritingRefusesWhatItDoesNotKnow(t *testing.T) {
	norm := onnx.Node{Name: "n", OpType: "BatchNormalization", Inputs: []string{"x", "s", "b", "m", "v"}, Outputs: []string{"y"}}
	_, err := withBatchStatistics(&onnx.Model{Opsets: []onnx.Opset{{Version: 18}}}, 0.5)
	require.ErrorContains(t, err, "opset 18, up to 17")
	_, err = withBatchStatistics(&onnx.Model{Opsets: []onnx.Opset{{Version: 13}}, Graph: onnx.Graph{Nodes: []onnx.Node{norm}}}, 0.5)
	require.ErrorContains(t, err, `the input of BatchNormalization "n" comes from neither Conv nor Gemm`)
}

func TestListingHoldsNodesAndConstants(t *testing.T) {
	m := networks.Perceptron(4, 3, 2)
	m.Graph.Initializers = append(m.Graph.Initializers, onnx.IntTensor("axes", []int64{1, 2}, 2))
	l, data, err := list(m)
	require.NoError(t, err)
	assert.Equal(t, "input", l.Input)
	assert.Equal(t, "logits", l.Output)
	require.Len(t, l.Nodes, len(m.Graph.Nodes))
	first := m.Graph.Nodes[0]
	assert.Equal(t, listedNode{Op: "Gemm", In: first.Inputs, Out: first.Outputs, Attrs: map[string]any{"transB": int64(1)}}, l.Nodes[0])
	assert.Equal(t, []int64{1, 2}, l.Values["axes"].Ints)

	bias := l.Values[first.Inputs[2]]
	want, err := m.Graph.Initializers[1].Float32s()
	require.NoError(t, err)
	assert.Equal(t, floatBytes(nil, want), data[bias.Offset:bias.Offset+4*3])
}
