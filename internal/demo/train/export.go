package main

import (
	"fmt"

	"ttad/accel"
	"ttad/models/onnx"
)

// model writes the program down as ONNX, opset 13, with BatchNormalization kept.
func model(p *accel.Program) (*onnx.Model, error) {
	m := &onnx.Model{IRVersion: 7, Producer: "ttad", Opsets: []onnx.Opset{{Version: 13}}}
	m.Graph.Name = "fashion"
	m.Graph.Inputs = []onnx.ValueInfo{onnx.Float("input", -1, 1, side, side)}
	m.Graph.Outputs = []onnx.ValueInfo{onnx.Float("logits", -1, classes), onnx.Float("features", -1, 64)}
	for _, v := range p.Values {
		if v.Const != nil {
			m.Graph.Initializers = append(m.Graph.Initializers, onnx.FloatTensor(v.Name, v.Const, v.Shape.At(1)...))
		}
	}
	for _, s := range p.Steps {
		n, err := node(p, s)
		if err != nil {
			return nil, err
		}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
	}
	return m, nil
}

func node(p *accel.Program, s accel.Step) (onnx.Node, error) {
	n := onnx.Node{Name: s.Name}
	for _, id := range s.In {
		n.Inputs = append(n.Inputs, p.Values[id].Name)
	}
	for _, id := range s.Out {
		n.Outputs = append(n.Outputs, p.Values[id].Name)
	}
	switch o := s.Op.(type) {
	case accel.Conv:
		n.OpType = "Conv"
		n.Attrs = []onnx.Attribute{ints("strides", o.Stride[:]), ints("pads", o.Pad[:]), ints("kernel_shape", []int{3, 3})}
	case accel.Norm:
		n.OpType = "BatchNormalization"
		n.Attrs = []onnx.Attribute{onnx.FloatAttr("epsilon", o.Eps)}
	case accel.Map:
		n.OpType = string(o.Fn)
	case accel.Reduce:
		n.OpType = "ReduceMean"
		n.Attrs = []onnx.Attribute{ints("axes", o.Axes), onnx.IntAttr("keepdims", 0)}
	case accel.MatMul:
		n.OpType = "Gemm"
		n.Attrs = []onnx.Attribute{onnx.IntAttr("transB", 1)}
	default:
		return n, fmt.Errorf("export node %q: op %s is not part of this network", s.Name, s.Op.Kind())
	}
	return n, nil
}

func ints(name string, list []int) onnx.Attribute {
	wide := make([]int64, len(list))
	for i, v := range list {
		wide[i] = int64(v)
	}
	return onnx.IntsAttr(name, wide...)
}
