package main

import (
	"fmt"

	"ttad/models/onnx"
)

// withBatchStatistics returns a copy of a model in which every BatchNormalization
// gets moments computed in the graph: weight times the stored ones and the rest
// from the batch. The variance is the mean of squared differences, for which
// operators of the format suffice; engines that know nothing of adaptation then
// run alpha-BN.
func withBatchStatistics(m *onnx.Model, weight float32) (*onnx.Model, error) {
	const newest = 17 // from 18 on ReduceMean takes its axes as an operand
	if v := opset(m); v > newest {
		return nil, fmt.Errorf("rewrite to batch statistics: the model has opset %d, up to %d are known", v, newest)
	}
	out := *m
	r := &rewriter{graph: &out.Graph, axes: channelAxes(m)}
	r.graph.Nodes, r.graph.Values = nil, nil
	r.constant("bench.source", []float32{weight})
	r.constant("bench.batch", []float32{1 - weight})
	r.graph.Initializers = append(r.graph.Initializers, onnx.IntTensor("bench.flat", []int64{-1}, 1))
	for _, n := range m.Graph.Nodes {
		if n.OpType == "BatchNormalization" {
			axes, ok := r.axes[n.Inputs[0]]
			if !ok {
				return nil, fmt.Errorf("rewrite to batch statistics: the input of BatchNormalization %q comes from neither Conv nor Gemm", n.Name)
			}
			n = r.mixed(n, axes)
		}
		r.graph.Nodes = append(r.graph.Nodes, n)
	}
	return &out, nil
}

func opset(m *onnx.Model) int64 {
	for _, o := range m.Opsets {
		if o.Domain == "" {
			return o.Version
		}
	}
	return 0
}

// channelAxes lists, for every value a layer with weights writes, the axes that
// moments of its channels are taken over.
func channelAxes(m *onnx.Model) map[string][]int64 {
	axes := map[string][]int64{}
	for _, n := range m.Graph.Nodes {
		switch n.OpType {
		case "Conv":
			axes[n.Outputs[0]] = []int64{0, 2, 3}
		case "Gemm":
			axes[n.Outputs[0]] = []int64{0}
		}
	}
	return axes
}

// rewriter appends nodes to a graph.
type rewriter struct {
	graph *onnx.Graph
	axes  map[string][]int64
}

func (r *rewriter) constant(name string, data []float32) {
	// The initializers of the model this is a copy of must stay.
	r.graph.Initializers = append(r.graph.Initializers[:len(r.graph.Initializers):len(r.graph.Initializers)],
		onnx.FloatTensor(name, data, len(data)))
}

// node appends a node with one result and returns the result's name.
func (r *rewriter) node(op, result string, in []string, attrs ...onnx.Attribute) string {
	r.graph.Nodes = append(r.graph.Nodes, onnx.Node{OpType: op, Inputs: in, Outputs: []string{result}, Attrs: attrs})
	return result
}

// mixed puts moments of the batch, taken over axes, before a BatchNormalization
// and returns it reading them.
func (r *rewriter) mixed(n onnx.Node, axes []int64) onnx.Node {
	x, name := n.Inputs[0], n.Outputs[0]
	over := onnx.IntsAttr("axes", axes...)
	kept := r.node("ReduceMean", name+".kept", []string{x}, over, onnx.IntAttr("keepdims", 1))
	mean := r.node("Reshape", name+".mean", []string{kept, "bench.flat"})
	difference := r.node("Sub", name+".difference", []string{x, kept})
	square := r.node("Mul", name+".square", []string{difference, difference})
	variance := r.node("ReduceMean", name+".variance", []string{square}, over, onnx.IntAttr("keepdims", 0))
	n.Inputs = append([]string(nil), n.Inputs...)
	n.Inputs[3] = r.blend(name+".mean", n.Inputs[3], mean)
	n.Inputs[4] = r.blend(name+".variance", n.Inputs[4], variance)
	return n
}

// blend mixes a stored moment with the batch's.
func (r *rewriter) blend(name, stored, batch string) string {
	source := r.node("Mul", name+".weighted", []string{stored, "bench.source"})
	fresh := r.node("Mul", name+".fresh", []string{batch, "bench.batch"})
	return r.node("Add", name+".mixed", []string{source, fresh})
}
