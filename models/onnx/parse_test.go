package onnx_test

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit"
	"ttad/models/onnx"
)

// tinyModel is a graph with one of everything the format stores.
func tinyModel() *onnx.Model {
	return &onnx.Model{
		IRVersion: 7, Producer: "ttad", ProducerVersion: "0",
		Opsets: []onnx.Opset{{Version: 13}},
		Graph: onnx.Graph{
			Name: "tiny",
			Nodes: []onnx.Node{
				{Name: "dense", OpType: "Gemm", Inputs: []string{"x", "w", ""}, Outputs: []string{"logits"},
					Attrs: []onnx.Attribute{onnx.FloatAttr("alpha", 2), onnx.IntAttr("transB", 0), onnx.StringAttr("note", "n")}},
				{Name: "shape", OpType: "Constant", Outputs: []string{"s"},
					Attrs: []onnx.Attribute{
						onnx.TensorAttr("value", onnx.IntTensor("", []int64{-1, 2}, 2)),
						onnx.IntsAttr("ints", 3, -4),
						{Name: "floats", Type: onnx.AttrFloats, Floats: []float32{1.5}},
						{Name: "strings", Type: onnx.AttrStrings, Strings: []string{"a", ""}},
					}},
			},
			Initializers: []onnx.Tensor{onnx.FloatTensor("w", []float32{1, 2, 3, 4, 5, 6}, 3, 2)},
			Inputs:       []onnx.ValueInfo{onnx.Float("x", -1, 3)},
			Outputs:      []onnx.ValueInfo{onnx.Float("logits", -1, 2)},
			Values:       []onnx.ValueInfo{onnx.Int64("s", 2), {Name: "unshaped", Type: onnx.TypeFloat}},
		},
	}
}

func TestParseReadsBackWhatEncodeWrites(t *testing.T) {
	want := tinyModel()
	got, err := onnx.Parse(onnx.Encode(want))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestParseAliasesRawWeights(t *testing.T) {
	data := onnx.Encode(tinyModel())
	m, err := onnx.Parse(data)
	require.NoError(t, err)
	at := bytes.Index(data, m.Graph.Initializers[0].Raw)
	require.Positive(t, at)
	data[at] ^= 0xff
	assert.Equal(t, data[at], m.Graph.Initializers[0].Raw[0], "raw weights are not copied")
}

func TestParseRefusesBytesThatAreNoModel(t *testing.T) {
	whole := onnx.Encode(tinyModel())
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"text":            []byte("this is not a model\n"),
		"a PNG file":      []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
		"half a model":    whole[:len(whole)/2],
		"two graphs":      append(bytes.Clone(whole), whole...),
		"length too long": {0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onnx.Parse(data)
			assert.ErrorIs(t, err, onnx.ErrNotONNX)
		})
	}
}

func TestElementsOfEveryTypeBecomeNumbers(t *testing.T) {
	tests := []struct {
		name   string
		tensor onnx.Tensor
		floats []float32
		ints   []int64
	}{
		{"float32 raw", onnx.FloatTensor("t", []float32{1.5, -2}, 2), []float32{1.5, -2}, nil},
		{"float32 listed", onnx.Tensor{Type: onnx.TypeFloat, Dims: []int64{1}, Floats: []float32{3}}, []float32{3}, nil},
		{"float64 raw", onnx.Tensor{Type: onnx.TypeDouble, Dims: []int64{1}, Raw: []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}}, []float32{1.5}, nil},
		{"float64 listed", onnx.Tensor{Type: onnx.TypeDouble, Dims: []int64{1}, Doubles: []float64{0.25}}, []float32{0.25}, nil},
		{"float16 raw, one and the smallest subnormal", onnx.Tensor{Type: onnx.TypeFloat16, Dims: []int64{2}, Raw: []byte{0x00, 0x3c, 0x01, 0x00}},
			[]float32{1, float32(math.Ldexp(1, -24))}, nil},
		{"float16 listed, minus infinity", onnx.Tensor{Type: onnx.TypeFloat16, Dims: []int64{1}, Int32s: []int32{0xfc00}}, []float32{float32(math.Inf(-1))}, nil},
		{"bfloat16", onnx.Tensor{Type: onnx.TypeBfloat16, Dims: []int64{1}, Raw: []byte{0x80, 0xbf}}, []float32{-1}, nil},
		{"int64 listed", onnx.IntTensor("t", []int64{-1, 7}, 2), []float32{-1, 7}, []int64{-1, 7}},
		{"int64 raw", onnx.Tensor{Type: onnx.TypeInt64, Raw: []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, []float32{-2}, []int64{-2}},
		{"int32 raw", onnx.Tensor{Type: onnx.TypeInt32, Dims: []int64{1}, Raw: []byte{0xff, 0xff, 0xff, 0xff}}, []float32{-1}, []int64{-1}},
		{"int8 raw", onnx.Tensor{Type: onnx.TypeInt8, Dims: []int64{1}, Raw: []byte{0x80}}, []float32{-128}, []int64{-128}},
		{"uint8 raw", onnx.Tensor{Type: onnx.TypeUint8, Dims: []int64{1}, Raw: []byte{0x80}}, []float32{128}, []int64{128}},
		{"uint16 raw", onnx.Tensor{Type: onnx.TypeUint16, Dims: []int64{1}, Raw: []byte{0xff, 0xff}}, []float32{65535}, []int64{65535}},
		{"int16 raw", onnx.Tensor{Type: onnx.TypeInt16, Dims: []int64{1}, Raw: []byte{0xff, 0xff}}, []float32{-1}, []int64{-1}},
		{"uint32 listed", onnx.Tensor{Type: onnx.TypeUint32, Dims: []int64{1}, Uint64s: []uint64{4000000000}}, []float32{4000000000}, []int64{4000000000}},
		{"bool", onnx.Tensor{Type: onnx.TypeBool, Dims: []int64{2}, Raw: []byte{1, 0}}, []float32{1, 0}, []int64{1, 0}},
		{"empty", onnx.Tensor{Type: onnx.TypeFloat, Dims: []int64{0, 4}}, []float32{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			floats, err := tt.tensor.Float32s()
			require.NoError(t, err)
			assert.Equal(t, tt.floats, floats)
			ints, err := tt.tensor.Int64Values()
			if tt.ints == nil {
				assert.ErrorContains(t, err, "whole numbers are needed")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.ints, ints)
		})
	}
}

func TestElementsThatDoNotFitTheShapeAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		tensor onnx.Tensor
		says   string
	}{
		{"too few", onnx.Tensor{Name: "w", Type: onnx.TypeFloat, Dims: []int64{3}, Raw: make([]byte, 8)}, `tensor "w": shape [3] wants 3 float32 elements, the file has 2`},
		{"half an element", onnx.Tensor{Name: "w", Type: onnx.TypeFloat, Dims: []int64{1}, Raw: make([]byte, 5)}, "the file has -1"},
		{"negative extent", onnx.Tensor{Name: "w", Type: onnx.TypeFloat, Dims: []int64{-1}}, "extent -1 on axis 0"},
		{"product overflows", onnx.Tensor{Name: "w", Type: onnx.TypeFloat, Dims: []int64{1 << 30, 1 << 30, 1 << 30}}, "too many elements"},
		{"in another file", onnx.Tensor{Name: "w", Type: onnx.TypeFloat, Dims: []int64{1}, External: true}, "external data"},
		{"text", onnx.Tensor{Name: "w", Type: onnx.TypeString, Dims: []int64{1}}, "type 8 is not supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.tensor.Float32s()
			assert.ErrorContains(t, err, tt.says)
		})
	}
}

func TestParseReadsARealExport(t *testing.T) {
	data, err := os.ReadFile(testkit.Shared(t, "data", "models", "resnet20.onnx"))
	require.NoError(t, err)
	m, err := onnx.Parse(data)
	require.NoError(t, err)
	assert.EqualValues(t, 13, m.Opsets[0].Version)
	counts := map[string]int{}
	for _, n := range m.Graph.Nodes {
		counts[n.OpType]++
	}
	assert.Equal(t, 19, counts["BatchNormalization"])
	assert.Equal(t, 19, counts["Conv"])
	assert.Equal(t, "N", m.Graph.Inputs[0].Dims[0].Param)
}

func FuzzParse(f *testing.F) {
	f.Add(onnx.Encode(tinyModel()))
	f.Add([]byte{0x3a, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnx.Parse(data)
		if err != nil {
			return
		}
		for i := range m.Graph.Initializers {
			values, err := m.Graph.Initializers[i].Float32s()
			if err == nil && len(values) > len(data) {
				t.Fatalf("%d elements out of %d bytes", len(values), len(data))
			}
		}
		again, err := onnx.Parse(onnx.Encode(m))
		if err != nil {
			t.Fatalf("what Encode wrote does not parse: %v", err)
		}
		if len(again.Graph.Nodes) != len(m.Graph.Nodes) {
			t.Fatalf("%d nodes became %d", len(m.Graph.Nodes), len(again.Graph.Nodes))
		}
	})
}
