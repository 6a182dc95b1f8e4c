package acceltest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// optional reports whether a device may refuse an operator: what is done with a
// model's outputs can be done on the host as well.
func optional(op accel.Op) bool {
	switch op.(type) {
	case accel.PriorRatio, accel.LAME:
		return true
	}
	return false
}

// settledDepth makes within allow 5e-4: LAME stops where its energy moves by 1e-8 of
// itself, which is where iterates move by the root of that, and float32 may get there a
// step sooner or later than float64.
const settledDepth = 1_000_000

func outputCases() []opCase {
	all := []opCase{
		{"prior", accel.PriorRatio{}, []operand{batch(7).filled(Positive), static(7).filled(Positive)}, 0},
		{"prior of many classes", accel.PriorRatio{}, []operand{batch(130).filled(Positive), static(130).filled(Positive)}, 0},
	}
	for _, a := range accel.Affinities() {
		for _, symmetric := range []bool{false, true} {
			op := accel.LAME{Affinity: a, Neighbors: 2, MaxIterations: 100, ForceSymmetry: symmetric}
			all = append(all,
				opCase{"few classes", op, []operand{batch(9), batch(3).filled(Positive)}, settledDepth},
				opCase{"many classes", op, []operand{batch(33), batch(70).filled(Positive)}, settledDepth},
				opCase{"equal rows", op, []operand{static(5, 1).filled(Few), static(5, 4).filled(Positive)}, settledDepth})
		}
		op := accel.LAME{Affinity: a, Neighbors: 300, MaxIterations: 2}
		all = append(all, opCase{"everybody near, cut short", op, []operand{batch(6), batch(4).filled(Positive)}, settledDepth})
	}
	return all
}

// runOutputs checks rows of outputs that are not numbers: they come back as they are
// and do not show in others.
func runOutputs(t *testing.T, open Open) {
	d := opened(t, open)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	t.Run("prior", func(t *testing.T) {
		p := accel.TensorOf([]float32{0.5, 0.5, nan, 1, 0, 0, inf, 1, 0.2, 0.8}, 5, 2)
		ratio := accel.TensorOf([]float32{2, 0.5}, 2)
		runOutput(t, d, accel.PriorRatio{}, p, ratio)
	})
	for _, a := range accel.Affinities() {
		op := accel.LAME{Affinity: a, Neighbors: 3, MaxIterations: 50}
		t.Run("LAME by "+string(a), func(t *testing.T) {
			random := seeded(t.Name())
			features, q := Numbers.tensor(random, 12, 5), Positive.tensor(random, 12, 3)
			features.Row(1)[2], features.Row(4)[0], q.Row(6)[1], q.Row(7)[0] = nan, -inf, nan, inf
			clear(features.Row(8))
			short := float32(1e-30)
			if a == accel.AffinityKNN {
				short = 1e-11 // else it is as far from everybody as row 8 is, and rounding decides
			}
			for k := range features.Row(9) {
				features.Row(9)[k] *= short
				features.Row(10)[k] *= 1e30
			}
			copy(features.Row(11), features.Row(0))
			runOutput(t, d, op, features, q)
		})
		t.Run("LAME of rows that all are not finite, by "+string(a), func(t *testing.T) {
			random := seeded(t.Name())
			features, q := Numbers.tensor(random, 3, 2), Positive.tensor(random, 3, 4)
			for i := range features.Data {
				features.Data[i] = nan
			}
			runOutput(t, d, op, features, q)
		})
	}
}

func runOutput(t *testing.T, d accel.Device, op accel.Op, in ...*accel.Tensor) {
	t.Helper()
	b := &Builder{}
	var ids []accel.ValueID
	for _, x := range in {
		ids = append(ids, b.Input(accel.StaticShape(x.Shape...)))
	}
	p := b.Program(b.Step(op, ids...))
	mayRefuse(t, d, p)
	r := newRunner(t, d)
	defer r.close()
	e := r.compile(p, 1)
	r.compare(e, 1, in, nil, settledDepth)
	require.NoError(t, e.Close())
}
