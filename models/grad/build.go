package grad

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"ttad/accel"
)

// supported names the operators lower knows, for its error.
const supported = "Conv without groups, Norm, MatMul with a transposed constant, Map Relu, Binary Add and Mul, Reduce Mean, Reshape, Slice of the last axis"

// lower adds one step of the program to the graph and returns its result.
func (n *Net) lower(s accel.Step) (*G.Node, error) {
	in := make([]*G.Node, len(s.In))
	for i, id := range s.In {
		if id != accel.NoValue {
			in[i] = n.nodes[id]
		}
	}
	switch o := s.Op.(type) {
	case accel.Conv:
		return conv(o, in)
	case accel.Norm:
		return n.norm(s, o, in)
	case accel.MatMul:
		return linear(o, in)
	case accel.Map:
		if o.Fn == accel.Relu {
			return relu(s.Name, in[0])
		}
	case accel.Binary:
		return binary(s.Name, o, in)
	case accel.Reduce:
		if o.Fn == accel.ReduceMean {
			return mean(s.Name, in[0], o.Axes, n.extents(s.Out[0]))
		}
	case accel.Reshape:
		return G.Reshape(in[0], n.extents(s.Out[0]))
	case accel.Slice:
		return slice(s.Name, o, in[0])
	}
	return nil, fmt.Errorf("op %s: %w: gradients exist for %s", s.Op.Kind(), accel.ErrUnsupported, supported)
}

func (n *Net) extents(id accel.ValueID) tensor.Shape {
	return tensor.Shape(n.prog.Values[id].Shape.At(n.rows))
}

// conv uses gorgonia's own convolution, whose padding is the same on both sides.
func conv(o accel.Conv, in []*G.Node) (*G.Node, error) {
	if o.Groups != 1 || o.Pad[0] != o.Pad[2] || o.Pad[1] != o.Pad[3] {
		return nil, fmt.Errorf("op Conv: %w: groups %d, pads %v; want one group and equal pads on both sides",
			accel.ErrUnsupported, o.Groups, o.Pad)
	}
	w := in[1]
	y, err := G.Conv2d(in[0], w, tensor.Shape(w.Shape()[2:]), o.Pad[:2], o.Stride[:], o.Dilation[:])
	if err != nil || len(in) < 3 || in[2] == nil {
		return y, err
	}
	bias, err := G.Reshape(in[2], tensor.Shape{1, w.Shape()[0], 1, 1})
	if err != nil {
		return nil, err
	}
	return G.BroadcastAdd(y, bias, nil, []byte{0, 2, 3})
}

func (n *Net) norm(s accel.Step, o accel.Norm, in []*G.Node) (*G.Node, error) {
	r := running{mean: s.In[3], variance: s.In[4]}
	r.m = append(r.m, n.prog.Values[r.mean].Const...)
	r.v = append(r.v, n.prog.Values[r.variance].Const...)
	if len(r.m) == 0 || len(r.v) == 0 {
		return nil, fmt.Errorf("op Norm: %w: moments that are not constants", accel.ErrUnsupported)
	}
	layer := newNorm(fmt.Sprintf("%s#%d", s.Name, len(n.norms)), o, n.cfg.BatchMoments, r)
	n.norms = append(n.norms, layer)
	return layer.apply(in[0], in[1], in[2])
}

// linear is a dense layer, x*w^T + bias.
func linear(o accel.MatMul, in []*G.Node) (*G.Node, error) {
	if o.TransA || !o.TransB || o.Alpha != 1 || o.Beta != 1 || in[0].Dims() != 2 || in[1].Dims() != 2 {
		return nil, fmt.Errorf("op MatMul: %w: want a [N K], b [P K] transposed, alpha and beta 1", accel.ErrUnsupported)
	}
	wt, err := G.Transpose(in[1])
	if err != nil {
		return nil, err
	}
	y, err := G.Mul(in[0], wt)
	if err != nil || len(in) < 3 || in[2] == nil {
		return y, err
	}
	bias, err := G.Reshape(in[2], tensor.Shape{1, in[1].Shape()[0]})
	if err != nil {
		return nil, err
	}
	return G.BroadcastAdd(y, bias, nil, []byte{0})
}

// binary combines equal shapes, or every row of a matrix with the one row of
// another.
func binary(name string, o accel.Binary, in []*G.Node) (*G.Node, error) {
	same := in[0].Shape().Eq(in[1].Shape())
	if !same && !isRowOf(in[1], in[0]) {
		return nil, fmt.Errorf("op %s: %w: broadcasting %v with %v", o.Fn, accel.ErrUnsupported, in[0].Shape(), in[1].Shape())
	}
	switch {
	case o.Fn == accel.Add && same:
		return G.Add(in[0], in[1])
	case o.Fn == accel.Mul && same:
		return G.HadamardProd(in[0], in[1])
	case o.Fn == accel.Add:
		return addRow(name, in[0], in[1])
	case o.Fn == accel.Mul:
		return mulRow(name, in[0], in[1])
	}
	return nil, fmt.Errorf("op %s: %w: gradients exist for %s", o.Fn, accel.ErrUnsupported, supported)
}
