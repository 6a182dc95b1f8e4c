package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
	"ttad/accel/cpu/vector"
)

// matMulStep is a product of stacks of matrices by the kernels, which take the rows
// of a left matrix for pixels under a single tap. The right side is packed
// (panels.go): when compiling if it is constant, with everything that only scales
// columns melted into it, else once a run.
type matMulStep struct {
	op         accel.MatMul
	a, b, c, y accel.ValueID
	shapes     [4]accel.Shape // a, b, c (nil if absent), result
	family     kernel.Family
	vectors    vector.Family
	covers     []cover // by the blocks of a group, less one
	tap        []int   // the one there is
	right      []float32
	bias       []float32 // one a column and zeros; nil: c, if there is one, is as given
	tail       []tailing
	epilogue
	// tall: one right side serves all left ones, which are then one tall matrix.
	// For every batch or for none, so that scratch for the largest is enough.
	tall bool
	// paired: every result has a right side of its own, which may be packed by the
	// task that uses it.
	paired bool
}

func (b *planner) newMatMul(op accel.MatMul, n *node) *matMulStep {
	s := &matMulStep{
		op: op, a: n.in[0], b: n.in[1], c: optional(n.in, 2), y: n.out, tail: n.tail,
		family: b.d.kernels, vectors: b.d.vectors, tap: []int{0},
	}
	for i, id := range []accel.ValueID{s.a, s.b, s.c, s.y} {
		if id != accel.NoValue {
			s.shapes[i] = b.p.Values[id].Shape
		}
	}
	left, right, result := s.shapes[0], s.shapes[1], s.shapes[3]
	s.tall = !op.TransA && oneMatrix(right) && len(left) == len(result)
	s.paired = right[:len(right)-2].Equal(result[:len(result)-2]) && !s.tall
	g := s.sizes(1)
	for blocks := range s.family.MaxBlocks() {
		s.covers = append(s.covers, newCover(s.family, blocks+1, g.depth))
	}
	if w := b.p.Values[s.b].Const; w != nil {
		s.packConstant(w, n.fold, &g)
		s.packBias(b.constant(s.c), n.fold, &g)
	}
	s.epilogue = newEpilogue(s.tail)
	if s.c != accel.NoValue && s.bias == nil {
		s.epilogue = newEpilogue(nil) // c comes before the tail, and after the kernels
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

// packConstant packs a constant right side with alpha, and the scales of a norm that
// follows, melted in.
func (s *matMulStep) packConstant(w []float32, fold *affine, g *matSizes) {
	size := g.panels.floats()
	s.right = make([]float32, g.rights*size)
	for i := range g.rights {
		packed := s.right[i*size : (i+1)*size]
		g.panels.pack(s.vectors, packed, w[i*g.bSize:(i+1)*g.bSize], s.op.TransB)
		switch {
		case fold != nil:
			g.panels.scale(packed, func(j int) float64 { return fold.scale[j] * float64(s.op.Alpha) })
		case s.op.Alpha != 1:
			g.panels.scale(packed, func(int) float64 { return float64(s.op.Alpha) })
		}
	}
}

// packBias turns a constant c with one value for each column, or one for all, into
// the bias the kernels add.
func (s *matMulStep) packBias(c []float32, fold *affine, g *matSizes) {
	perColumn := len(c) == g.n && s.shapes[2][len(s.shapes[2])-1] == s.shapes[3][len(s.shapes[3])-1]
	if fold == nil && !perColumn && len(c) != 1 {
		return
	}
	s.bias = make([]float32, g.panels.columns())
	for j := range g.n {
		var v float32
		switch len(c) {
		case 0:
		case 1:
			v = c[0] * s.op.Beta
		default:
			v = c[j] * s.op.Beta
		}
		s.bias[j] = fold.bias(v, j)
	}
}

// run divides the result by matrices, rows and columns.
func (s *matMulStep) run(f *frame) error {
	g := s.sizes(f.rows)
	if g.m*g.n*g.results == 0 {
		return nil
	}
	if g.k == 0 {
		s.withoutDepth(f, &g)
		return nil
	}
	cost := g.m * g.n * g.k * g.results
	if s.packsAlong(f, &g) {
		f.parallel((*pairedPhase)(s), g.results, cost)
		return nil
	}
	if s.right == nil {
		f.parallel((*packPhase)(s), g.rights, g.rights*g.panels.floats())
	}
	g.divide(len(f.scratch))
	f.parallel(s, g.results*g.rowParts*g.columnParts, cost)
	return nil
}

// packsAlong reports whether tasks pack the right side they use: where it is theirs
// alone and there is one for every worker. It is then in the cache when it is read.
func (s *matMulStep) packsAlong(f *frame, g *matSizes) bool {
	return s.right == nil && s.paired && g.results >= len(f.scratch)
}

// packPhase packs the right matrices of a run for everybody, one a task.
type packPhase matMulStep

func (p *packPhase) task(f *frame, _, i int) {
	s := (*matMulStep)(p)
	g := s.sizes(f.rows)
	s.packNow(f, &g, f.shared[i*g.panels.floats():], i)
}

// packNow packs the right matrix of that number, with alpha melted in.
func (s *matMulStep) packNow(f *frame, g *matSizes, dst []float32, i int) {
	dst = dst[:g.panels.floats()]
	g.panels.pack(s.vectors, dst, f.data[s.b][i*g.bSize:(i+1)*g.bSize], s.op.TransB)
	if s.op.Alpha != 1 {
		s.vectors.MulScalar(dst, dst, s.op.Alpha)
	}
}

// pairedPhase computes whole result matrices, each with a right side of its own.
type pairedPhase matMulStep

func (p *pairedPhase) task(f *frame, worker, result int) {
	s := (*matMulStep)(p)
	g := s.sizes(f.rows)
	t := s.newTask(f, &g, worker, result)
	t.right = f.scratch[worker][s.rowsFloats(g.rowBlock, g.k):][:g.panels.floats()]
	s.packNow(f, &g, t.right, t.bMatrix)
	t.rows(0, g.m, 0, g.panels.groups())
}

// task computes some rows and columns of a result matrix.
func (s *matMulStep) task(f *frame, worker, i int) {
	g := s.sizes(f.rows)
	g.divide(len(f.scratch))
	t := s.newTask(f, &g, worker, i/(g.rowParts*g.columnParts))
	t.right = s.right
	if t.right == nil {
		t.right = f.shared
	}
	t.right = t.right[t.bMatrix*g.panels.floats():][:g.panels.floats()]
	low, high := sharePart(g.panels.groups(), g.columnParts, i%g.columnParts)
	from, to := sharePart(g.m, g.rowParts, i/g.columnParts%g.rowParts)
	t.rows(from, to, low, high)
}

// sharePart returns part i of n things shared out evenly.
func sharePart(n, parts, i int) (low, high int) { return i * n / parts, (i + 1) * n / parts }

// withoutDepth computes a result whose products are empty sums.
func (s *matMulStep) withoutDepth(f *frame, g *matSizes) {
	y := f.data[s.y]
	for at := 0; at < len(y); at += g.n {
		row := y[at : at+g.n]
		clear(row)
		if s.bias != nil {
			copy(row, s.bias)
		}
		s.addC(f, at, at+g.n)
	}
	f.finish(s.tail, y, 0, len(y))
}

// addC adds Beta*c to the elements low to high of the result, where it was not
// melted into the bias.
func (s *matMulStep) addC(f *frame, low, high int) {
	if s.c == accel.NoValue || s.bias != nil {
		return
	}
	y, c := f.data[s.y], f.data[s.c]
	v := broadcastView(s.shapes[3], f.rows, s.shapes[2])
	move := v.stride[0][v.rank-1]
	v.walk(low, high, func(flat, n int, at [3]int) {
		out, from := y[flat:][:n], at[0]
		for i := range out {
			out[i] += s.op.Beta * c[from]
			from += move
		}
	})
}
