package acceltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// runNetworks compares networks of random motifs: what keeps rows of the batch apart
// next to what does not, values read in many places, norms one after another.
func runNetworks(t *testing.T, open Open) {
	d := opened(t, open)
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := newRunner(t, d)
			defer r.close()
			random := rand.New(rand.NewPCG(seed, 1))
			p := RandomNetwork(random)
			e := r.compile(p, 7)
			for turn, rows := range []int{7, 1} {
				in := inputsOf(p, rows, random)
				r.compare(e, rows, in, nil, networkDepth)
				r.compare(e, rows, in, mixedRules(p, turn), networkDepth)
			}
			require.NoError(t, e.Close())
		})
	}
}

// networkDepth is for sums one after another that norms enlarge.
const networkDepth = 10000

// RandomNetwork draws a program of the parts networks are made of: convolutions with
// shortcuts, dense blocks, squeeze and excitation, windows, attention with the batch
// in front or inside, perceptrons; and, here and there, what needs all rows at once.
func RandomNetwork(r *rand.Rand) *accel.Program {
	n := &network{r: r}
	n.values = append(n.values, n.Input(accel.BatchShape(2*(1+r.IntN(10)), 1+r.IntN(8), 1+r.IntN(8))))
	for len(n.values) < 4+r.IntN(12) {
		x := n.values[max(0, len(n.values)-1-r.IntN(3))]
		if y := n.motif(x); n.Shape(y).Elements(1) <= 1<<12 {
			n.values = append(n.values, y)
		}
	}
	outputs := []accel.ValueID{n.values[len(n.values)-1]}
	for range r.IntN(3) {
		outputs = append(outputs, n.values[r.IntN(len(n.values))])
	}
	return n.Program(outputs...)
}

// network is a random network in the making.
type network struct {
	Builder
	r      *rand.Rand
	values []accel.ValueID // results of motifs, which later ones begin with
}

// motif adds a part that begins with x.
func (n *network) motif(x accel.ValueID) accel.ValueID {
	if n.r.IntN(4) == 0 {
		return n.joint(x)
	}
	switch len(n.Shape(x)) {
	case 4:
		return n.onImages(x)
	case 3:
		return n.onTokens(x)
	default:
		return n.onVectors(x)
	}
}

// random returns constants that leave sums of so many products about as large as
// what is summed up.
func (n *network) random(depth int, shape ...int) accel.ValueID {
	t := Numbers.tensor(n.r, shape...)
	for i := range t.Data {
		t.Data[i] /= float32(math.Sqrt(float64(depth)))
	}
	return n.Const(t)
}

// joint does what fits any shape: it meets another value, or a function, or the
// whole batch.
func (n *network) joint(x accel.ValueID) accel.ValueID {
	switch n.r.IntN(6) {
	case 0, 1:
		return n.Step(accel.Binary{Fn: draw(n.r, accel.Add, accel.Sub, accel.Max)}, x, n.like(x))
	case 2:
		mean := n.Step(accel.Reduce{Fn: accel.ReduceMean, KeepDims: n.r.IntN(2) == 0, Axes: []int{0}}, x)
		return n.Step(accel.Binary{Fn: accel.Sub}, x, mean)
	case 3:
		twice := n.Step(accel.Concat{}, x, n.like(x))
		return n.Step(accel.Slice{Count: n.Shape(x)[0], Step: 1}, twice)
	case 4:
		positive := n.Step(accel.Binary{Fn: accel.Less}, n.like(x), n.Const(accel.TensorOf([]float32{-9})))
		return n.Step(accel.Where{}, positive, n.like(x), x)
	default:
		return n.function(x)
	}
}

// like returns a value of the shape of x, another one if there is any.
func (n *network) like(x accel.ValueID) accel.ValueID {
	for range 8 {
		if y := n.values[n.r.IntN(len(n.values))]; n.Shape(y).Equal(n.Shape(x)) {
			return y
		}
	}
	return x
}

func (n *network) function(x accel.ValueID) accel.ValueID {
	return n.Step(draw(n.r,
		accel.Map{Fn: accel.Relu}, accel.Map{Fn: accel.Clip, B: 6}, accel.Map{Fn: accel.Silu},
		accel.Map{Fn: accel.Gelu}, accel.Map{Fn: accel.Affine, A: 0.7, B: 0.2}, accel.Map{Fn: accel.Tanh},
	), x)
}

// normalized adds a norm, and sometimes a function.
func (n *network) normalized(x accel.ValueID) accel.ValueID {
	if n.r.IntN(4) > 0 {
		x = n.Norm(accel.Norm{Eps: 0.1, Virtual: n.r.IntN(4) == 0}, x, n.r)
	}
	if n.r.IntN(2) > 0 {
		x = n.function(x)
	}
	return x
}

func (n *network) onImages(x accel.ValueID) accel.ValueID {
	switch s := n.Shape(x); n.r.IntN(11) {
	case 0, 1:
		return n.conv(x, 1+n.r.IntN(40))
	case 2:
		y := n.conv(n.conv(x, 1+n.r.IntN(24)), s[1].Fixed)
		if !n.Shape(y).Equal(s) {
			return y
		}
		return n.function(n.Step(accel.Binary{Fn: accel.Add}, y, x))
	case 3:
		return n.squeeze(x)
	case 4:
		y := n.normalized(x)
		return n.Step(accel.Concat{Axis: 1}, x, y, x)
	case 5:
		k := [2]int{min(2, s[2].Fixed), min(2, s[3].Fixed)}
		return n.Step(accel.Pool{Fn: draw(n.r, accel.PoolMax, accel.PoolAverage), Kernel: k, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, x)
	case 6:
		return n.windows(x)
	case 7:
		tokens := n.Step(accel.Reshape{To: accel.Shape{s[0], s[1], accel.Fixed(s[2].Fixed * s[3].Fixed)}}, x)
		return n.Step(accel.Transpose{Perm: []int{0, 2, 1}}, tokens)
	case 8:
		return n.crop(x, 1+n.r.IntN(3))
	case 9:
		pads := func() []int { return []int{0, n.r.IntN(3), n.r.IntN(2), n.r.IntN(2)} }
		return n.Step(accel.Pad{Mode: accel.PadConstant, Before: pads(), After: pads()}, x)
	default:
		return n.Step(accel.Reduce{Fn: draw(n.r, accel.ReduceMean, accel.ReduceMax), Axes: []int{2, 3}}, x)
	}
}

// conv is a convolution to so many channels, or one for each channel.
func (n *network) conv(x accel.ValueID, to int) accel.ValueID {
	s, k := n.Shape(x), draw(n.r, 1, 3, 3, 5)
	op := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{k / 2, k / 2, k / 2, k / 2}, Groups: 1}
	depth := s[1].Fixed
	switch n.r.IntN(6) {
	case 0:
		op.Groups, depth, to = depth, 1, depth
	case 1:
		op.Stride = [2]int{2, 2}
	}
	in := []accel.ValueID{x, n.random(depth*k*k, to, depth, k, k)}
	if n.r.IntN(2) == 0 {
		in = append(in, n.random(4, to))
	}
	return n.normalized(n.Step(op, in...))
}

// crop takes part of an axis, in either direction.
func (n *network) crop(x accel.ValueID, axis int) accel.ValueID {
	extent := n.Shape(x)[axis].Fixed
	first, last := n.r.IntN(extent), n.r.IntN(extent)
	step := 1
	if last < first {
		step = -1
	}
	count := accel.Fixed((last-first)*step + 1)
	return n.Step(accel.Slice{Axis: axis, Start: accel.Fixed(first), Count: count, Step: step}, x)
}

// squeeze multiplies channels by what their means say.
func (n *network) squeeze(x accel.ValueID) accel.ValueID {
	s := n.Shape(x)
	c := s[1].Fixed
	gate := n.dense(n.dense(n.Step(accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, x), 3), c)
	gate = n.Step(accel.Map{Fn: accel.Sigmoid}, gate)
	gate = n.Step(accel.Reshape{To: accel.Shape{s[0], s[1], accel.Fixed(1), accel.Fixed(1)}}, gate)
	return n.Step(accel.Binary{Fn: accel.Mul}, x, gate)
}

// windows makes two rows of each, or one of two.
func (n *network) windows(x accel.ValueID) accel.ValueID {
	s := append(accel.Shape{}, n.Shape(x)...)
	switch {
	case s[0].PerRow%2 == 0 && n.r.IntN(2) == 0:
		s[0].PerRow, s[1].Fixed = s[0].PerRow/2, 2*s[1].Fixed
	case s[1].Fixed%2 == 0:
		s[0].PerRow, s[1].Fixed = 2*s[0].PerRow, s[1].Fixed/2
	}
	return n.Step(accel.Reshape{To: s}, x)
}

func (n *network) onTokens(x accel.ValueID) accel.ValueID {
	s := n.Shape(x)
	width := s[2].Fixed
	switch n.r.IntN(6) {
	case 0, 1:
		return n.Step(accel.Binary{Fn: accel.Add}, x, n.attention(x))
	case 2:
		return n.function(n.dense(x, 1+n.r.IntN(40)))
	case 3:
		return n.Step(accel.LayerNorm{Axis: 2, Eps: 0.1}, x, n.random(1, width), n.random(1, width))
	case 4:
		token := n.Step(accel.Slice{Axis: 1, Count: accel.Fixed(1), Step: 1}, x)
		return n.Step(accel.Reshape{To: accel.Shape{s[0], s[2]}}, token)
	default:
		planes := n.Step(accel.Transpose{Perm: []int{0, 2, 1}}, x)
		return n.Step(accel.Reshape{To: accel.Shape{s[0], s[2], s[1], accel.Fixed(1)}}, planes)
	}
}

// attention has one head, or two if the width is even; the batch is in front or, as
// some exporters have it, inside.
func (n *network) attention(x accel.ValueID) accel.ValueID {
	s := n.Shape(x)
	heads := accel.Fixed(1 + (1+s[2].Fixed)%2*n.r.IntN(2))
	width := accel.Fixed(s[2].Fixed / heads.Fixed)
	inside := n.r.IntN(2) == 0
	if inside {
		x = n.Step(accel.Transpose{Perm: []int{1, 0, 2}}, x)
	}
	split, perm := accel.Shape{s[0], s[1], heads, width}, []int{0, 2, 1, 3}
	if inside {
		split, perm = accel.Shape{s[1], s[0], heads, width}, []int{1, 2, 0, 3}
	}
	part := func() accel.ValueID {
		return n.Step(accel.Transpose{Perm: perm}, n.Step(accel.Reshape{To: split}, n.dense(x, s[2].Fixed)))
	}
	scores := n.Step(accel.MatMul{TransB: true, Alpha: 0.3}, part(), part())
	mixed := n.Step(accel.MatMul{Alpha: 1}, n.Step(accel.Softmax{Axis: 3}, scores), part())
	mixed = n.Step(accel.Transpose{Perm: []int{0, 2, 1, 3}}, mixed)
	return n.dense(n.Step(accel.Reshape{To: s}, mixed), s[2].Fixed)
}

// dense multiplies the last axis with a matrix.
func (n *network) dense(x accel.ValueID, to int) accel.ValueID {
	s := n.Shape(x)
	depth := s[len(s)-1].Fixed
	y := n.Step(accel.MatMul{Alpha: 1}, x, n.random(depth, depth, to))
	if n.r.IntN(2) == 0 {
		return y
	}
	return n.Step(accel.Binary{Fn: accel.Add}, y, n.random(4, to))
}

func (n *network) onVectors(x accel.ValueID) accel.ValueID {
	s := n.Shape(x)
	switch n.r.IntN(5) {
	case 0, 1, 2:
		return n.normalized(n.dense(x, 1+n.r.IntN(40)))
	case 3:
		return n.Step(accel.Softmax{Axis: n.r.IntN(2)}, x)
	default:
		return n.Step(accel.Reshape{To: accel.Shape{s[0], s[1], accel.Fixed(1), accel.Fixed(1)}}, x)
	}
}

// draw returns one of the choices.
func draw[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }
