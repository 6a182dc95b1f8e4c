package acceltest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

var conv3 = accel.Conv{Stride: unit, Dilation: unit, Pad: [4]int{1, 1, 1, 1}, Groups: 1}

// residual is a small network of the family the project is about: a stem, a
// block with a shortcut, average pooling, a dense layer. Its outputs are logits
// and the features they are made of.
func residual(r *rand.Rand, virtual bool) *accel.Program {
	b := &Builder{}
	norm := accel.Norm{Eps: 1e-5, Virtual: virtual}
	layer := func(x accel.ValueID, m int) accel.ValueID {
		w := Numbers.tensor(r, m, b.Shape(x)[1].Fixed, 3, 3)
		for i := range w.Data {
			w.Data[i] *= 0.2
		}
		return b.Norm(norm, b.Step(conv3, x, b.Const(w)), r)
	}
	relu := func(x accel.ValueID) accel.ValueID { return b.Step(accel.Map{Fn: accel.Relu}, x) }
	stem := relu(layer(b.Input(accel.BatchShape(3, 8, 8)), 6))
	inner := layer(relu(layer(stem, 6)), 6)
	block := relu(b.Step(accel.Binary{Fn: accel.Add}, inner, stem))
	features := b.Step(accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, block)
	dense := accel.MatMul{TransB: true, Alpha: 1, Beta: 1}
	logits := b.Step(dense, features, b.Const(Numbers.tensor(r, 5, 6)), b.Const(Numbers.tensor(r, 5)))
	return b.Program(logits, features)
}

// perceptron normalizes vectors between dense layers.
func perceptron(r *rand.Rand) *accel.Program {
	b := &Builder{}
	dense := accel.MatMul{TransB: true, Alpha: 1, Beta: 0.5}
	x := b.Input(accel.BatchShape(7))
	h := b.Step(dense, x, b.Const(Numbers.tensor(r, 12, 7)), b.Const(Numbers.tensor(r, 12)))
	h = b.Step(accel.Map{Fn: accel.Relu}, b.Norm(accel.Norm{Eps: 1e-5}, h, r))
	h = b.Step(accel.MatMul{Alpha: 2}, h, b.Const(Numbers.tensor(r, 12, 3)))
	h = b.Norm(accel.Norm{Eps: 1e-5}, h, r)
	return b.Program(b.Step(accel.Softmax{Axis: 1}, h), h)
}

// attention works on windows, so that rows become four times as many and back.
func attention(r *rand.Rand) *accel.Program {
	b := &Builder{}
	x := b.Input(accel.BatchShape(16, 6))
	h := b.Step(accel.LayerNorm{Axis: 2, Eps: 1e-5}, x, b.Const(Positive.tensor(r, 6)), b.Const(Numbers.tensor(r, 6)))
	h = b.Step(accel.Reshape{To: accel.Shape{windows, accel.Fixed(4), accel.Fixed(6)}}, h)
	scores := b.Step(accel.Softmax{Axis: 2}, b.Step(accel.MatMul{TransB: true, Alpha: 0.4}, h, h))
	mixed := b.Step(accel.MatMul{Alpha: 1}, scores, h)
	back := b.Step(accel.Reshape{To: accel.BatchShape(16, 6)}, mixed)
	sum := b.Step(accel.Binary{Fn: accel.Add}, back, x)
	token := b.Step(accel.Gather{Axis: 1}, sum, b.Const(accel.TensorOf([]float32{0})))
	return b.Program(b.Step(accel.Map{Fn: accel.Gelu}, token))
}

// byHand adds its biases in steps of their own, which have fewer axes than what
// they are added to, and leaves operands out by name.
func byHand(r *rand.Rand) *accel.Program {
	b := &Builder{}
	add := accel.Binary{Fn: accel.Add}
	x := b.Input(accel.BatchShape(3, 5, 5))
	h := b.Norm(accel.Norm{Eps: 1e-5}, b.Step(conv3, x, b.Const(Numbers.tensor(r, 4, 3, 3, 3)), accel.NoValue), r)
	h = b.Step(accel.Map{Fn: accel.Relu}, b.Step(add, h, b.Const(Numbers.tensor(r, 4, 1, 1))))
	h = b.Step(conv3, h, b.Const(Numbers.tensor(r, 2, 4, 3, 3)))
	h = b.Step(add, b.Const(Numbers.tensor(r)), h)
	flat := b.Step(accel.Reshape{To: accel.BatchShape(50)}, h)
	y := b.Step(accel.MatMul{Alpha: 1}, flat, b.Const(Numbers.tensor(r, 50, 3)), accel.NoValue)
	return b.Program(b.Step(add, y, b.Const(Numbers.tensor(r, 3))))
}

// echo has outputs that are an input, a constant, and two names of one value.
func echo() *accel.Program {
	b := &Builder{}
	x := b.Input(accel.BatchShape(4))
	y := b.Step(accel.Map{Fn: accel.Neg}, x)
	view := b.Step(accel.Reshape{To: accel.BatchShape(2, 2)}, y)
	flat := b.Step(accel.Reshape{To: accel.Shape{{PerRow: 4}}}, x)
	c := b.Const(accel.TensorOf([]float32{1, 2, 3}, 3))
	return b.Program(x, y, view, flat, c, y)
}

func runPrograms(t *testing.T, open Open) {
	d := opened(t, open)
	random := seeded("programs")
	for name, p := range map[string]*accel.Program{
		"residual": residual(random, false), "residual, virtual norms": residual(random, true),
		"perceptron": perceptron(random), "attention": attention(random), "echo": echo(), "biases by hand": byHand(random),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t, d)
			defer r.close()
			e := r.compile(p, 9)
			for i, rows := range []int{9, 1, 4} {
				in := inputsOf(p, rows, random)
				r.compare(e, rows, in, nil, 64)
				r.compare(e, rows, in, mixedRules(p, i), 64)
			}
			require.NoError(t, e.Close())
		})
	}
}

func inputsOf(p *accel.Program, rows int, r *rand.Rand) []*accel.Tensor {
	var in []*accel.Tensor
	for _, id := range p.Inputs {
		in = append(in, Numbers.tensor(r, p.Values[id].Shape.At(rows)...))
	}
	return in
}

// mixedRules blends some norms and leaves others at the source.
func mixedRules(p *accel.Program, turn int) []accel.NormRule {
	rules := make([]accel.NormRule, len(p.NormSteps))
	for i := range rules {
		if (i+turn)%3 != 0 {
			rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.25 * float32((i+turn)%5), Pool: turn == 1}
		}
	}
	return rules
}

// runRandom compares programs nobody would write: steps drawn at random from
// those that keep the shape of an image, with random outputs. They are there to
// catch memory shared too early and results fused into the wrong place.
func runRandom(t *testing.T, open Open) {
	d := opened(t, open)
	for seed := range 60 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := newRunner(t, d)
			defer r.close()
			random := seeded(t.Name())
			p := randomProgram(random)
			e := r.compile(p, 4)
			for _, rows := range []int{4, 1} {
				in := inputsOf(p, rows, random)
				r.compare(e, rows, in, nil, 200)
				r.compare(e, rows, in, mixedRules(p, seed), 200)
			}
			require.NoError(t, e.Close())
		})
	}
}

func randomProgram(r *rand.Rand) *accel.Program {
	b := &Builder{}
	shape := accel.BatchShape(3, 4, 5)
	values := []accel.ValueID{b.Input(shape), b.Input(shape)}
	for range 5 + r.IntN(20) {
		values = append(values, randomStep(b, r, values, shape))
	}
	outputs := []accel.ValueID{values[len(values)-1]}
	for range r.IntN(4) {
		outputs = append(outputs, values[r.IntN(len(values))])
	}
	return b.Program(outputs...)
}

func randomStep(b *Builder, r *rand.Rand, values []accel.ValueID, shape accel.Shape) accel.ValueID {
	// Recent values are likelier, so that chains form which can be fused.
	x := values[max(0, len(values)-1-r.IntN(3))]
	other := values[r.IntN(len(values))]
	switch r.IntN(10) {
	case 0, 1:
		return b.Step(accel.Map{Fn: accel.Tanh}, x)
	case 2, 3:
		return b.Step(accel.Binary{Fn: accel.Add}, x, other)
	case 4:
		return b.Step(accel.Binary{Fn: accel.Sub}, other, x)
	case 5:
		w := Numbers.tensor(r, 3, 3, 3, 3)
		for i := range w.Data {
			w.Data[i] *= 0.15 // keeps values near 1 through many layers
		}
		return b.Step(conv3, x, b.Const(w), b.Const(Numbers.tensor(r, 3)))
	case 6:
		return b.Norm(accel.Norm{Eps: 0.1, Virtual: r.IntN(2) == 0}, x, r)
	case 7:
		flat := b.Step(accel.Reshape{To: accel.BatchShape(60)}, x)
		return b.Step(accel.Reshape{To: shape}, b.Step(accel.Map{Fn: accel.Sigmoid}, flat))
	case 8:
		return b.Step(accel.Reshape{To: shape}, b.Step(accel.Reshape{To: accel.BatchShape(3, 20)}, x))
	default:
		both := b.Step(accel.Concat{Axis: 1}, x, other)
		return b.Step(accel.Slice{Axis: 1, Start: accel.Fixed(2), Count: accel.Fixed(3), Step: 1}, both)
	}
}

// runSameBits runs the same batch again, after others, on another stream, and
// on a device opened anew.
func runSameBits(t *testing.T, open Open) {
	random := seeded("same bits")
	p := residual(random, false)
	in, noise := inputsOf(p, 9, random), inputsOf(p, 5, random)
	var first *results
	for range 2 {
		func() {
			d := open(t)
			defer func() { require.NoError(t, d.Close()) }()
			r, other := newRunner(t, d), newRunner(t, d)
			defer r.close()
			defer other.close()
			e := r.compile(p, 9)
			for _, on := range []*runner{r, r, other} {
				got := on.run(e, 9, in, mixedRules(p, 1), true)
				if first == nil {
					first = &got
				}
				assertBits(t, *first, got)
				on.run(e, 5, noise, nil, false)
			}
			require.NoError(t, e.Close())
		}()
	}
}

// runStreams lets two streams share a device and an exec at the same time.
func runStreams(t *testing.T, open Open) {
	d := opened(t, open)
	random := seeded("streams")
	p := residual(random, false)
	main := newRunner(t, d)
	defer main.close()
	e := main.compile(p, 16)
	var wg sync.WaitGroup
	for turn := range 3 {
		r := newRunner(t, d)
		in := inputsOf(p, 16-turn, random)
		rules := mixedRules(p, turn)
		want := main.run(e, 16-turn, in, rules, true)
		wg.Go(func() {
			for range 20 {
				got := r.run(e, 16-turn, in, rules, true)
				sameBits(t, "output", want.outputs, got.outputs)
				sameBits(t, "moments", want.moments, got.moments)
			}
			r.close()
		})
	}
	wg.Wait()
	require.NoError(t, e.Close())
}
