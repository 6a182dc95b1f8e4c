package acceltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// rules lists one of every kind of norm rule.
func rules(r *rand.Rand, channels int) map[string]accel.NormRule {
	given := accel.NormRule{
		Mode: accel.NormGiven, Mean: Numbers.tensor(r, channels).Data, Var: Positive.tensor(r, channels).Data,
	}
	blend := func(w float32, pool, unbiased bool) accel.NormRule {
		return accel.NormRule{Mode: accel.NormBlend, SourceWeight: w, Pool: pool, Unbiased: unbiased}
	}
	return map[string]accel.NormRule{
		"source": {}, "given": given,
		"blend 0.9": blend(0.9, false, false), "blend 0.3 unbiased": blend(0.3, false, true),
		"pool 0.5": blend(0.5, true, false), "pool 0.5 unbiased": blend(0.5, true, true),
		"batch only": blend(0, false, false), "source by weight": blend(1, true, true),
	}
}

// normShapes are inputs of a norm: images, vectors, windows, single points.
func normShapes() map[string]accel.Shape {
	return map[string]accel.Shape{
		"images": accel.BatchShape(5, 7, 3), "vectors": accel.BatchShape(13), "points": accel.BatchShape(3, 1, 1),
		"large images": accel.BatchShape(3, 64, 65),
		"windows":      {windows, accel.Fixed(4), accel.Fixed(5)},
		"rows within":  {accel.RowsDim(), accel.Fixed(3), accel.RowsDim()},
	}
}

func runNorms(t *testing.T, open Open) {
	d := opened(t, open)
	for shape, s := range normShapes() {
		for name, rule := range rules(seeded("rules"), s[1].Fixed) {
			for _, virtual := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/virtual %v", shape, name, virtual), func(t *testing.T) {
					runRule(t, d, s, rule, virtual)
				})
			}
		}
	}
	t.Run("a channel that is not finite falls back to the source", func(t *testing.T) { runFallback(t, d) })
	t.Run("weight 1 is the source model bit for bit", func(t *testing.T) { runFullWeight(t, d) })
	t.Run("a virtual norm keeps the source model's bits", func(t *testing.T) { runVirtual(t, d) })
	t.Run("moments survive a mean far from the source", func(t *testing.T) { runFarMean(t, d) })
}

// runRule normalizes after a product the norm may be melted into, and before a
// function that may be fused, and once on its own.
func runRule(t *testing.T, d accel.Device, s accel.Shape, rule accel.NormRule, virtual bool) {
	r := newRunner(t, d)
	defer r.close()
	random := seeded(t.Name())
	b := &Builder{}
	x := b.Input(s)
	y := b.Norm(accel.Norm{Eps: 1e-3, Virtual: virtual}, x, random)
	p := b.Program(b.Step(accel.Map{Fn: accel.Relu}, y), y)
	e := r.compile(p, 6)
	for _, rows := range []int{6, 1, 3} {
		r.compare(e, rows, []*accel.Tensor{Numbers.tensor(random, s.At(rows)...)}, []accel.NormRule{rule}, 8)
	}
	require.NoError(t, e.Close())
}

func runFallback(t *testing.T, d accel.Device) {
	r := newRunner(t, d)
	defer r.close()
	random := seeded(t.Name())
	for _, bad := range []float64{math.NaN(), math.Inf(1), 1e30} {
		b := &Builder{}
		p := b.Program(b.Norm(accel.Norm{Eps: 1e-3}, b.Input(accel.BatchShape(3, 4)), random))
		e := r.compile(p, 4)
		in := Numbers.tensor(random, 4, 3, 4)
		in.Data[5] = float32(bad) // channel 1 of row 0
		rule := accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.5}
		got := r.run(e, 4, []*accel.Tensor{in}, []accel.NormRule{rule}, false)
		source := r.run(e, 4, []*accel.Tensor{in}, nil, false)
		for row := range 4 {
			at := row*12 + 4
			within(t, "the bad channel", got.outputs[0][at:at+4], source.outputs[0][at:at+4], 8)
		}
		assert.NotEqual(t, source.outputs[0][:4], got.outputs[0][:4], "a good channel is blended")
		require.NoError(t, e.Close())
	}
}

// runFullWeight mixes in a row of NaN, which batch moments would spread.
func runFullWeight(t *testing.T, d accel.Device) {
	r := newRunner(t, d)
	defer r.close()
	random := seeded(t.Name())
	p := residual(random, false)
	e := r.compile(p, 3)
	in := Numbers.tensor(random, 3, 3, 8, 8)
	in.Row(2)[7] = float32(math.NaN())
	full := accel.NormRule{Mode: accel.NormBlend, SourceWeight: 1, Unbiased: true}
	rules := make([]accel.NormRule, len(p.NormSteps))
	for i := range rules {
		rules[i] = full
	}
	source := r.run(e, 3, []*accel.Tensor{in}, nil, false)
	assertBits(t, source, r.run(e, 3, []*accel.Tensor{in}, rules, false))
	kept := r.run(e, 3, []*accel.Tensor{in}, nil, true)
	assertBits(t, kept, r.run(e, 3, []*accel.Tensor{in}, rules, true))
	require.NoError(t, e.Close())
}

// runVirtual compares a model with virtual norms to the same one without.
func runVirtual(t *testing.T, d accel.Device) {
	r := newRunner(t, d)
	defer r.close()
	build := func(virtual bool) *accel.Program {
		random := seeded("virtual")
		b := &Builder{}
		conv := accel.Conv{Stride: unit, Dilation: unit, Pad: [4]int{1, 1, 1, 1}, Groups: 1}
		y := b.Step(conv, b.Input(accel.BatchShape(3, 5, 5)), b.Const(Numbers.tensor(random, 4, 3, 3, 3)))
		if virtual {
			y = b.Norm(accel.Norm{Virtual: true, Eps: 1e-3}, y, random)
		}
		return b.Program(b.Step(accel.Map{Fn: accel.Relu}, y))
	}
	in := Numbers.tensor(seeded("input"), 2, 3, 5, 5)
	with, without := r.compile(build(true), 2), r.compile(build(false), 2)
	bare := r.run(without, 2, []*accel.Tensor{in}, nil, false)
	assertBits(t, bare, r.run(with, 2, []*accel.Tensor{in}, nil, false))
	watched := r.run(with, 2, []*accel.Tensor{in}, nil, true)
	watched.moments = nil
	assertBits(t, bare, watched)
	require.NoError(t, with.Close())
	require.NoError(t, without.Close())
}

// runFarMean has a variance of about 1 around a mean of 10000, which the
// difference of a mean of squares and a square of a mean would lose in float32.
func runFarMean(t *testing.T, d accel.Device) {
	r := newRunner(t, d)
	defer r.close()
	random := seeded(t.Name())
	b := &Builder{}
	p := b.Program(b.Norm(accel.Norm{Eps: 1e-3}, b.Input(accel.BatchShape(2, 50)), random))
	e := r.compile(p, 8)
	in := Numbers.tensor(random, 8, 2, 50)
	for i := range in.Data {
		in.Data[i] += 10000
	}
	got := r.run(e, 8, []*accel.Tensor{in}, []accel.NormRule{{Mode: accel.NormBlend}}, true)
	for c := range 2 {
		assert.InDelta(t, 1, got.moments[0][2+c], 0.2, "variance of channel %d", c)
	}
	var sum float64
	for _, v := range got.outputs[0] {
		sum += math.Abs(float64(v))
	}
	assert.Less(t, sum/float64(len(in.Data)), 2.5, "normalized values are near beta, within a few gammas")
	require.NoError(t, e.Close())
}

func assertBits(t testing.TB, want, got results) {
	t.Helper()
	require.Len(t, got.outputs, len(want.outputs))
	require.Len(t, got.moments, len(want.moments))
	sameBits(t, "output", want.outputs, got.outputs)
	sameBits(t, "moments", want.moments, got.moments)
}

func sameBits(t testing.TB, what string, want, got [][]float32) {
	t.Helper()
	for i := range want {
		for j := range want[i] {
			if math.Float32bits(want[i][j]) != math.Float32bits(got[i][j]) {
				t.Fatalf("%s %d: value %d is %x, was %x before", what, i, j, got[i][j], want[i][j])
			}
		}
	}
}
