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
	b.undoneMoves()
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
	if next.step != noStep {
		n.fused = append(n.fused, next.step)
	}
	n.out = next.out
	b.remove(j)
}

// meltAround lets node i, a MatMul, read and write elsewhere if that helps.
func (b *planner) meltAround(i int) {
	n := b.nodes[i]
	op := n.op.(accel.MatMul)
	left, ok := b.origin(n.in[0])
	right, ok2 := b.origin(n.in[1])
	if !ok || !ok2 {
		return
	}
	if left.matrix(op.TransA).batchInside() {
		b.hoistRows(i, op, left, right)
		return
	}
	result, ok := rowMajorOf(n.out, b.p.Values[n.out].Shape)
	if !ok {
		return
	}
	to := b.destination(i, result)
	if left.source == n.in[0] && right.source == n.in[1] && len(to.moves) == 0 {
		return
	}
	p, ok := layProduct(op, left, right, result, to.written)
	if !ok {
		return
	}
	for range to.moves {
		b.swallow(i, b.onlyReader(n.out, i))
	}
	b.become(n, op, p, left, right)
	if to.hoisted {
		b.restore(i, to.order, to.flat)
	}
}

// become makes a MatMul read elsewhere.
func (b *planner) become(n *node, op accel.MatMul, p product, left, right strided) {
	op.Alpha = float32(float64(op.Alpha) * left.scale * right.scale)
	n.op = productOp{op, p}
	n.in = slices.Clone(n.in) // the program's own list must not change
	b.reread(n, 0, left.source)
	b.reread(n, 1, right.source)
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

// destination is where a product writes its result: what moves after it make of it.
type destination struct {
	moves   []*node
	written strided  // the axes of the result in the memory of the last one's
	flat    []factor // the axes of the last one's result, cut as they need to be
	order   []factor // the same in the order they lie in
	hoisted bool     // that is another one: the batch goes first
}

// destination follows a result forward through moves that nobody else sees, as long
// as the product can write its axes there.
func (b *planner) destination(i int, result strided) destination {
	best := destination{written: result}
	n := b.nodes[i]
	if optional(n.in, 2) != accel.NoValue {
		return best // which is added where the shapes say
	}
	var passed []*node
	for at, to := n.out, result; ; {
		j := b.onlyReader(at, i)
		if j < 0 || !rearranges(b.nodes[j].op) {
			return best
		}
		var ok bool
		if to, ok = b.moved(to, b.nodes[j]); !ok {
			return best
		}
		passed, at = append(passed, b.nodes[j]), b.nodes[j].out
		if d, ok := written(result, to); ok {
			best, best.moves = d, slices.Clone(passed)
		}
	}
}

// rearranges reports whether an operator gives all elements other places.
func rearranges(op accel.Op) bool {
	switch op.(type) {
	case accel.Reshape, accel.Transpose:
		return true
	}
	return false
}

// dropMoves removes moves whose result nobody reads any more.
func (b *planner) dropMoves() {
	for i := len(b.nodes) - 1; i >= 0; i-- {
		n := b.nodes[i]
		if b.uses[n.out] > 0 || !b.moves(n) {
			continue
		}
		b.forget(n)
		for _, id := range n.in {
			if id != accel.NoValue {
				b.uses[id]--
			}
		}
		b.remove(i)
	}
}

// forget notes that nothing is computed for a node's step.
func (b *planner) forget(n *node) {
	if n.step != noStep {
		b.free = append(b.free, n.step)
	}
}
