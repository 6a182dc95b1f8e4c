package grad

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"ttad/accel"
)

// isRowOf reports whether r is [1 width] and x [rows width].
func isRowOf(r, x *G.Node) bool {
	return x.Dims() == 2 && r.Dims() == 2 && r.Shape()[0] == 1 && r.Shape()[1] == x.Shape()[1]
}

// addRow adds r [1 width] to every row of x. Its gradient to r is the sum of the
// rows' gradients.
func addRow(name string, x, r *G.Node) (*G.Node, error) {
	id := fmt.Sprintf("%s#%d.%d.addrow", name, x.ID(), r.ID())
	back := &op{name: id + ".dr", dims: []int{2, 2}, outDims: 2, shape: sameAs(0), run: func(out []float32, in []operand) {
		clear(out)
		for i, g := range in[1].data {
			out[i%len(out)] += g
		}
	}}
	forward := &op{name: id, dims: []int{2, 2}, outDims: 2, shape: sameAs(0), run: func(out []float32, in []operand) {
		for i, v := range in[0].data {
			out[i] = v + in[1].data[i%len(in[1].data)]
		}
	}}
	forward.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		dr, err := G.ApplyOp(back, in[1], grad)
		return G.Nodes{grad, dr}, err
	}
	return G.ApplyOp(forward, x, r)
}

// mulRow multiplies every row of x by r [1 width].
func mulRow(name string, x, r *G.Node) (*G.Node, error) {
	id := fmt.Sprintf("%s#%d.%d.mulrow", name, x.ID(), r.ID())
	scaled := func(out []float32, in []operand) {
		for i, v := range in[0].data {
			out[i] = v * in[1].data[i%len(in[1].data)]
		}
	}
	toX := &op{name: id + ".dx", dims: []int{2, 2}, outDims: 2, shape: sameAs(0), run: scaled}
	toR := &op{name: id + ".dr", dims: []int{2, 2, 2}, outDims: 2, shape: sameAs(0), run: func(out []float32, in []operand) {
		clear(out)
		for i, g := range in[2].data {
			out[i%len(out)] += g * in[1].data[i]
		}
	}}
	forward := &op{name: id, dims: []int{2, 2}, outDims: 2, shape: sameAs(0), run: scaled}
	forward.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		dx, err := G.ApplyOp(toX, grad, in[1])
		if err != nil {
			return nil, err
		}
		dr, err := G.ApplyOp(toR, in[1], in[0], grad)
		return G.Nodes{dx, dr}, err
	}
	return G.ApplyOp(forward, x, r)
}

// slice takes neighbouring columns of a matrix.
func slice(name string, o accel.Slice, x *G.Node) (*G.Node, error) {
	if x.Dims() != 2 || o.Axis != 1 || o.Step != 1 || !o.Start.Static() || !o.Count.Static() {
		return nil, fmt.Errorf("op Slice: %w: axis %d of %v in steps of %d; want neighbouring columns of a matrix",
			accel.ErrUnsupported, o.Axis, x.Shape(), o.Step)
	}
	from, count := o.Start.Fixed, o.Count.Fixed
	id := fmt.Sprintf("%s#%d.slice%d:%d", name, x.ID(), from, count)
	back := &op{name: id + ".dx", dims: []int{2, 2}, outDims: 2, shape: sameAs(0), run: func(out []float32, in []operand) {
		clear(out)
		copyColumns(out, from, in[0].shape[1], in[1].data, 0, count, count)
	}}
	forward := &op{name: id, dims: []int{2}, outDims: 2,
		shape: func(in []tensor.Shape) tensor.Shape { return tensor.Shape{in[0][0], count} },
		run: func(out []float32, in []operand) {
			copyColumns(out, 0, count, in[0].data, from, in[0].shape[1], count)
		}}
	forward.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		g, err := G.ApplyOp(back, in[0], grad)
		return G.Nodes{g}, err
	}
	return G.ApplyOp(forward, x)
}

// copyColumns copies count columns between matrices of other widths.
func copyColumns(dst []float32, to, dstWidth int, src []float32, from, srcWidth, count int) {
	for r := range len(src) / srcWidth {
		copy(dst[r*dstWidth+to:r*dstWidth+to+count], src[r*srcWidth+from:])
	}
}
