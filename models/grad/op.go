package grad

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// op is an operator of ours on gorgonia's graph: every operand and the result are
// dense row-major float32.
type op struct {
	name    string // unique in the graph, because gorgonia merges nodes of equal hash
	dims    []int  // rank of each operand
	outDims int    // rank of the result; 0 is a scalar
	shape   func(in []tensor.Shape) tensor.Shape
	run     func(out []float32, in []operand)
	// diff returns the gradient of each operand, nil where there is none to
	// give. It is nil for gradients themselves: there is no second order here.
	diff func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
	// data counts the last operands that are data, with no gradient to them.
	data int
}

// operand is a tensor as an op sees it.
type operand struct {
	shape []int
	data  []float32
}

func (o *op) Arity() int                            { return len(o.dims) }
func (o *op) ReturnsPtr() bool                      { return true }
func (o *op) CallsExtern() bool                     { return false }
func (o *op) OverwritesInput() int                  { return -1 }
func (o *op) WriteHash(h hash.Hash)                 { fmt.Fprint(h, o.name) }
func (o *op) String() string                        { return o.name }
func (o *op) Do(inputs ...G.Value) (G.Value, error) { return o.UsePreallocDo(nil, inputs...) }
func (o *op) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(in)
	if err != nil {
		return nil, fmt.Errorf("infer shape of %s: %w", o.name, err)
	}
	return o.shape(shapes), nil
}

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.dims)+1)
	for _, d := range append(o.dims[:len(o.dims):len(o.dims)], o.outDims) {
		if d == 0 {
			types = append(types, tensor.Float32)
			continue
		}
		types = append(types, G.TensorType{Dims: d, Of: tensor.Float32})
	}
	return hm.NewFnType(types...)
}

// UsePreallocDo computes into memory the machine kept from an earlier run.
func (o *op) UsePreallocDo(prealloc G.Value, inputs ...G.Value) (G.Value, error) {
	in := make([]operand, len(inputs))
	shapes := make([]tensor.Shape, len(inputs))
	for i, v := range inputs {
		data, err := floats(v)
		if err != nil {
			return nil, fmt.Errorf("%s: operand %d: %w", o.name, i, err)
		}
		in[i], shapes[i] = operand{v.Shape(), data}, v.Shape()
	}
	if o.outDims == 0 {
		var scalar [1]float32
		o.run(scalar[:], in)
		return G.NewF32(scalar[0]), nil
	}
	out, ok := prealloc.(*tensor.Dense)
	if shape := o.shape(shapes); !ok || !out.Shape().Eq(shape) {
		out = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	}
	o.run(out.Data().([]float32), in)
	return out, nil
}

// floats returns the elements of a value in row-major order.
func floats(v G.Value) ([]float32, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		data, ok := v.Data().([]float32)
		if !ok || v.RequiresIterator() {
			return nil, fmt.Errorf("%v of %v is not dense float32", v.Shape(), v.Dtype())
		}
		return data, nil
	case *G.F32:
		return []float32{float32(*v)}, nil
	}
	return nil, fmt.Errorf("value of type %T is not float32", v)
}

// DiffWRT says which operands have a gradient.
func (o *op) DiffWRT(inputs int) []bool {
	with := make([]bool, inputs)
	for i := range with {
		with[i] = o.diff != nil && i < inputs-o.data
	}
	return with
}

// SymDiff adds the gradient's nodes to the graph.
func (o *op) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("differentiate %s: no second derivative", o.name)
	}
	return o.diff(in, out, grad)
}

// sameAs is the shape rule of ops whose result looks like operand i.
func sameAs(i int) func([]tensor.Shape) tensor.Shape {
	return func(in []tensor.Shape) tensor.Shape { return in[i].Clone() }
}
