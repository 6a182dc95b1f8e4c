package acceltest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// runCorners checks what kernels have code of their own for and programs of models
// seldom do.
func runCorners(t *testing.T, open Open) {
	d := opened(t, open)
	for _, c := range cornerCases() {
		t.Run(c.op.Kind()+"/"+c.name, func(t *testing.T) {
			p, inputs := c.program(seeded(t.Name()), true)
			runCorner(t, d, p, drawn(t, inputs), nil, max(c.depth, 64))
		})
	}
	t.Run("virtual norms of which some keep source moments", func(t *testing.T) {
		random := seeded(t.Name())
		p := residual(random, true)
		given := make([]accel.NormRule, len(p.NormSteps))
		for i := range given[1:] {
			given[1+i] = rules(random, p.NormChannels(1+i))["given"]
		}
		for _, r := range [][]accel.NormRule{mixedRules(p, 0), mixedRules(p, 1), mixedRules(p, 2), given} {
			runCorner(t, d, p, inputsOf(p, 3, random), r, 400)
		}
	})
}

func cornerCases() []opCase {
	var all []opCase
	for _, fn := range accel.BinaryFns() {
		a, b := batch(1, 5, 1).filled(Few), static(3, 1, 4).filled(Few)
		if fn == accel.Pow {
			a = a.filled(Positive)
		}
		if fn == accel.Div || fn == accel.Mod {
			b = b.filled(Positive)
		}
		all = append(all, opCase{"both stretched", accel.Binary{Fn: fn}, []operand{a, b}, 0})
	}
	return append(all,
		opCase{"many squares", accel.Transpose{Perm: []int{0, 3, 1, 2, 5, 4}}, []operand{batch(2, 3, 2, 9, 10)}, 0},
		opCase{"squares of eight axes", accel.Transpose{Perm: []int{2, 0, 4, 1, 3, 5, 7, 6}}, []operand{batch(2, 3, 2, 2, 2, 9, 8)}, 0},
		opCase{"five axes, both stretched", accel.Binary{Fn: accel.Sub}, []operand{batch(1, 2, 1, 3), static(3, 1, 2, 1)}, 0},
		opCase{"three axes, both stretched", accel.Binary{Fn: accel.Sub}, []operand{batch(1, 3), static(2, 1)}, 0},
		opCase{"depth in many parts", accel.MatMul{Alpha: 1}, []operand{batch(16, 2600), static(2600, 10)}, 2600},
		opCase{"short lines over three axes", accel.Reduce{Fn: accel.ReduceSum, Axes: []int{1, 3, 5}}, []operand{batch(2, 2, 2, 3, 2)}, 8},
		opCase{"lines over three axes", accel.Reduce{Fn: accel.ReduceMax, Axes: []int{1, 3, 5}}, []operand{batch(6, 2, 8, 3, 7)}, 0},
		opCase{"length over three axes", accel.Reduce{Fn: accel.ReduceL2, Axes: []int{1, 3, 5}}, []operand{batch(6, 2, 8, 3, 7)}, 400})
}

// drawn fills operands for three rows.
func drawn(t *testing.T, operands []operand) (all []*accel.Tensor) {
	random := seeded(t.Name() + " drawn")
	for _, o := range operands {
		all = append(all, o.fill.tensor(random, o.shape.At(3)...))
	}
	return all
}

func runCorner(t *testing.T, d accel.Device, p *accel.Program, inputs []*accel.Tensor, rules []accel.NormRule, depth int) {
	t.Helper()
	r := newRunner(t, d)
	defer r.close()
	e := r.compile(p, 3)
	r.compare(e, 3, inputs, rules, depth)
	require.NoError(t, e.Close())
}
