package grad

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"ttad/accel"
)

// relu is one op here: gorgonia's own is a comparison and a product, each with a
// full-size result of its own.
func relu(name string, x *G.Node) (*G.Node, error) {
	d := x.Dims()
	id := fmt.Sprintf("%s#%d.relu", name, x.ID())
	back := &op{name: id + ".dx", dims: []int{d, d}, outDims: d, shape: sameAs(0), run: reluGrad}
	forward := &op{name: id, dims: []int{d}, outDims: d, shape: sameAs(0), run: reluForward}
	forward.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		g, err := G.ApplyOp(back, in[0], grad)
		return G.Nodes{g}, err
	}
	return G.ApplyOp(forward, x)
}

func reluForward(out []float32, in []operand) {
	for i, v := range in[0].data {
		out[i] = max(v, 0)
	}
}

func reluGrad(out []float32, in []operand) {
	for i, v := range in[0].data {
		if v > 0 {
			out[i] = in[1].data[i]
		} else {
			out[i] = 0
		}
	}
}

// mean folds the last axes, all of them from axes[0] on.
func mean(name string, x *G.Node, axes []int, shape tensor.Shape) (*G.Node, error) {
	d := x.Dims()
	for i, axis := range axes {
		if axis != d-len(axes)+i {
			return nil, fmt.Errorf("op ReduceMean: %w: axes %v of %d; want the last ones", accel.ErrUnsupported, axes, d)
		}
	}
	window := accel.Elements(x.Shape()[axes[0]:])
	id := fmt.Sprintf("%s#%d.mean", name, x.ID())
	back := &op{name: id + ".dx", dims: []int{d, len(shape)}, outDims: d, shape: sameAs(0), run: func(out []float32, in []operand) {
		for i := range out {
			out[i] = in[1].data[i/window] / float32(window)
		}
	}}
	forward := &op{name: id, dims: []int{d}, outDims: len(shape),
		shape: func([]tensor.Shape) tensor.Shape { return shape.Clone() },
		run:   func(out []float32, in []operand) { foldMean(out, in[0].data, window) }}
	forward.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		g, err := G.ApplyOp(back, in[0], grad)
		return G.Nodes{g}, err
	}
	return G.ApplyOp(forward, x)
}

func foldMean(out, x []float32, window int) {
	for i := range out {
		var sum float64
		for _, v := range x[i*window : (i+1)*window] {
			sum += float64(v)
		}
		out[i] = float32(sum / float64(window))
	}
}
