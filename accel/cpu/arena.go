package cpu

import (
	"math"
	"slices"

	"ttad/accel"
)

// lineFloats is a cache line; values begin on one.
const lineFloats = 16

// layOut places every computed value in one arena, so that values which are
// never needed at the same time share memory. It returns the offset of each
// root, -1 for those that live elsewhere, and the arena's size in floats.
func (b *planner) layOut(maxRows int) (offset []int, size int) {
	last := b.lastReads()
	offset = make([]int, len(b.p.Values))
	for i := range offset {
		offset[i] = -1
	}
	var free gaps
	for i, n := range b.nodes {
		floats := b.floats(n.out, maxRows)
		if from := b.replaceable(n, i, last, maxRows); from != accel.NoValue && offset[from] >= 0 {
			offset[n.out] = offset[from]
			last[from] = -1 // its memory is not free afterwards
		} else {
			offset[n.out] = free.take(floats)
		}
		for id, at := range last {
			if at == i && offset[id] >= 0 {
				free.give(offset[id], b.floats(accel.ValueID(id), maxRows))
			}
		}
	}
	return offset, free.size
}

func (b *planner) floats(id accel.ValueID, maxRows int) int {
	return roundUp(b.layouts[id].floats(b.p.Values[id].Shape, maxRows), lineFloats)
}

// lastReads returns, for each root, the last node that reads it or any value
// that shares its memory; the node that computes it when nobody does.
func (b *planner) lastReads() []int {
	last := make([]int, len(b.p.Values))
	for i := range last {
		last[i] = -1
	}
	for i, n := range b.nodes {
		last[n.out] = i
		for _, id := range n.reads() {
			last[b.root[id]] = i
		}
	}
	for _, id := range b.p.Outputs {
		last[b.root[id]] = math.MaxInt
	}
	return last
}

// reads lists the operands that are given, the tail's included.
func (n *node) reads() []accel.ValueID {
	var ids []accel.ValueID
	for _, id := range n.in {
		if id != accel.NoValue {
			ids = append(ids, id)
		}
	}
	for _, t := range n.tail {
		if t.add != accel.NoValue {
			ids = append(ids, t.add)
		}
	}
	return ids
}

// replaceable returns an operand the node may overwrite with its result: read
// here for the last time, element by element in the order of the result, and
// not by the tail, which begins when a range of the result is written already.
func (b *planner) replaceable(n *node, i int, last []int, maxRows int) accel.ValueID {
	candidates := n.in
	switch n.op.(type) {
	case accel.Map, accel.Norm:
		candidates = n.in[:1]
	case accel.Binary:
	default:
		return accel.NoValue
	}
	for _, id := range candidates {
		root := b.root[id]
		sameShape := b.p.Values[id].Shape.Equal(b.p.Values[n.out].Shape)
		inTail := slices.ContainsFunc(n.tail, func(t tailing) bool {
			return t.add != accel.NoValue && b.root[t.add] == root
		})
		if last[root] == i && sameShape && !inTail && b.floats(root, maxRows) == b.floats(n.out, maxRows) {
			return root
		}
	}
	return accel.NoValue
}

// gaps is the arena while it is planned: its size and the free stretches of it.
type gaps struct {
	size int
	list []gap // by offset, never touching one another
}

type gap struct{ offset, floats int }

// take returns the offset of the smallest gap that is large enough; if there is
// none the arena grows.
func (g *gaps) take(floats int) int {
	best := -1
	for i, s := range g.list {
		if s.floats >= floats && (best < 0 || s.floats < g.list[best].floats) {
			best = i
		}
	}
	if best < 0 {
		return g.grow(floats)
	}
	at := g.list[best].offset
	g.list[best].offset += floats
	g.list[best].floats -= floats
	if g.list[best].floats == 0 {
		g.list = slices.Delete(g.list, best, best+1)
	}
	return at
}

// grow extends the arena, beginning in the gap at its end if there is one.
func (g *gaps) grow(floats int) int {
	at := g.size
	if n := len(g.list); n > 0 && g.list[n-1].offset+g.list[n-1].floats == g.size {
		at = g.list[n-1].offset
		g.list = g.list[:n-1]
	}
	g.size = at + floats
	return at
}

// give makes a stretch free again.
func (g *gaps) give(offset, floats int) {
	if floats == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(g.list, offset, func(s gap, o int) int { return s.offset - o })
	g.list = slices.Insert(g.list, i, gap{offset, floats})
	if i+1 < len(g.list) && offset+floats == g.list[i+1].offset {
		g.list[i].floats += g.list[i+1].floats
		g.list = slices.Delete(g.list, i+1, i+2)
	}
	if i > 0 && g.list[i-1].offset+g.list[i-1].floats == offset {
		g.list[i-1].floats += g.list[i].floats
		g.list = slices.Delete(g.list, i, i+1)
	}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
