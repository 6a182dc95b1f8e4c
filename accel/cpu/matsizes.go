package cpu

// matSizes are the extents of one run: result matrices of m by n, products of
// depth k, and how many of each side there are.
type matSizes struct {
	m, n, k      int
	results      int // result matrices
	rights       int // b matrices
	lead         view
	aSize, bSize int
	panels       panels
	depth        int // of one call of a kernel
	rowBlock     int // rows that go through all columns together

	rowParts, columnParts int // tasks of a result matrix, once divided
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
	// first-level cache lie apart, 4 KiB.
	conflictFloats = 1 << 10
)

func (s *matMulStep) sizes(rows int) matSizes {
	a, b, y := s.shapes[0], s.shapes[1], s.shapes[3]
	ra, rb, ry := len(a)-2, len(b)-2, len(y)-2
	g := matSizes{m: y[ry].At(rows), n: y[ry+1].At(rows), k: a[ra+1].At(rows)}
	if s.op.TransA {
		g.k = a[ra].At(rows)
	}
	g.results, g.rights = elements(y[:ry], rows), elements(b[:rb], rows)
	g.aSize, g.bSize = g.m*g.k, g.k*g.n
	if s.tall {
		g.m, g.results = g.m*g.results, 1
	} else {
		g.lead = broadcastView(y[:ry], rows, a[:ra], b[:rb])
	}
	g.panels = newPanels(s.family, g.k, g.n)
	g.depth = max(1, roundUp(ceilDiv(g.k, max(1, ceilDiv(g.k, callDepth))), 4))
	g.rowBlock = min(g.m, max(1, leftFloats/max(g.k, 1)), blockRows)
	return g
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

// operands returns which a and which b matrix make a result matrix.
func (g *matSizes) operands(result int) (a, b int) {
	if g.results == 1 {
		return 0, 0
	}
	g.lead.walk(result, result+1, func(_, _ int, at [3]int) { a, b = at[0], at[1] })
	return a, b
}

// copiesLeft reports whether rows of the left side are copied: where they are
// columns, and where they lie so that they would push one another out of the cache.
func (s *matMulStep) copiesLeft(k int) bool {
	return s.op.TransA || k >= conflictFloats && k%conflictFloats == 0
}

// copyStep is how far apart the rows of a copy are: an odd number of cache lines.
func copyStep(k int) int { return roundUp(k, 2*lineFloats) + lineFloats }

// rowsFloats is the scratch of a block of rows: the copy of the left ones, and
// columns of the last group, which may reach beyond the row.
func (s *matMulStep) rowsFloats(rows, k int) int {
	n := rows * s.family.MaxBlocks() * s.family.Lanes
	if s.copiesLeft(k) {
		n += rows * copyStep(k)
	}
	return n
}

func (s *matMulStep) needs(maxRows int) needs {
	g := s.sizes(maxRows)
	n := needs{worker: s.rowsFloats(g.rowBlock, g.k)}
	if s.depthVaries() { // shallower products come in larger blocks of rows
		n.worker = min(g.m, blockRows) * (copyStep(g.k) + g.panels.wide)
	}
	if s.right != nil {
		return n
	}
	n.shared = g.rights * g.panels.floats()
	if s.paired {
		n.worker += g.panels.floats()
	}
	return n
}

// depthVaries reports whether k depends on the batch.
func (s *matMulStep) depthVaries() bool {
	a := s.shapes[0]
	return a[len(a)-1].PerRow != 0 || a[len(a)-2].PerRow != 0
}
