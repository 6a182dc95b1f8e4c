package onnx_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
	"ttad/models/onnx"
)

// one is a graph of a single node on x [N extents...]; its result is flattened
// to be the logits.
type one struct {
	op      string
	opset   int64 // 17 where left out
	extents []int
	attrs   []onnx.Attribute
	consts  []onnx.Tensor // operands after x, in order; one without a type is left out
	outputs int           // 1 where left out; the last is the result
}

func (o one) run(t *testing.T, x []float32, rows int) ([]float32, error) {
	t.Helper()
	m := &onnx.Model{Opsets: []onnx.Opset{{Version: max(o.opset, 9)}}}
	if o.opset == 0 {
		m.Opsets[0].Version = 17
	}
	n := onnx.Node{Name: "n", OpType: o.op, Inputs: []string{"x"}, Outputs: []string{"y"}, Attrs: o.attrs}
	for range o.outputs - 1 {
		n.Outputs = append([]string{"other" + string(rune('0'+len(n.Outputs)))}, n.Outputs...)
	}
	for i, c := range o.consts {
		if c.Type == 0 {
			n.Inputs = append(n.Inputs, "")
			continue
		}
		c.Name = "c" + string(rune('0'+i))
		n.Inputs = append(n.Inputs, c.Name)
		m.Graph.Initializers = append(m.Graph.Initializers, c)
	}
	m.Graph.Inputs = []onnx.ValueInfo{onnx.Float("x", append([]int{-1}, o.extents...)...)}
	m.Graph.Outputs = []onnx.ValueInfo{onnx.Float("logits", -1, -1)}
	m.Graph.Nodes = []onnx.Node{n, {Name: "flat", OpType: "Flatten", Inputs: []string{"y"}, Outputs: []string{"logits"}}}
	g, err := onnx.Import("one.onnx", onnx.Encode(m), onnx.Options{})
	if err != nil {
		return nil, err
	}
	out, err := plain.Run(g.Program, []*accel.Tensor{accel.TensorOf(x, append([]int{rows}, o.extents...)...)}, rows, nil)
	require.NoError(t, err)
	return out.Outputs[0].Data, nil
}

func ints(list ...int64) onnx.Tensor     { return onnx.IntTensor("", list, len(list)) }
func floats(list ...float32) onnx.Tensor { return onnx.FloatTensor("", list, len(list)) }
func scalar(f float32) onnx.Tensor       { return onnx.FloatTensor("", []float32{f}) }

// Results are worked out by hand from the operator's definition. A single number
// comes out as a pair of logits, 0 and itself.
func TestOperatorsFollowTheirDefinition(t *testing.T) {
	tests := []struct {
		name string
		one  one
		x    []float32
		want []float32
	}{
		{"clip by attributes, opset 9", one{op: "Clip", opset: 9, extents: []int{3}, attrs: []onnx.Attribute{onnx.FloatAttr("min", -1), onnx.FloatAttr("max", 1)}},
			[]float32{-2, 0.5, 2}, []float32{-1, 0.5, 1}},
		{"clip without a lower bound", one{op: "Clip", extents: []int{3}, consts: []onnx.Tensor{{}, scalar(1)}}, []float32{-2, 0.5, 2}, []float32{-2, 0.5, 1}},
		{"elu", one{op: "Elu", extents: []int{2}, attrs: []onnx.Attribute{onnx.FloatAttr("alpha", 2)}}, []float32{-1, 3}, []float32{-1.264241, 3}},
		{"leaky relu by default", one{op: "LeakyRelu", extents: []int{2}}, []float32{-1, 3}, []float32{-0.01, 3}},
		{"hard sigmoid by default", one{op: "HardSigmoid", extents: []int{3}}, []float32{-9, 1, 9}, []float32{0, 0.7, 1}},
		{"mish", one{op: "Mish", opset: 18, extents: []int{2}}, []float32{0, 1}, []float32{0, 0.865098}},
		{"gelu by tanh", one{op: "Gelu", opset: 20, extents: []int{1}, attrs: []onnx.Attribute{onnx.StringAttr("approximate", "tanh")}}, []float32{1}, []float32{0, 0.841192}},
		{"square", one{op: "Pow", extents: []int{2}, consts: []onnx.Tensor{scalar(2)}}, []float32{-3, 2}, []float32{9, 4}},
		{"cube", one{op: "Pow", extents: []int{2}, consts: []onnx.Tensor{scalar(3)}}, []float32{-3, 2}, []float32{-27, 8}},
		{"cast drops the fraction", one{op: "Cast", extents: []int{2}, attrs: []onnx.Attribute{onnx.IntAttr("to", int64(onnx.TypeInt32))}}, []float32{-1.7, 2.7}, []float32{-1, 2}},
		{"cast to bool", one{op: "Cast", extents: []int{2}, attrs: []onnx.Attribute{onnx.IntAttr("to", int64(onnx.TypeBool))}}, []float32{-1.7, 0}, []float32{1, 0}},
		{"mean of operands", one{op: "Mean", extents: []int{2}, consts: []onnx.Tensor{floats(3, 4)}}, []float32{1, 2}, []float32{2, 3}},
		{"max of three", one{op: "Max", extents: []int{2}, consts: []onnx.Tensor{floats(3, 0), scalar(1)}}, []float32{2, -2}, []float32{3, 1}},
		{"sum by axes attribute, opset 11", one{op: "ReduceSum", opset: 11, extents: []int{2, 2}, attrs: []onnx.Attribute{onnx.IntsAttr("axes", -1), onnx.IntAttr("keepdims", 0)}},
			[]float32{1, 2, 3, 4}, []float32{3, 7}},
		{"sum by axes operand", one{op: "ReduceSum", extents: []int{2, 2}, consts: []onnx.Tensor{ints(1)}}, []float32{1, 2, 3, 4}, []float32{4, 6}},
		{"norm of a row", one{op: "ReduceL2", extents: []int{2}, attrs: []onnx.Attribute{onnx.IntsAttr("axes", 1)}}, []float32{3, 4}, []float32{0, 5}},
		{"nothing to reduce", one{op: "ReduceSum", extents: []int{2, 1}, attrs: []onnx.Attribute{onnx.IntAttr("noop_with_empty_axes", 1)}}, []float32{3, 4}, []float32{3, 4}},
		{"softmax over all axes, opset 11", one{op: "Softmax", opset: 11, extents: []int{2, 2}, attrs: []onnx.Attribute{onnx.IntAttr("axis", 1)}},
			[]float32{0, 0, 0, 0}, []float32{.25, .25, .25, .25}},
		{"softmax along one axis, opset 13", one{op: "Softmax", opset: 13, extents: []int{2, 2}, attrs: []onnx.Attribute{onnx.IntAttr("axis", 1)}},
			[]float32{0, 0, 0, 0}, []float32{.5, .5, .5, .5}},
		{"reshape keeps, infers", one{op: "Reshape", extents: []int{2, 3}, consts: []onnx.Tensor{ints(0, -1, 2)}}, []float32{1, 2, 3, 4, 5, 6}, []float32{1, 2, 3, 4, 5, 6}},
		{"transpose", one{op: "Transpose", extents: []int{2, 2}, attrs: []onnx.Attribute{onnx.IntsAttr("perm", 0, 2, 1)}}, []float32{1, 2, 3, 4}, []float32{1, 3, 2, 4}},
		{"squeeze by attribute, opset 11", one{op: "Squeeze", opset: 11, extents: []int{1, 2}, attrs: []onnx.Attribute{onnx.IntsAttr("axes", 1)}}, []float32{1, 2}, []float32{1, 2}},
		{"slice backwards", one{op: "Slice", extents: []int{4}, consts: []onnx.Tensor{ints(-1), ints(-9), ints(1), ints(-2)}}, []float32{1, 2, 3, 4}, []float32{4, 2}},
		{"slice to the end, opset 9", one{op: "Slice", opset: 9, extents: []int{4}, attrs: []onnx.Attribute{
			onnx.IntsAttr("starts", 1), onnx.IntsAttr("ends", 1<<62), onnx.IntsAttr("axes", 1)}}, []float32{1, 2, 3, 4}, []float32{2, 3, 4}},
		{"second part of an uneven split", one{op: "Split", opset: 18, extents: []int{3}, outputs: 2, attrs: []onnx.Attribute{onnx.IntAttr("axis", 1), onnx.IntAttr("num_outputs", 2)}},
			[]float32{1, 2, 3}, []float32{0, 3}},
		{"split by sizes, opset 11", one{op: "Split", opset: 11, extents: []int{3}, outputs: 2, attrs: []onnx.Attribute{onnx.IntAttr("axis", 1), onnx.IntsAttr("split", 1, 2)}},
			[]float32{1, 2, 3}, []float32{2, 3}},
		{"pad some axes, opset 18", one{op: "Pad", opset: 18, extents: []int{2}, consts: []onnx.Tensor{ints(1, 0), scalar(9), ints(1)}}, []float32{1, 2}, []float32{9, 1, 2}},
		{"pad with the edge, opset 9", one{op: "Pad", opset: 9, extents: []int{2}, attrs: []onnx.Attribute{onnx.IntsAttr("pads", 0, 1, 0, 1), onnx.StringAttr("mode", "edge")}},
			[]float32{1, 2}, []float32{1, 1, 2, 2}},
		{"expand", one{op: "Expand", extents: []int{1, 2}, consts: []onnx.Tensor{ints(2, 1)}}, []float32{1, 2}, []float32{1, 2, 1, 2}},
		{"tile", one{op: "Tile", extents: []int{2}, consts: []onnx.Tensor{ints(1, 2)}}, []float32{1, 2}, []float32{1, 2, 1, 2}},
		{"gather from the end", one{op: "Gather", extents: []int{3}, attrs: []onnx.Attribute{onnx.IntAttr("axis", 1)}, consts: []onnx.Tensor{ints(-1, 0)}}, []float32{1, 2, 3}, []float32{3, 1}},
		{"depth to space", one{op: "DepthToSpace", extents: []int{4, 1, 2}, attrs: []onnx.Attribute{onnx.IntAttr("blocksize", 2)}},
			[]float32{1, 2, 3, 4, 5, 6, 7, 8}, []float32{1, 3, 2, 4, 5, 7, 6, 8}},
		{"space to depth", one{op: "SpaceToDepth", extents: []int{1, 2, 4}, attrs: []onnx.Attribute{onnx.IntAttr("blocksize", 2)}},
			[]float32{1, 3, 2, 4, 5, 7, 6, 8}, []float32{1, 2, 3, 4, 5, 6, 7, 8}},
		{"vector product", one{op: "MatMul", extents: []int{2}, consts: []onnx.Tensor{floats(3, 4)}}, []float32{1, 2}, []float32{0, 11}},
		{"convolution padded as tensorflow does", one{op: "Conv", extents: []int{1, 1, 4}, attrs: []onnx.Attribute{onnx.StringAttr("auto_pad", "SAME_UPPER"), onnx.IntsAttr("strides", 1, 2)},
			consts: []onnx.Tensor{onnx.FloatTensor("", []float32{1, 1, 1}, 1, 1, 1, 3)}}, []float32{1, 2, 3, 4}, []float32{6, 7}},
		{"1-D max pool", one{op: "MaxPool", extents: []int{1, 4}, attrs: []onnx.Attribute{onnx.IntsAttr("kernel_shape", 2), onnx.IntsAttr("strides", 2)}}, []float32{1, 4, 3, 2}, []float32{4, 3}},
		{"average pool that counts padding", one{op: "AveragePool", extents: []int{1, 1, 2}, attrs: []onnx.Attribute{onnx.IntsAttr("kernel_shape", 1, 2), onnx.IntsAttr("pads", 0, 1, 0, 0), onnx.IntAttr("count_include_pad", 1)}},
			[]float32{4, 2}, []float32{2, 3}},
		{"global max pool", one{op: "GlobalMaxPool", extents: []int{2, 1, 2}}, []float32{1, 4, 3, 2}, []float32{4, 3}},
		{"group norm with a scale a group, opset 18", one{op: "GroupNormalization", opset: 18, extents: []int{4, 1}, attrs: []onnx.Attribute{onnx.IntAttr("num_groups", 2)},
			consts: []onnx.Tensor{floats(1, 2), floats(0, 1)}}, []float32{-1, 1, 4, 6}, []float32{-1, 1, -1, 3}},
		{"group norm with a scale a channel, opset 21", one{op: "GroupNormalization", opset: 21, extents: []int{4, 1}, attrs: []onnx.Attribute{onnx.IntAttr("num_groups", 2)},
			consts: []onnx.Tensor{floats(1, 2, 3, 4), floats(0, 0, 0, 1)}}, []float32{-1, 1, 4, 6}, []float32{-1, 2, -3, 5}},
		{"layer norm", one{op: "LayerNormalization", extents: []int{2}, consts: []onnx.Tensor{floats(1, 2), floats(0, 1)}}, []float32{4, 6}, []float32{-1, 3}},
		{"prelu", one{op: "PRelu", extents: []int{2}, consts: []onnx.Tensor{floats(0.5, 0.1)}}, []float32{-2, -2}, []float32{-1, -0.2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.one.run(t, tt.x, 1)
			require.NoError(t, err)
			testkit.Close(t, tt.one.op, got, tt.want, 1e-4)
			twice, err := tt.one.run(t, append(append([]float32{}, tt.x...), tt.x...), 2)
			require.NoError(t, err)
			testkit.Close(t, "the second row", twice[len(got):], tt.want, 1e-4)
		})
	}
}

func TestOperatorsRefuseWhatTheyDoNotDo(t *testing.T) {
	tests := []struct {
		name string
		one  one
		says string
	}{
		{"indices of a pool", one{op: "MaxPool", extents: []int{1, 4}, outputs: 2, attrs: []onnx.Attribute{onnx.IntsAttr("kernel_shape", 2)}},
			`value "y": output 1 of MaxPool (node "n") is not supported`},
		{"negative padding", one{op: "Pad", extents: []int{2}, consts: []onnx.Tensor{ints(0, -1, 0, 0)}}, "padding -1 before and 0 after"},
		{"index outside", one{op: "Gather", extents: []int{3}, attrs: []onnx.Attribute{onnx.IntAttr("axis", 1)}, consts: []onnx.Tensor{ints(3)}}, "index 3 is outside axis 1 of [N 3]"},
		{"cast to text", one{op: "Cast", extents: []int{2}, attrs: []onnx.Attribute{onnx.IntAttr("to", 8)}}, "cast to type 8 is not supported"},
		{"statistics per position", one{op: "BatchNormalization", extents: []int{1}, attrs: []onnx.Attribute{onnx.IntAttr("spatial", 0)},
			consts: []onnx.Tensor{floats(1), floats(1), floats(1), floats(1)}}, "spatial=0"},
		{"C's remainder", one{op: "Mod", extents: []int{2}, attrs: []onnx.Attribute{onnx.IntAttr("fmod", 1)}, consts: []onnx.Tensor{scalar(2)}}, "fmod=1"},
		{"a 3-D convolution", one{op: "Conv", extents: []int{1, 2, 2, 2}, consts: []onnx.Tensor{onnx.FloatTensor("", make([]float32, 8), 1, 1, 2, 2, 2)}}, "neither one nor two spatial axes"},
		{"writing into data", one{op: "ScatterND", extents: []int{2}, consts: []onnx.Tensor{onnx.IntTensor("", []int64{0}, 1, 1), floats(1)}}, "only constants"},
		{"a large constant from nothing", one{op: "Expand", extents: []int{1}, consts: []onnx.Tensor{ints(1, 1<<30)}}, "elements for one row"},
		{"a missing operand", one{op: "Gemm", extents: []int{2}}, "operand 1 is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.one.run(t, nil, 1)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestOperatorsAreListedByName(t *testing.T) {
	names := onnx.Operators()
	assert.IsIncreasing(t, names)
	assert.Contains(t, names, "Conv")
	assert.Contains(t, names, "GroupNormalization")
}
