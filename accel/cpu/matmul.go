package cpu

import (
	"fmt"
	"slices"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
	"ttad/accel/cpu/vector"
)

// matMulStep is a product of stacks of matrices by the kernels, which take the rows
// of a left matrix for pixels under a single tap. The right side is packed
// (panels.go): when compiling if it is constant, with everything that only scales
// columns melted into it, else once a run.
type matMulStep struct {
	op accel.MatMul
	product
	left, right, addend, out accel.ValueID
	shapes                   [2]accel.Shape // of the addend (nil if absent) and the result
	family                   kernel.Family
	vectors                  vector.Family
	covers                   []cover   // by the blocks of a group, less one
	tap                      []int     // the one there is
	weights                  []float32 // the packed right side if it is constant
	bias                     []float32 // one a column and zeros; nil: the addend, if there is one, is as given
	tail                     []tailing
	epilogue
	threads int // of the device
	// paired: every result has a right side of its own, which may be packed by the
	// task that uses it.
	paired bool
}

func (b *planner) newMatMul(op accel.MatMul, n *node) *matMulStep {
	shape := func(id accel.ValueID) accel.Shape { return b.p.Values[id].Shape }
	return b.newMatMulOf(op, newProduct(op, shape(n.in[0]), shape(n.in[1]), shape(n.out)), n)
}

// newMatMulOf makes the kernel of a product whose matrices lie as p says.
func (b *planner) newMatMulOf(op accel.MatMul, p product, n *node) *matMulStep {
	s := &matMulStep{
		op: op, product: p, left: n.in[0], right: n.in[1], addend: optional(n.in, 2), out: n.out, tail: n.tail,
		family: b.d.kernels, vectors: b.d.vectors, tap: []int{0}, threads: b.d.threads,
	}
	s.shapes[1] = b.p.Values[s.out].Shape
	if s.addend != accel.NoValue {
		s.shapes[0] = b.p.Values[s.addend].Shape
	}
	s.paired = !p.tall && !slices.ContainsFunc(p.b.lead, stride.resting)
	g := s.sizes(1)
	for blocks := range s.family.MaxBlocks() {
		s.covers = append(s.covers, newCover(s.family, blocks+1, g.depth))
	}
	if w := b.p.Values[s.right].Const; w != nil {
		order := fmt.Sprint(g.panels, g.right, g.stack)
		s.weights = b.packed(n, order, g.rights*g.panels.floats(), func(to []float32) { s.packConstant(to, w, n.fold, &g) })
		s.packBias(b.constant(s.addend), n.fold, &g)
	}
	s.epilogue = newEpilogue(s.tail)
	if s.adds() {
		s.epilogue = newEpilogue(nil) // it comes before the tail, and after the kernels
	}
	return s
}

// adds reports whether there is an addend that is not the kernels' bias.
func (s *matMulStep) adds() bool { return s.addend != accel.NoValue && s.bias == nil }

func (s *matMulStep) sizes(rows int) matSizes { return s.product.sizes(rows, s.family) }

// packConstant packs a constant right side with alpha, and the scales of a norm that
// follows, melted in.
func (s *matMulStep) packConstant(to, w []float32, fold *affine, g *matSizes) {
	size := g.panels.floats()
	for i := range g.rights {
		packed := to[i*size : (i+1)*size]
		g.panels.pack(s.vectors, packed, w[g.stack.unpacked(i):], g.right)
		switch {
		case fold != nil:
			g.panels.scale(packed, func(j int) float64 { return fold.scale[j] * float64(s.op.Alpha) })
		case s.op.Alpha != 1:
			g.panels.scale(packed, func(int) float64 { return float64(s.op.Alpha) })
		}
	}
}

// packBias turns a constant addend with one value for each column, or one for all,
// into the bias the kernels add.
func (s *matMulStep) packBias(c []float32, fold *affine, g *matSizes) {
	if fold == nil && len(c) != 1 && !s.perColumn(c, g.n) {
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

func (s *matMulStep) perColumn(c []float32, n int) bool {
	return len(c) == n && len(s.shapes[0]) > 0 && s.shapes[0][len(s.shapes[0])-1] == s.n
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
	if s.weights == nil {
		f.parallel((*packPhase)(s), g.rights, g.rights*g.panels.floats())
	}
	g.divide(len(f.scratch))
	f.parallel(s, g.results*g.rowParts*g.columnParts, cost)
	return nil
}

// packsAlong reports whether tasks pack the right side they use: where it is theirs
// alone and there is one for every worker. It is then in the cache when it is read.
func (s *matMulStep) packsAlong(f *frame, g *matSizes) bool {
	return s.weights == nil && s.paired && g.results >= len(f.scratch)
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
	g.panels.pack(s.vectors, dst, f.data[s.right][g.stack.unpacked(i):], g.right)
	if s.op.Alpha != 1 {
		s.vectors.MulScalar(dst, dst, s.op.Alpha)
	}
}

// pairedPhase computes whole result matrices, each with a right side of its own.
type pairedPhase matMulStep

func (p *pairedPhase) task(f *frame, worker, result int) {
	s := (*matMulStep)(p)
	g := s.sizes(f.rows)
	t, _ := s.newTask(f, &g, worker, result)
	t.packed = f.scratch[worker][g.rowsFloats():][:g.panels.floats()]
	s.packNow(f, &g, t.packed, result)
	t.rows(0, g.m, 0, g.panels.groups())
}

// task computes some rows and columns of a result matrix.
func (s *matMulStep) task(f *frame, worker, i int) {
	g := s.sizes(f.rows)
	g.divide(len(f.scratch))
	t, packed := s.newTask(f, &g, worker, i/(g.rowParts*g.columnParts))
	t.packed = s.weights
	if t.packed == nil {
		t.packed = f.shared
	}
	t.packed = t.packed[packed:][:g.panels.floats()]
	low, high := sharePart(g.panels.groups(), g.columnParts, i%g.columnParts)
	from, to := sharePart(g.m, g.rowParts, i/g.columnParts%g.rowParts)
	t.rows(from, to, low, high)
}

// sharePart returns part i of n things shared out evenly.
func sharePart(n, parts, i int) (low, high int) { return i * n / parts, (i + 1) * n / parts }

// withoutDepth computes a result whose products are empty sums.
func (s *matMulStep) withoutDepth(f *frame, g *matSizes) {
	y := f.data[s.out]
	clear(y)
	for at := 0; at < len(y) && s.bias != nil; at += g.n {
		copy(y[at:at+g.n], s.bias)
	}
	s.add(f, 0, len(y))
	f.finish(s.tail, y, 0, len(y))
}

// add adds Beta times the addend to the elements low to high of the result, where
// it was not melted into the bias.
func (s *matMulStep) add(f *frame, low, high int) {
	if !s.adds() {
		return
	}
	y, c := f.data[s.out], f.data[s.addend]
	v := broadcastView(s.shapes[1], f.rows, s.shapes[0])
	move := v.stride[0][v.rank-1]
	v.walk(low, high, func(flat, n int, at [3]int) {
		out, from := y[flat:][:n], at[0]
		for i := range out {
			out[i] += s.op.Beta * c[from]
			from += move
		}
	})
}
