package cpu

import (
	"slices"

	"ttad/accel"
)

// stretch is what is to know of some row-wise nodes in order to cut them into segments:
// floats and operations, those of one row but for the weights, which all rows share.
type stretch struct {
	first   int   // node
	weights []int // of each node
	work    []int // likewise: multiplications and additions, about
	values  []int // alive while each node is at work, or passing
	across  []int // made before each node, the end included, and read from there on
}

func (b *planner) newStretch(first, end int) *stretch {
	n := end - first
	s := &stretch{first, make([]int, n), make([]int, n), make([]int, n), make([]int, n+1)}
	for i, n := range b.nodes[first:end] {
		s.weights[i], s.work[i] = b.weights(n), b.work(n)
	}
	for root, span := range b.spans(first, end) {
		each := b.each(root)
		for i := span.first; i <= span.last; i++ {
			s.values[i] += each
		}
		for i := span.first + 1; i <= span.last; i++ {
			s.across[i] += each
		}
		if b.passes(root, first, end) {
			for i := range s.values {
				s.values[i] += each
			}
		}
	}
	return s
}

// passes reports whether nodes read a value that others made, or make one that others
// read. It lies in the batch's memory, where every chunk has a part of its own, and
// takes room in the cache before and after it is touched: when the processor fetches
// ahead and writes back.
func (b *planner) passes(root accel.ValueID, first, end int) bool {
	made := slices.IndexFunc(b.nodes, func(n *node) bool { return n.out == root })
	last := b.last[root]
	return made >= 0 && (made < first || last >= end && last < len(b.nodes))
}

// span is the first and the last node of a run that touches a value.
type span struct{ first, last int }

func (b *planner) spans(first, end int) map[accel.ValueID]span {
	spans := map[accel.ValueID]span{}
	for i, n := range b.nodes[first:end] {
		for _, id := range n.touches() {
			s, ok := spans[b.root[id]]
			if !ok {
				s.first = i
			}
			s.last = i
			spans[b.root[id]] = s
		}
	}
	return spans
}

// touches lists what a node reads and makes.
func (n *node) touches() []accel.ValueID {
	if n.out == accel.NoValue {
		return n.reads()
	}
	return append(n.reads(), n.out)
}

// weights is the constants a node goes through for every chunk.
func (b *planner) weights(n *node) int {
	switch op := n.op.(type) {
	case accel.Conv:
		if b.isWinograd(n, op) {
			return winogradGrowth * len(b.constant(n.in[1]))
		}
		return len(b.constant(n.in[1]))
	case accel.MatMul:
		return len(b.constant(n.in[1]))
	}
	return 0
}

// winogradGrowth is how many times as large transformed 3x3 weights are.
const winogradGrowth = 4

// part is some neighbouring nodes of a stretch.
type part struct {
	weights int // of all of them
	largest int // of one of them
	work    int // of all of them
	values  int // the most that is alive at a time
}

// add is the part with node i as well.
func (s *stretch) add(p part, i int) part {
	w := s.weights[i]
	return part{p.weights + w, max(p.largest, w), p.work + s.work[i], max(p.values, s.values[i])}
}

// rows is how many rows make a chunk. Only shapes have a say: the number of workers
// must not, for moments are added up chunk by chunk.
func (p part) rows(maxRows int) int {
	most, rows := mostRows, 1
	if p.weights > weightBudget {
		most = heavyRows
	}
	// Weights that pass through the cache leave values no home in it: then these are
	// to be few beside them.
	budget := max(chunkBudget, p.largest/4)
	for rows < min(most, maxRows) && 2*rows*p.values <= budget {
		rows *= 2
	}
	return rows
}

// traffic is the floats read beyond the cache, for each row, when the part is a
// segment, as far as arithmetic does not hide it.
func (p part) traffic() float64 {
	rows := float64(p.rows(heavyRows))
	t := chunkCost / rows
	if p.weights > weightBudget {
		t += max(0, float64(p.weights)/rows-float64(p.work)/hiddenBy)
	}
	return t
}

// work is a guess at a row's elementary operations, good enough to tell whether
// to share them out.
func (b *planner) work(n *node) int {
	each := func(id accel.ValueID) int { return elements(b.p.Values[id].Shape, 1) }
	switch op := n.op.(type) {
	case accel.Conv:
		if b.isWinograd(n, op) {
			return each(n.out) * each(n.in[1]) / b.p.Values[n.out].Shape[1].Fixed / winogradGrowth
		}
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
