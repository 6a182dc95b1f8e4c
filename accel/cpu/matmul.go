package cpu

import "ttad/accel"

// matMulStep is a product of stacks of matrices. The right side is packed once
// a run, or when compiling if it is constant; the left side row block by row
// block, by the worker that uses it.
type matMulStep struct {
	op         accel.MatMul
	a, b, c, y accel.ValueID
	shapes     [4]accel.Shape // a, b, c (nil if absent), result
	right      []float32      // packed; nil when b is not constant
	bias       []float32      // one a column, after melting a norm in; nil: c is as given
	tail       []tailing
	// tall: one right side serves all left ones, which are then one tall matrix.
	// For every batch or for none, so that scratch for the largest is enough.
	tall bool
}

// rowBlockFloats bounds a packed row block, which should stay in the
// second-level cache; leftRows bounds its rows.
const (
	rowBlockFloats = 1 << 15
	leftRows       = 64
)

func newMatMul(p *accel.Program, op accel.MatMul, n *node) *matMulStep {
	s := &matMulStep{op: op, a: n.in[0], b: n.in[1], c: optional(n.in, 2), y: n.out, tail: n.tail}
	s.shapes[0], s.shapes[1], s.shapes[3] = p.Values[s.a].Shape, p.Values[s.b].Shape, p.Values[s.y].Shape
	if s.c != accel.NoValue {
		s.shapes[2] = p.Values[s.c].Shape
	}
	s.tall = !op.TransA && oneMatrix(s.shapes[1]) && len(s.shapes[0]) == len(s.shapes[3])
	b := p.Values[s.b].Const
	if b == nil {
		return s
	}
	g := s.sizes(1) // of b, which is constant, the same for every batch
	s.right = make([]float32, g.rightFloats())
	s.packAll(s.right, b, &g)
	if n.fold != nil {
		s.melt(p, n.fold, &g)
	}
	return s
}

// oneMatrix reports whether a stack holds a single matrix in every batch.
func oneMatrix(s accel.Shape) bool {
	for _, d := range s[:len(s)-2] {
		if d != accel.Fixed(1) {
			return false
		}
	}
	return true
}

// melt scales the packed columns and replaces c by the bias that remains.
func (s *matMulStep) melt(p *accel.Program, fold *affine, g *matSizes) {
	s.bias = make([]float32, g.n)
	for j := range g.n {
		if s.c != accel.NoValue {
			s.bias[j] = p.Values[s.c].Const[j] * s.op.Beta
		}
		s.bias[j] = fold.bias(s.bias[j], j)
		panel := s.right[j/tileCols*tileCols*g.k:]
		for k := range g.k {
			at := &panel[k*tileCols+j%tileCols]
			*at = float32(float64(*at) * fold.scale[j])
		}
	}
}

// matSizes are the extents of one run: result matrices of m by n, products of
// depth k, and how many of each side there are.
type matSizes struct {
	m, n, k      int
	results      int // result matrices
	rights       int // b matrices
	rowBlock     int // rows of a task
	lead         view
	aSize, bSize int
}

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
	g.rowBlock = min(leftRows, max(tileRows, rowBlockFloats/max(g.k, 1)/tileRows*tileRows))
	return g
}

func (g *matSizes) matrixFloats() int { return roundUp(g.n, tileCols) * g.k }
func (g *matSizes) rightFloats() int  { return g.rights * g.matrixFloats() }

func (s *matMulStep) needs(maxRows int) needs {
	g := s.sizes(maxRows)
	// A smaller batch may have shallower products and so larger row blocks:
	// this bounds the blocks of all of them.
	n := needs{worker: min(roundUp(g.m, tileRows)*g.k, max(rowBlockFloats, tileRows*g.k))}
	if s.right == nil {
		n.shared = g.rightFloats()
	}
	return n
}

// packAll packs every right matrix.
func (s *matMulStep) packAll(dst, b []float32, g *matSizes) {
	for i := range g.rights {
		s.packOne(dst, b, g, i)
	}
}

func (s *matMulStep) packOne(dst, b []float32, g *matSizes, i int) {
	rowStride, colStride := g.n, 1
	if s.op.TransB {
		rowStride, colStride = 1, g.k
	}
	packRight(dst[i*g.matrixFloats():], b[i*g.bSize:(i+1)*g.bSize], g.k, g.n, rowStride, colStride)
}

// packPhase packs the right matrices of a run, one a task.
type packPhase matMulStep

func (p *packPhase) task(f *frame, _, i int) {
	s := (*matMulStep)(p)
	g := s.sizes(f.rows)
	s.packOne(f.shared, f.data[s.b], &g, i)
}

// run divides the result by matrices and row blocks and, when there are fewer
// of them than workers, by columns.
func (s *matMulStep) run(f *frame) error {
	g := s.sizes(f.rows)
	if g.m*g.n*g.results == 0 {
		return nil
	}
	if s.right == nil {
		f.parallel((*packPhase)(s), g.rights, g.rightFloats())
	}
	f.parallel(s, g.rowTasks()*s.columnTasks(f, &g), g.m*g.n*g.k*g.results)
	return nil
}

func (g *matSizes) rowTasks() int { return g.results * ceilDiv(g.m, g.rowBlock) }

func (s *matMulStep) columnTasks(f *frame, g *matSizes) int {
	threads := f.exec.device.threads
	if g.rowTasks() >= threads {
		return 1
	}
	return max(1, min(ceilDiv(threads, g.rowTasks()), g.n/16))
}

func (s *matMulStep) task(f *frame, worker, i int) {
	g := s.sizes(f.rows)
	parts := s.columnTasks(f, &g)
	blocks := ceilDiv(g.m, g.rowBlock)
	result, block := i/parts/blocks, i/parts%blocks
	first := block * g.rowBlock
	rows := min(g.rowBlock, g.m-first)
	low, high := shareColumns(g.n, parts, i%parts)
	aMatrix, bMatrix := g.operands(result)
	left := f.scratch[worker][:roundUp(rows, tileRows)*g.k]
	s.packRows(left, f.data[s.a][aMatrix*g.aSize:], &g, first, rows)
	right := s.right
	if right == nil {
		right = f.shared
	}
	right = right[bMatrix*g.matrixFloats():]
	y := f.data[s.y][result*g.m*g.n:][:g.m*g.n]
	f.exec.device.isa.multiply(y[first*g.n:], left, right, &g, rows, low, high)
	for r := first; r < first+rows; r++ {
		s.finishRow(f, &g, result, r, low, high)
	}
}

func shareColumns(n, parts, i int) (low, high int) {
	each := roundUp(ceilDiv(n, parts), tileCols)
	return min(i*each, n), min((i+1)*each, n)
}

// operands returns which a and which b matrix make a result matrix.
func (g *matSizes) operands(result int) (a, b int) {
	if g.results == 1 {
		return 0, 0
	}
	g.lead.walk(result, result+1, func(_, _ int, at [3]int) { a, b = at[0], at[1] })
	return a, b
}

func (s *matMulStep) packRows(dst, a []float32, g *matSizes, first, rows int) {
	if s.op.TransA {
		packLeft(dst, a[first:], rows, g.k, 1, g.m)
		return
	}
	packLeft(dst, a[first*g.k:], rows, g.k, g.k, 1)
}

// multiply fills rows of y, columns low to high, with the plain product. Deep
// products are cut so that a right panel's part stays in the first-level cache
// while all rows use it.
func (l instructions) multiply(y, left, right []float32, g *matSizes, rows, low, high int) {
	for j := low; j < high; j += tileCols {
		cols := min(tileCols, high-j)
		panel := right[j*g.k : (j+tileCols)*g.k]
		for depth := 0; depth < max(g.k, 1); depth += blockDepth {
			end := min(depth+blockDepth, g.k)
			for i := 0; i < rows; i += tileRows {
				some := min(tileRows, rows-i)
				out := y[i*g.n+j:]
				var sums [tileRows * tileCols]float32
				if depth > 0 {
					load(&sums, out, some, cols, g.n)
				}
				part := left[i*g.k : (i+tileRows)*g.k]
				l.tile(part[depth*tileRows:end*tileRows], panel[depth*tileCols:end*tileCols], &sums)
				store(out, &sums, some, cols, g.n)
			}
		}
	}
}

func load(sums *[tileRows * tileCols]float32, y []float32, rows, cols, stride int) {
	for i := range rows {
		copy(sums[i*tileCols:], y[i*stride:][:cols])
	}
}

// finishRow scales a row of a result matrix, adds its part of c and does the
// tail.
func (s *matMulStep) finishRow(f *frame, g *matSizes, result, row, low, high int) {
	at := (result*g.m + row) * g.n
	y := f.data[s.y][at+low : at+high]
	if s.op.Alpha != 1 {
		for i := range y {
			y[i] *= s.op.Alpha
		}
	}
	switch {
	case s.bias != nil:
		addTo(y, s.bias[low:high])
	case s.c != accel.NoValue:
		s.addC(f, y, at+low)
	}
	f.finish(s.tail, f.data[s.y], at+low, at+high)
}

// addC adds Beta*c to the elements from flat on.
func (s *matMulStep) addC(f *frame, y []float32, flat int) {
	c := f.data[s.c]
	v := broadcastView(s.shapes[3], f.rows, s.shapes[2])
	move := v.stride[0][v.rank-1]
	v.walk(flat, flat+len(y), func(low, n int, at [3]int) {
		out, from := y[low-flat:][:n], at[0]
		for i := range out {
			out[i] += s.op.Beta * c[from]
			from += move
		}
	})
}
