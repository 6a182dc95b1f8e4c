package cpu

import "ttad/accel/cpu/kernel"

// matSizes are the extents of one run: result matrices of m by n, products of
// depth k, and how many of each side there are.
type matSizes struct {
	m, n, k  int
	results  int // result matrices
	rights   int // b matrices
	stack    stack
	left     [2]int // steps between rows and columns of a
	right    [2]int // the same of b
	row      int    // step between rows of y
	panels   panels
	depth    int // of one call of a kernel
	rowBlock int // rows that go through all columns together

	rowParts, columnParts int // tasks of a result matrix, once divided
}

// stack is the leading axes of a product: their extents, and how far each side
// moves along them. packed counts floats of packed right sides.
type stack struct {
	rank         int
	extent       [maxRank]int
	a, b, y      [maxRank]int
	packed       [maxRank]int
	a0, b0, size int // where a and b begin; floats of a packed right side
}

const (
	// callDepth is the deepest call: the weights of a group of columns under it,
	// 32 KiB at most, stay in the first-level cache for all rows of a block. It must
	// depend on nothing but the shape, for sums are cut where calls end.
	callDepth = 256
	// leftFloats bounds a block of rows, which stays in the second-level cache for
	// all columns, and blockRows its rows.
	leftFloats = 1 << 17
	blockRows  = 224
	// conflictFloats is what addresses that compete for the same lines of the
	// first-level cache lie apart, 4 KiB. Copying such rows saves 6 percent of a
	// product of 1024 by 1024 by 1024; copying others costs as much.
	conflictFloats = 1 << 10
)

func (p *product) sizes(rows int, f kernel.Family) matSizes {
	g := matSizes{m: p.m.At(rows), n: p.n.At(rows), k: p.k.At(rows), results: 1, rights: 1}
	g.left = [2]int{p.a.row.at(rows), p.a.col.at(rows)}
	g.right = [2]int{p.b.row.at(rows), p.b.col.at(rows)}
	g.row = p.y.row.at(rows)
	g.panels = newPanels(f, g.k, g.n)
	g.stack.a0, g.stack.b0, g.stack.size = p.a.base, p.b.base, g.panels.floats()
	if p.tall {
		g.m *= elements(p.lead, rows)
	} else {
		g.pile(p, rows)
	}
	g.depth = max(1, roundUp(ceilDiv(g.k, max(1, ceilDiv(g.k, callDepth))), 4))
	g.rowBlock = min(g.m, max(1, leftFloats/max(g.k, 1)), blockRows)
	return g
}

// pile works out the steps along the leading axes.
func (g *matSizes) pile(p *product, rows int) {
	s := &g.stack
	s.rank = len(p.lead)
	for axis := s.rank - 1; axis >= 0; axis-- {
		n := p.lead[axis].At(rows)
		s.extent[axis] = n
		s.a[axis], s.b[axis], s.y[axis] = p.a.lead[axis].at(rows), p.b.lead[axis].at(rows), p.y.lead[axis].at(rows)
		g.results *= n
		if !p.b.lead[axis].resting() {
			s.packed[axis] = g.rights * s.size
			g.rights *= n
		}
	}
}

// place returns where a result matrix and its operands begin, the right one packed.
func (s *stack) place(result int) (a, packed, y int) {
	a = s.a0
	for axis := s.rank - 1; axis >= 0; axis-- {
		i := result % s.extent[axis]
		result /= s.extent[axis]
		a, packed, y = a+i*s.a[axis], packed+i*s.packed[axis], y+i*s.y[axis]
	}
	return a, packed, y
}

// unpacked returns where right matrix number i begins before it is packed.
func (s *stack) unpacked(i int) int {
	b := s.b0
	for axis := s.rank - 1; axis >= 0; axis-- {
		if s.packed[axis] == 0 {
			continue // shared along this axis
		}
		b += i % s.extent[axis] * s.b[axis]
		i /= s.extent[axis]
	}
	return b
}

// divide cuts a result matrix into parts for so many workers: into blocks of rows,
// and where these are few into columns, so that every worker reads its own part of
// the right side only.
func (g *matSizes) divide(workers int) {
	g.rowParts, g.columnParts = ceilDiv(g.m, g.rowBlock), 1
	switch tasks := g.results * g.rowParts; {
	case tasks < workers:
		g.columnParts = min(ceilDiv(workers, tasks), g.panels.groups())
	case g.results == 1 && tasks < 4*workers:
		g.rowParts = min(roundUp(tasks, workers), g.m) // or some would wait for the others
	}
}

// copiesLeft reports whether rows of the left side are copied: where they are
// columns, and where they lie so that they would push one another out of the cache.
func (g *matSizes) copiesLeft() bool {
	return g.left[1] != 1 || g.left[0]%conflictFloats == 0 && g.left[0] > 0
}

// copyStep is how far apart the rows of a copy are: an odd number of cache lines.
func copyStep(k int) int { return roundUp(k, 2*lineFloats) + lineFloats }

// rowsFloats is the scratch of a block of rows: the copy of the left ones, and
// columns of the last group, which may reach beyond the row.
func (g *matSizes) rowsFloats() int {
	n := g.rowBlock * g.panels.wide
	if g.copiesLeft() {
		n += g.rowBlock * copyStep(g.k)
	}
	return n
}

func (s *matMulStep) needs(maxRows int) needs {
	g := s.sizes(maxRows)
	n := needs{worker: g.rowsFloats()}
	if s.k.PerRow != 0 { // shallower products come in larger blocks of rows
		n.worker = min(g.m, blockRows) * (copyStep(g.k) + g.panels.wide)
	}
	if s.weights != nil {
		return n
	}
	n.shared = g.rights * g.panels.floats()
	if s.paired { // packed by whoever uses them, unless they are fewer than the workers
		n.worker += g.panels.floats()
		n.shared = min(g.rights, s.threads-1) * g.panels.floats()
	}
	return n
}
