package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"ttad/models/onnx"
)

// listing is a graph in a form a short script in any language reads, for engines
// that have no ONNX reader: JSON, with float constants in a file beside it.
type listing struct {
	Input  string                  `json:"input"`
	Output string                  `json:"output"`
	Nodes  []listedNode            `json:"nodes"`
	Values map[string]listedTensor `json:"values"`
}

type listedNode struct {
	Op    string         `json:"op"`
	In    []string       `json:"in"`
	Out   []string       `json:"out"`
	Attrs map[string]any `json:"attrs"`
}

// listedTensor is a constant: Ints, or floats from byte Offset of the second file.
type listedTensor struct {
	Shape  []int   `json:"shape"`
	Ints   []int64 `json:"ints"`
	Offset int     `json:"offset"`
}

// writeListing writes path.json and path.bin.
func writeListing(m *onnx.Model, path string) error {
	l, data, err := list(m)
	if err != nil {
		return fmt.Errorf("list a model's nodes: %w", err)
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("list a model's nodes: %w", err)
	}
	if err := os.WriteFile(path+".json", text, 0o644); err != nil {
		return fmt.Errorf("write a model: %w", err)
	}
	if err := os.WriteFile(path+".bin", data, 0o644); err != nil {
		return fmt.Errorf("write a model: %w", err)
	}
	return nil
}

func list(m *onnx.Model) (*listing, []byte, error) {
	l := &listing{Input: m.Graph.Inputs[0].Name, Output: m.Graph.Outputs[0].Name, Values: map[string]listedTensor{}}
	for _, n := range m.Graph.Nodes {
		l.Nodes = append(l.Nodes, listedNode{Op: n.OpType, In: n.Inputs, Out: n.Outputs, Attrs: attributes(n)})
	}
	var data []byte
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		shape, err := t.Extents()
		if err != nil {
			return nil, nil, err
		}
		listed := listedTensor{Shape: shape, Offset: len(data)}
		if t.Type.Integer() {
			listed.Ints, err = t.Int64Values()
		} else {
			data, err = appendFloats(data, t)
		}
		if err != nil {
			return nil, nil, err
		}
		l.Values[t.Name] = listed
	}
	return l, data, nil
}

func attributes(n onnx.Node) map[string]any {
	out := map[string]any{}
	for _, a := range n.Attrs {
		switch a.Type {
		case onnx.AttrFloat:
			out[a.Name] = a.F
		case onnx.AttrInt:
			out[a.Name] = a.I
		case onnx.AttrInts:
			out[a.Name] = a.Ints
		case onnx.AttrString:
			out[a.Name] = a.S
		}
	}
	return out
}

func appendFloats(data []byte, t *onnx.Tensor) ([]byte, error) {
	values, err := t.Float32s()
	if err != nil {
		return nil, err
	}
	return floatBytes(data, values), nil
}

// floatBytes appends values as they lie in little-endian memory.
func floatBytes(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
