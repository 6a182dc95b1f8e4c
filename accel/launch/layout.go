package launch

import (
	"cmp"
	"slices"

	"ttad/accel"
)

// layout says which slot of device memory each value and each piece of scratch lies
// in. Those that are not alive at the same time share one.
type layout struct {
	floats []int // of each slot, the longest first
	values []int // slot of each value; -1 for those that lie elsewhere
	pieces []piece
	slots  []int // of each piece
}

// slot is memory while slots are given out.
type slot struct {
	floats int
	free   bool
}

// layouter gives out slots, node by node.
type layouter struct {
	slots []slot
	out   layout
	last  []int // the last node that reads each value
}

// layOut places the results and the scratch of a lowered plan.
func layOut(p *plan, l *lowering) layout {
	g := &layouter{last: p.lastReads()}
	g.out.values = slices.Repeat([]int{-1}, len(p.root))
	g.out.pieces = l.pieces
	piece := 0
	for i, n := range p.nodes {
		g.out.values[n.out] = g.take(p.program.Values[n.out].Shape.Elements(l.rows))
		first := piece
		for ; piece < len(l.pieces) && l.pieces[piece].node == i; piece++ {
			g.out.slots = append(g.out.slots, g.take(l.pieces[piece].floats))
		}
		for _, at := range g.out.slots[first:piece] {
			g.slots[at].free = true
		}
		g.release(p, i)
	}
	g.sort()
	return g.out
}

// lastReads is the last node that reads a value under any of its names; the node that
// makes it when none does, and beyond all nodes for outputs.
func (p *plan) lastReads() []int {
	last := make([]int, len(p.root))
	for i, n := range p.nodes {
		last[p.root[n.out]] = i
		for _, id := range n.reads() {
			last[p.root[id]] = i
		}
	}
	for _, id := range p.program.Outputs {
		last[p.root[id]] = len(p.nodes)
	}
	return last
}

// reads are the values a node needs.
func (n *node) reads() []accel.ValueID {
	all := append(slices.Clone(n.in), n.tail.add)
	return slices.DeleteFunc(all, func(id accel.ValueID) bool { return id == accel.NoValue })
}

// take finds a free slot for so many floats: the shortest that will do, else the
// longest, which grows.
func (g *layouter) take(floats int) int {
	best := -1
	for i, s := range g.slots {
		if s.free && (best < 0 || better(s.floats, g.slots[best].floats, floats)) {
			best = i
		}
	}
	if best < 0 {
		g.slots = append(g.slots, slot{})
		best = len(g.slots) - 1
	}
	g.slots[best] = slot{floats: max(g.slots[best].floats, floats)}
	return best
}

// better reports whether slots of a floats suit better than those of b.
func better(a, b, wanted int) bool {
	if (a >= wanted) != (b >= wanted) {
		return a >= wanted
	}
	return a >= wanted && a < b || a < wanted && a > b
}

// release frees the slots of values nobody reads after node i.
func (g *layouter) release(p *plan, i int) {
	done := func(id accel.ValueID) {
		root := p.root[id]
		if at := g.out.values[root]; at >= 0 && g.last[root] == i {
			g.slots[at].free = true
		}
	}
	done(p.nodes[i].out)
	for _, id := range p.nodes[i].reads() {
		done(id)
	}
}

// sort puts long slots first, so that the layouts of different forms can use the same
// memory one by one.
func (g *layouter) sort() {
	order := make([]int, len(g.slots))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(g.slots[b].floats, g.slots[a].floats) })
	place := make([]int, len(order))
	for to, from := range order {
		place[from] = to
		g.out.floats = append(g.out.floats, g.slots[from].floats)
	}
	for i, at := range g.out.values {
		if at >= 0 {
			g.out.values[i] = place[at]
		}
	}
	for i, at := range g.out.slots {
		g.out.slots[i] = place[at]
	}
}
