package cpu

import (
	"slices"

	"ttad/accel"
)

// Around the products of attention (Vaswani et al. 2017, arXiv:1706.03762) exporters
// write moves: heads are split off, rows and columns change places, queries, keys and
// values are cut out of one value. A product can read such matrices where they came
// from, and write its results where they go, and then nobody needs to move them. Nor
// need the scores be scaled in a pass of their own.

// productOp is a MatMul whose matrices lie as product says.
type productOp struct {
	accel.MatMul
	product
}

// meltMoves lets products do the moves and scalings before and after them.
func (b *planner) meltMoves() {
	for i := 0; i < len(b.nodes); i++ { // what is melted goes
		n := b.nodes[i]
		if op, ok := n.op.(accel.MatMul); ok && n.fold == nil {
			n.op = b.scaleAfter(i, op)
			b.meltAround(i)
		}
	}
	b.dropMoves()
}

// scaleAfter melts scalings of a product into its alpha.
func (b *planner) scaleAfter(i int, op accel.MatMul) accel.MatMul {
	n := b.nodes[i]
	for optional(n.in, 2) == accel.NoValue {
		j := b.onlyReader(n.out, i)
		if j < 0 || b.nodes[j].in[0] != n.out {
			break
		}
		by, ok := b.scaling(b.nodes[j])
		if !ok {
			break
		}
		op.Alpha = float32(float64(op.Alpha) * by)
		b.swallow(i, j)
	}
	return op
}

// swallow makes node j, which reads node i's result alone, a part of it.
func (b *planner) swallow(i, j int) {
	n, next := b.nodes[i], b.nodes[j]
	n.fused = append(n.fused, next.step)
	n.out = next.out
	b.remove(j)
}

// meltAround lets node i, a MatMul, read and write elsewhere if that helps.
func (b *planner) meltAround(i int) {
	n := b.nodes[i]
	op := n.op.(accel.MatMul)
	left, ok := b.origin(n.in[0])
	right, ok2 := b.origin(n.in[1])
	result, ok3 := rowMajorOf(n.out, b.p.Values[n.out].Shape)
	if !ok || !ok2 || !ok3 {
		return
	}
	moves, written := b.destination(i, result)
	if left.source == n.in[0] && right.source == n.in[1] && len(moves) == 0 {
		return
	}
	p, ok := layProduct(op, left, right, result, written)
	if !ok {
		return
	}
	op.Alpha = float32(float64(op.Alpha) * left.scale * right.scale)
	n.op = productOp{op, p}
	n.in = slices.Clone(n.in) // the program's own list must not change
	b.reread(n, 0, left.source)
	b.reread(n, 1, right.source)
	for range moves {
		b.swallow(i, b.onlyReader(n.out, i))
	}
}

func (b *planner) reread(n *node, operand int, id accel.ValueID) {
	b.uses[n.in[operand]]--
	b.uses[id]++
	n.in[operand] = id
}

// origin follows a value back through moves and scalings to the one that holds its
// elements.
func (b *planner) origin(id accel.ValueID) (strided, bool) {
	if n := b.maker(id); n != nil {
		if v, ok := b.origin(n.in[0]); ok {
			if v, ok = b.moved(v, n); ok {
				return v, true
			}
		}
	}
	return rowMajorOf(id, b.p.Values[id].Shape)
}

// maker returns the node that makes a value by moving or scaling another, nil if
// there is none.
func (b *planner) maker(id accel.ValueID) *node {
	i := slices.IndexFunc(b.nodes, func(n *node) bool { return n.out == id })
	if i < 0 || !b.moves(b.nodes[i]) {
		return nil
	}
	return b.nodes[i]
}

// moves reports whether a node does nothing but move elements and scale them.
func (b *planner) moves(n *node) bool {
	switch n.op.(type) {
	case accel.Reshape, accel.Transpose, accel.Slice, accel.Gather:
		return true
	}
	_, ok := b.scaling(n)
	return ok
}

// destination follows a result forward through moves that nobody else sees, as long
// as the product can write its axes there. It returns these moves and the axes in
// the memory of what the last one makes.
func (b *planner) destination(i int, result strided) (moves []*node, written strided) {
	written = result
	n := b.nodes[i]
	if optional(n.in, 2) != accel.NoValue {
		return nil, written // which is added where the shapes say
	}
	var passed []*node
	at, to := n.out, result
	for {
		j := b.onlyReader(at, i)
		if j < 0 {
			return moves, written
		}
		next := b.nodes[j]
		switch next.op.(type) {
		case accel.Reshape, accel.Transpose:
		default:
			return moves, written
		}
		var ok bool
		if to, ok = b.moved(to, next); !ok {
			return moves, written
		}
		passed, at = append(passed, next), next.out
		if w, ok := rewritten(result, to); ok {
			moves, written = slices.Clone(passed), w
		}
	}
}

// rewritten returns the axes of a row-major value as they lie in the memory of
// another one, which to describes as axes of the first.
func rewritten(value, to strided) (strided, bool) {
	strides, step := map[factor]int{}, 1
	for i := len(to.axes) - 1; i >= 0; i-- {
		for k := len(to.axes[i]) - 1; k >= 0; k-- {
			f := to.axes[i][k]
			strides[f] = step
			if !f.extent.Static() && len(strides) < value.factors() {
				return value, false // the batch is no longer outermost
			}
			step *= f.extent.Fixed
		}
	}
	if len(strides) != value.factors() {
		return value, false
	}
	axes := make([][]factor, len(value.axes))
	for i, axis := range value.axes {
		for _, f := range axis {
			stride, ok := strides[f]
			if !ok {
				return value, false // cut in pieces
			}
			axes[i] = append(axes[i], factor{f.extent, stride})
		}
	}
	value.axes = axes
	return value, true
}

func (v *strided) factors() (n int) {
	for _, axis := range v.axes {
		n += len(axis)
	}
	return n
}

// dropMoves removes moves whose result nobody reads any more.
func (b *planner) dropMoves() {
	for i := len(b.nodes) - 1; i >= 0; i-- {
		n := b.nodes[i]
		if b.uses[n.out] > 0 || !b.moves(n) {
			continue
		}
		b.free = append(b.free, n.step)
		for _, id := range n.in {
			if id != accel.NoValue {
				b.uses[id]--
			}
		}
		b.remove(i)
	}
}
