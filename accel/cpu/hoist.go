package cpu

import (
	"slices"

	"ttad/accel"
)

// Some exporters turn the batch inside: nn.MultiheadAttention of PyTorch works on
// [tokens batch width]. Rows of the batch cannot go through such steps on their own.
// So a product writes the batch first, whatever its result's shape says, and moves
// behind it restore that shape for whoever needs it: other products do not.

// batchFirst returns factors with the one that depends on the batch in front.
func batchFirst(flat []factor) (order []factor, ok bool) {
	i := slices.IndexFunc(flat, func(f factor) bool { return !f.extent.Static() })
	if i < 0 {
		return nil, false
	}
	order = append([]factor{flat[i]}, flat[:i]...)
	return append(order, flat[i+1:]...), true
}

// written works out how the axes of a row-major value lie in the memory of another
// one, which to describes as axes of the first, or would with the batch first.
func written(value, to strided) (d destination, ok bool) {
	for _, axis := range to.axes {
		d.flat = append(d.flat, axis...)
	}
	if d.order, ok = batchFirst(d.flat); !ok {
		return d, false
	}
	d.hoisted = !slices.Equal(d.order, d.flat)
	places, step := map[int]factor{}, 1
	for _, f := range slices.Backward(d.order) {
		places[f.stride] = factor{f.extent, step}
		step *= f.extent.Fixed
	}
	axes := make([][]factor, len(value.axes))
	for i, axis := range value.axes {
		for _, f := range axis {
			pieces, ok := piecesOf(f, places)
			if !ok {
				return d, false
			}
			axes[i] = append(axes[i], pieces...)
		}
	}
	d.written = value
	d.written.axes = axes
	return d, true
}

// piecesOf cuts a factor into those that places knows, by where they begin in the
// memory the factor is an axis of.
func piecesOf(f factor, places map[int]factor) (pieces []factor, ok bool) {
	left, at := f.extent, f.stride
	for left != accel.Fixed(1) {
		piece, known := places[at]
		if !known {
			return nil, false
		}
		if left, ok = quotient(left, piece.extent); !ok {
			return nil, false
		}
		pieces = append([]factor{piece}, pieces...)
		at *= piece.extent.Fixed
	}
	return pieces, true
}

// batchInside reports whether rows of matrices begin with something else.
func (v strided) batchInside() bool {
	flat := v.rowFactors()
	order, ok := batchFirst(flat)
	return ok && !slices.Equal(order, flat)
}

// rowFactors are all factors but those of the columns.
func (v *strided) rowFactors() (flat []factor) {
	for _, axis := range v.axes[:len(v.axes)-1] {
		flat = append(flat, axis...)
	}
	return flat
}

// hoistRows lets node i, the product of rows of some value with a single matrix,
// write the batch first where its result's shape has it inside.
func (b *planner) hoistRows(i int, op accel.MatMul, left, right strided) {
	n := b.nodes[i]
	shape := b.p.Values[n.out].Shape
	left, last := left.matrix(op.TransA), len(shape)-1
	if !right.single() || len(left.axes) != len(shape) || !shape[last].Static() || !b.addsPerColumn(n, shape[last]) {
		return
	}
	flat := left.rowFactors()
	order, ok := batchFirst(flat)
	if !ok || len(order) >= maxRank {
		return
	}
	rows := left
	rows.axes = nil
	for k := range order {
		rows.axes = append(rows.axes, order[k:k+1])
	}
	rows.axes = append(rows.axes, left.axes[last])
	columns := factor{extent: shape[last]}
	order, flat = append(order, columns), append(flat, columns)
	result, ok := rowMajorOf(n.out, extentsOf(order))
	if !ok {
		return
	}
	op.TransA = false
	p, ok := layProduct(op, rows, right, result, result)
	if !ok {
		return
	}
	b.become(n, op, p, left, right)
	b.restore(i, order, flat)
}

// addsPerColumn reports whether a product adds nothing, or a constant for each
// column.
func (b *planner) addsPerColumn(n *node, columns accel.Dim) bool {
	c := optional(n.in, 2)
	if c == accel.NoValue {
		return true
	}
	v := b.p.Values[c]
	return v.Const != nil && b.constant(n.in[1]) != nil && len(v.Shape) == 1 && v.Shape[0] == columns
}

func extentsOf(factors []factor) (s accel.Shape) {
	for _, f := range factors {
		s = append(s, f.extent)
	}
	return s
}

// restore gives the result of node i a value of its own, with the axes order, and
// makes what it was from that: the axes flat, in the shape it has.
func (b *planner) restore(i int, order, flat []factor) {
	n := b.nodes[i]
	v := b.p.Values[n.out]
	perm := make([]int, len(flat))
	for k, f := range flat {
		perm[k] = slices.Index(order, f)
	}
	hoisted := b.addValue(accel.Value{Name: v.Name, Shape: extentsOf(order)}, layout{})
	turned := b.addValue(accel.Value{Name: v.Name, Shape: extentsOf(flat)}, layout{})
	b.uses[hoisted], b.uses[turned] = 1, 1
	b.nodes = slices.Insert(b.nodes, i+1,
		&node{step: noStep, op: accel.Transpose{Perm: perm}, in: []accel.ValueID{hoisted}, out: turned},
		&node{step: noStep, op: accel.Reshape{To: v.Shape}, in: []accel.ValueID{turned}, out: n.out})
	n.out = hoisted
}

// undoneMoves finds moves that leave all elements in the order they had before
// earlier ones: at most the shape differs.
func (b *planner) undoneMoves() {
	for i := 0; i < len(b.nodes); i++ {
		n := b.nodes[i]
		if !rearranges(n.op) {
			continue
		}
		v, ok := b.origin(n.out)
		if !ok || v.source == n.out || !b.inOrder(v) {
			continue
		}
		n.op = accel.Reshape{To: b.p.Values[n.out].Shape}
		n.in = slices.Clone(n.in) // the program's own list must not change
		b.reread(n, 0, v.source)
		if b.p.Values[v.source].Shape.Equal(b.p.Values[n.out].Shape) {
			b.forget(n)
			b.remove(i)
			b.substitute(n.out, v.source)
			i--
		}
	}
}

// inOrder reports whether a value has all elements of its source, unscaled, in order.
func (b *planner) inOrder(v strided) bool {
	if v.scale != 1 || v.base != 0 {
		return false
	}
	step := 1
	for _, axis := range slices.Backward(v.axes) {
		for _, f := range slices.Backward(axis) {
			if f.stride != step {
				return false
			}
			if f.extent.Static() {
				step *= f.extent.Fixed
			} else {
				step *= f.extent.PerRow
			}
		}
	}
	return step == elements(b.p.Values[v.source].Shape, 1)
}
