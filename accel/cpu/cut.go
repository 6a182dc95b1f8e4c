package cpu

import (
	"slices"

	"ttad/accel"
)

// A chunk's values should stay in a worker's second-level cache from the kernel
// that makes them to the last one that reads them. More rows than mostRows would
// leave less to share out and gain nothing.
const (
	chunkBudget = 1 << 18
	mostRows    = 32
)

// cut divides the nodes into segments: the longest runs that rows can go through
// on their own, and what lies between them.
func (b *planner) cut(maxRows int) (segments []segment) {
	for i := 0; i < len(b.nodes); {
		s := segment{first: i, end: i + 1}
		alone := b.rowWise(b.nodes[i])
		for s.end < len(b.nodes) && b.rowWise(b.nodes[s.end]) == alone {
			s.end++
		}
		if alone {
			b.size(&s, maxRows)
		}
		segments = append(segments, s)
		i = s.end
	}
	return segments
}

// size decides how many rows of the batch make a chunk. Only shapes have a say:
// the number of workers must not, for moments are added up chunk by chunk.
func (b *planner) size(s *segment, maxRows int) {
	s.rows = 1
	for _, n := range b.nodes[s.first:s.end] {
		s.work += b.work(n)
	}
	most := b.busiest(s)
	for s.rows < min(mostRows, maxRows) && 2*s.rows*most <= chunkBudget && b.layLocal(s, 2*s.rows).size <= chunkBudget {
		s.rows *= 2
	}
}

// busiest is the floats of a row that one node of a segment reads and writes, of
// the node with most of them.
func (b *planner) busiest(s *segment) (most int) {
	for _, n := range b.nodes[s.first:s.end] {
		ids := n.reads()
		if n.out != accel.NoValue {
			ids = append(ids, n.out)
		}
		each := 0
		for _, id := range ids {
			each += b.each(id)
		}
		most = max(most, each)
	}
	return most
}

// work is a guess at a row's elementary operations, good enough to tell whether
// to share them out.
func (b *planner) work(n *node) int {
	each := func(id accel.ValueID) int { return elements(b.p.Values[id].Shape, 1) }
	switch op := n.op.(type) {
	case accel.Conv:
		return each(n.out) * each(n.in[1]) / b.p.Values[n.out].Shape[1].Fixed
	case productOp:
		return each(n.out) * op.k.At(1)
	case accel.MatMul:
		a := b.p.Values[n.in[0]].Shape
		return each(n.out) * a[len(a)-1].At(1)
	}
	if n.out == accel.NoValue {
		return 4 * each(n.in[0])
	}
	return 4 * each(n.out)
}

// touched lists the values that a segment's nodes read or make.
func (b *planner) touched(s *segment) (ids []accel.ValueID) {
	for _, n := range b.nodes[s.first:s.end] {
		ids = append(append(ids, n.reads()...), n.out)
	}
	ids = slices.DeleteFunc(ids, func(id accel.ValueID) bool { return id == accel.NoValue })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// slots tells where chunks find the values that a segment's nodes read or make.
func (b *planner) slots(s *segment, m *memory) (slots []slot) {
	for _, id := range b.touched(s) {
		slots = append(slots, slot{id, b.each(id), m.local[b.root[id]]})
	}
	return slots
}
