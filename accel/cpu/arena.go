package cpu

import (
	"math"
	"slices"

	"ttad/accel"
)

// lineFloats is a cache line; values begin on one.
const lineFloats = 16

// memory is where values lie: those of the whole batch in one arena, those that
// live within a segment in an arena of each worker.
type memory struct {
	batch, local []int // offset of each root; -1 where it lies elsewhere
	arena        int   // floats of the batch's arena
	most         int   // floats of a worker's
}

// layOut places every computed value, so that values which are never needed at
// the same time share memory.
func (b *planner) layOut(segments []segment, maxRows int) memory {
	m := memory{local: b.nowhere()}
	for i := range segments {
		if s := &segments[i]; s.rows > 0 {
			local := b.layLocal(s, s.rows)
			m.most = max(m.most, local.size)
			for id, at := range local.offset {
				m.local[id] = max(m.local[id], at)
			}
		}
	}
	all := b.newArena(maxRows, func(id accel.ValueID) bool { return m.local[id] < 0 })
	for i := range segments {
		all.lay(&segments[i])
	}
	m.batch, m.arena = all.offset, all.size
	return m
}

// layLocal places the values nobody outside a segment reads, for chunks of so
// many rows.
func (b *planner) layLocal(s *segment, rows int) *arena {
	within := make([]bool, len(b.p.Values))
	for _, n := range b.nodes[s.first:s.end] {
		if n.out != accel.NoValue {
			within[n.out] = b.last[n.out] < s.end
		}
	}
	a := b.newArena(rows, func(id accel.ValueID) bool { return within[id] })
	a.lay(&segment{first: s.first, end: s.end})
	return a
}

// arena is memory on its way to be shared out among values.
type arena struct {
	gaps
	b      *planner
	rows   int
	holds  func(accel.ValueID) bool // which roots lie in it
	offset []int                    // of each root it holds; -1 for others
	last   []int                    // the node after which each root's memory is free
	// waiting are places whose value was read for the last time in the segment at
	// hand, by one chunk: others may be about to read it.
	waiting []place
}

// place is a value's stretch of an arena.
type place struct {
	gap
	each int // floats a row; 0 for a value that is the same for all rows
}

func (b *planner) newArena(rows int, holds func(accel.ValueID) bool) *arena {
	return &arena{b: b, rows: rows, holds: holds, offset: b.nowhere(), last: slices.Clone(b.last)}
}

func (b *planner) nowhere() []int { return slices.Repeat([]int{-1}, len(b.p.Values)) }

// lay places the results of a segment.
func (a *arena) lay(s *segment) {
	for i := s.first; i < s.end; i++ {
		if n := a.b.nodes[i]; n.out != accel.NoValue && a.holds(n.out) {
			a.offset[n.out] = a.find(n, i)
		}
		for id, at := range a.last {
			if at == i && a.offset[id] >= 0 {
				a.leave(accel.ValueID(id), s.rows > 0)
			}
		}
	}
	for _, p := range a.waiting {
		a.give(p.offset, p.floats)
	}
	a.waiting = a.waiting[:0]
}

// find returns where a node's result goes: over an operand it replaces, over a
// value every chunk of which is done with when the same chunk of this one is
// made, or into a gap.
func (a *arena) find(n *node, i int) int {
	if from := a.replaceable(n, i); from != accel.NoValue {
		a.last[from] = -1 // its memory is not free afterwards
		return a.offset[from]
	}
	each := a.b.each(n.out)
	for k, p := range a.waiting {
		if each > 0 && p.each == each {
			a.waiting = slices.Delete(a.waiting, k, k+1)
			return p.offset
		}
	}
	return a.take(a.floats(n.out))
}

// leave frees a value's memory, when the segment ends if its chunks are at work
// at different times.
func (a *arena) leave(id accel.ValueID, chunked bool) {
	p := place{gap{a.offset[id], a.floats(id)}, a.b.each(id)}
	if chunked {
		a.waiting = append(a.waiting, p)
		return
	}
	a.give(p.offset, p.floats)
}

func (a *arena) floats(id accel.ValueID) int {
	return roundUp(a.b.layouts[id].floats(a.b.p.Values[id].Shape, a.rows), lineFloats)
}

// each is the floats of a value that belong to one row of the batch, 0 when its
// memory is not made of rows.
func (b *planner) each(id accel.ValueID) int {
	if s := b.p.Values[id].Shape; byRows(s) {
		return b.layouts[id].floats(s, 1)
	}
	return 0
}

// lastReads finds, for each root, the last node that reads it or any value that
// shares its memory; the node that computes it when nobody does.
func (b *planner) lastReads() []int {
	last := make([]int, len(b.p.Values))
	for i := range last {
		last[i] = -1
	}
	for i, n := range b.nodes {
		if n.out != accel.NoValue {
			last[n.out] = i
		}
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
// here for the last time, element by element in the order of the result.
func (a *arena) replaceable(n *node, i int) accel.ValueID {
	candidates, tail := n.in, n.tail
	switch op := n.op.(type) {
	case accel.Map, accel.Binary:
	case applyOp:
		if addend := a.b.residual(n, op); addend != accel.NoValue {
			candidates, tail = append(candidates[:1:1], addend), tail[1:]
		}
	default:
		return accel.NoValue
	}
	for _, id := range candidates {
		root := a.b.root[id]
		sameShape := a.b.p.Values[id].Shape.Equal(a.b.p.Values[n.out].Shape)
		if a.last[root] == i && a.offset[root] >= 0 && sameShape && a.b.layouts[id] == a.b.layouts[n.out] && !a.b.adds(tail, root) {
			return root
		}
	}
	return accel.NoValue
}

// adds reports whether a tail adds a value. It begins when a range of the result is
// written already.
func (b *planner) adds(tail []tailing, root accel.ValueID) bool {
	return slices.ContainsFunc(tail, func(t tailing) bool {
		return t.add != accel.NoValue && b.root[t.add] == root
	})
}

// residual returns what the kernel of a norm adds before it writes anything, if its
// tail begins with an addition.
func (b *planner) residual(n *node, op applyOp) accel.ValueID {
	if len(n.tail) == 0 || op.Virtual || !b.isBlocks(n.out) && len(b.p.Values[n.out].Shape) > 2 {
		return accel.NoValue
	}
	return n.tail[0].add
}

// matchBorders gives the result of a norm the border of what is added to it, so that
// one can replace the other: down a chain of residual blocks, one value's memory
// does for all.
func (b *planner) matchBorders() {
	for _, n := range b.nodes {
		if op, ok := n.op.(applyOp); ok && b.isBlocks(n.out) {
			if id := b.residual(n, op); id != accel.NoValue {
				b.widen(n.out, b.layouts[id].border)
			}
		}
	}
}
