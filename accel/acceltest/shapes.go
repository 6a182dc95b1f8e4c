package acceltest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
)

// runShapes applies operators to operands of shapes that models do not have: of one
// element or none, of up to eight axes, of extents that follow the number of rows in
// any way. What a device keeps for the largest batch must do for all others.
func runShapes(t *testing.T, open Open) {
	d := opened(t, open)
	for i, c := range cases() {
		c = c.butFirst()
		if _, err := c.op.Infer(shapesOf(c.in)); err == nil {
			t.Run(fmt.Sprintf("no row/%s/%s/%d", c.op.Kind(), c.name, i), func(t *testing.T) { runRows(t, d, c, 1) })
		}
	}
	for seed := range uint64(shapeSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			c := drawShapes(random)
			p, given := c.program(random, seed%2 == 0)
			mayRefuse(t, d, p)
			r := newRunner(t, d)
			defer r.close()
			e, err := d.Compile(p, mostRows)
			if err != nil {
				assert.ErrorContains(t, err, "op "+c.op.Kind())
				_, err = plain.Run(p, c.drawn(random, given, mostRows), mostRows, nil)
				require.Error(t, err, "refused by nobody else")
				return
			}
			for _, rows := range []int{1, mostRows, 2} {
				in := c.drawn(random, given, rows)
				if _, err := plain.Run(p, in, rows, nil); err != nil {
					r.refused(e, rows, in)
					continue
				}
				r.compare(e, rows, in, mixedRules(p, int(seed%3)), max(c.depth, 200))
			}
			require.NoError(t, e.Close())
		})
	}
}

const (
	shapeSeeds = 120
	mostRows   = 4
	// mostElements bounds what an operator of random shapes reads or makes.
	mostElements = 4096
)

// butFirst leaves the first row of the batch out, so that a batch of one has none.
func (c opCase) butFirst() opCase {
	in := append([]operand{}, c.in...)
	for i, o := range in {
		if len(o.shape) > 0 && o.shape[0] == accel.RowsDim() {
			in[i].shape = append(accel.Shape{{PerRow: 1, Fixed: -1}}, o.shape[1:]...)
		}
	}
	c.in = in
	return c
}

// runRows runs batches of one size on an exec for larger ones.
func runRows(t *testing.T, d accel.Device, c opCase, rows int) {
	random := seeded(t.Name())
	p, given := c.program(random, true)
	mayRefuse(t, d, p)
	r := newRunner(t, d)
	defer r.close()
	e := r.compile(p, mostRows)
	r.compare(e, rows, c.drawn(random, given, rows), nil, 8)
	require.NoError(t, e.Close())
}

// drawn fills the operands that are given at run time.
func (c opCase) drawn(r *rand.Rand, given []operand, rows int) (all []*accel.Tensor) {
	for _, o := range given {
		all = append(all, o.fill.tensor(r, o.shape.At(rows)...))
	}
	return all
}

// refused runs what the plain loops refuse, which is an error anywhere.
func (r *runner) refused(e accel.Exec, rows int, inputs []*accel.Tensor) {
	r.t.Helper()
	p := e.Program()
	var a accel.Args
	for _, in := range inputs {
		b := r.buffer(len(in.Data))
		require.NoError(r.t, r.stream.Upload(b, in.Data))
		a.Inputs = append(a.Inputs, b)
	}
	for _, id := range p.Outputs {
		a.Outputs = append(a.Outputs, r.buffer(p.Values[id].Shape.Elements(rows)))
	}
	err := r.stream.Run(e, rows, a)
	if err == nil {
		err = r.stream.Sync(r.t.Context())
	}
	assert.ErrorContains(r.t, err, "op "+p.Steps[0].Op.Kind()+": ")
	for _, b := range append(a.Inputs, a.Outputs...) {
		require.NoError(r.t, b.Free())
	}
}

// drawShapes draws until an operator and shapes fit each other, and are small.
func drawShapes(r *rand.Rand) opCase {
	for {
		s := shapes{r}
		c := s.draw()
		if out, err := c.op.Infer(shapesOf(c.in)); err == nil && s.small(out[0]) {
			return c
		}
	}
}

func shapesOf(in []operand) (all []accel.Shape) {
	for _, o := range in {
		all = append(all, o.shape)
	}
	return all
}

// shapes draws operators and operands.
type shapes struct{ *rand.Rand }

func (s shapes) small(shape accel.Shape) bool {
	n := shape.Elements(mostRows)
	return n >= 0 && n <= mostElements && len(shape) <= 8
}

func (s shapes) dim() accel.Dim {
	return draw(s.Rand,
		accel.Fixed(0), accel.Fixed(1), accel.Fixed(1), accel.Fixed(2), accel.Fixed(3), accel.Fixed(2+s.IntN(40)),
		accel.RowsDim(), accel.RowsDim(), accel.Dim{PerRow: 1, Fixed: -1}, accel.Dim{PerRow: 2, Fixed: 1}, accel.Dim{PerRow: 3},
	)
}

// shape has so many axes and is small.
func (s shapes) shape(rank int) accel.Shape {
	for {
		shape := make(accel.Shape, rank)
		for i := range shape {
			shape[i] = s.dim()
		}
		if s.small(shape) {
			return shape
		}
	}
}

func (s shapes) any() accel.Shape { return s.shape(s.IntN(9)) }

// stretched is a shape that stretches to another: with axes of 1, or fewer of them.
func (s shapes) stretched(to accel.Shape) accel.Shape {
	from := append(accel.Shape{}, to...)
	for i := range from {
		if s.IntN(3) == 0 {
			from[i] = accel.Fixed(1)
		}
	}
	return from[s.IntN(len(from)+1)*s.IntN(2):]
}

func (s shapes) axis(x accel.Shape) int { return s.IntN(max(1, len(x))) }

func (s shapes) yes() bool { return s.IntN(2) == 0 }

func (s shapes) draw() opCase {
	return []func() opCase{
		s.elementwise, s.reduction, s.line, s.placed, s.joined, s.sliced, s.padded, s.gathered, s.product, s.window, s.norm, s.output,
	}[s.IntN(12)]()
}

func (s shapes) elementwise() opCase {
	to := s.any()
	a, b, c := num(s.stretched(to)).filled(Few), num(s.stretched(to)).filled(Few), num(s.stretched(to)).filled(Few)
	switch s.IntN(4) {
	case 0:
		return opCase{"", accel.Map{Fn: accel.Affine, A: 2, B: 1}, []operand{num(to)}, 0}
	case 1:
		return opCase{"", accel.Where{}, []operand{a, b, c}, 0}
	case 2:
		return opCase{"", accel.Expand{To: to}, []operand{a}, 0}
	default:
		fn := draw(s.Rand, accel.Add, accel.Sub, accel.Mul, accel.Max, accel.Less, accel.PRelu)
		return opCase{"", accel.Binary{Fn: fn}, []operand{a, b}, 0}
	}
}

func (s shapes) reduction() opCase {
	x := s.any()
	op := accel.Reduce{Fn: draw(s.Rand, accel.ReduceFns()...), KeepDims: s.yes()}
	for axis := range x {
		if s.yes() {
			op.Axes = append(op.Axes, axis)
		}
	}
	return opCase{"", op, []operand{num(x)}, 0}
}

// line is what is done along lines.
func (s shapes) line() opCase {
	x := s.shape(1 + s.IntN(8))
	axis := s.axis(x)
	switch s.IntN(3) {
	case 0:
		return opCase{"", accel.Softmax{Axis: axis, Log: s.yes()}, []operand{num(x)}, 0}
	case 1:
		return opCase{"", accel.LayerNorm{Axis: axis, Eps: 0.1}, []operand{num(x), num(x[axis:]), num(x[axis:])}[:2+s.IntN(2)], 0}
	default:
		c := num(x[min(1, len(x)-1):min(2, len(x))])
		return opCase{"", accel.InstanceNorm{Eps: 0.1}, []operand{num(x), c, c}, 0}
	}
}

func (s shapes) placed() opCase {
	x := s.any()
	return opCase{"", accel.Transpose{Perm: s.Perm(len(x))}, []operand{num(x)}, 0}
}

func (s shapes) joined() opCase {
	x := s.shape(1 + s.IntN(8))
	axis := s.axis(x)
	in := []operand{num(x)}
	for range s.IntN(4) {
		other := append(accel.Shape{}, x...)
		other[axis] = s.dim()
		in = append(in, num(other))
	}
	return opCase{"", accel.Concat{Axis: axis}, in, 0}
}

func (s shapes) sliced() opCase {
	x := s.shape(1 + s.IntN(8))
	op := accel.Slice{Axis: s.axis(x), Start: s.dim(), Count: s.dim(), Step: 1 + s.IntN(3)}
	if s.yes() {
		op.Step, op.Start = -op.Step, x[op.Axis]
		op.Start.Fixed--
	}
	return opCase{"", op, []operand{num(x)}, 0}
}

func (s shapes) padded() opCase {
	x := s.any()
	op := accel.Pad{Mode: draw(s.Rand, accel.PadConstant, accel.PadConstant, accel.PadReflect, accel.PadEdge), Value: 3}
	for range x {
		op.Before, op.After = append(op.Before, s.IntN(4)*s.IntN(2)), append(op.After, s.IntN(9)*s.IntN(2))
	}
	return opCase{"", op, []operand{num(x)}, 0}
}

func (s shapes) gathered() opCase {
	x := s.shape(1 + s.IntN(5))
	return opCase{"", accel.Gather{Axis: s.axis(x)}, []operand{num(x), num(s.shape(s.IntN(4))).filled(Places)}, 0}
}

func (s shapes) product() opCase {
	op := accel.MatMul{TransA: s.yes(), TransB: s.yes(), Alpha: 2, Beta: float32(s.IntN(3))}
	m, k, n := s.dim(), s.dim(), s.dim()
	stack := s.shape(s.IntN(4))
	a := append(s.stretched(stack), flip(op.TransA, m, k)...)
	b := append(s.stretched(stack), flip(op.TransB, k, n)...)
	c := s.stretched(append(append(accel.Shape{}, stack...), m, n))
	return opCase{"", op, []operand{num(a), num(b), num(c)}[:2+s.IntN(2)], 0}
}

// window slides far, or hardly fits.
func (s shapes) window() opCase {
	pair := func(n int) [2]int { return [2]int{1 + s.IntN(n), 1 + s.IntN(n)} }
	x, k, dilation, stride := s.shape(4), pair(7), pair(4), pair(20)
	pads := [4]int{s.IntN(20) * s.IntN(2), s.IntN(9), s.IntN(9), s.IntN(20) * s.IntN(2)}
	if s.yes() {
		return opCase{"", accel.Pool{
			Fn: draw(s.Rand, accel.PoolMax, accel.PoolAverage), Kernel: k, Stride: stride, Dilation: dilation, Pad: pads,
			Ceil: s.yes(), CountPadding: s.yes(),
		}, []operand{num(x)}, 0}
	}
	groups := draw(s.Rand, 1, 1, 2, max(1, x[1].Fixed))
	w := accel.StaticShape(groups*(1+s.IntN(20)), max(1, x[1].Fixed/groups), k[0], k[1])
	op := accel.Conv{Stride: stride, Dilation: dilation, Pad: pads, Groups: groups}
	return opCase{"", op, []operand{num(x), num(w), num(w[:1])}[:2+s.IntN(2)], w.Elements(1)}
}

func (s shapes) norm() opCase {
	x := s.shape(2 + s.IntN(4))
	c, positive := num(x[1:2]), num(x[1:2]).filled(Positive)
	return opCase{"", accel.Norm{Eps: 0.1, Virtual: s.yes()}, []operand{num(x), positive, c, c, positive}, 0}
}

func (s shapes) output() opCase {
	p := s.shape(2)
	if s.yes() {
		return opCase{"", accel.PriorRatio{}, []operand{num(p).filled(Positive), num(p[1:]).filled(Positive)}, 0}
	}
	op := accel.LAME{Affinity: draw(s.Rand, accel.Affinities()...), Neighbors: 1 + s.IntN(9), MaxIterations: 2, ForceSymmetry: s.yes()}
	return opCase{"", op, []operand{num(accel.Shape{p[0], s.dim()}), num(p).filled(Positive)}, settledDepth}
}
