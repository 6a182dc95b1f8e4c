package acceltest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// runAttributes draws windows, products and paddings at random, so that sizes
// nobody thought of meet attributes nobody thought of.
func runAttributes(t *testing.T, open Open) {
	d := opened(t, open)
	for seed := range 150 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := newRunner(t, d)
			defer r.close()
			random := seeded(t.Name())
			p := randomOperator(random)
			e := r.compile(p, 3)
			for _, rows := range []int{3, 1} {
				r.compare(e, rows, inputsOf(p, rows, random), nil, 300)
			}
			require.NoError(t, e.Close())
		})
	}
}

// randomOperator draws until attributes and shapes fit each other.
func randomOperator(r *rand.Rand) *accel.Program {
	for {
		op, in := drawOperator(r)
		if _, err := op.Infer(in); err != nil {
			continue
		}
		b := &Builder{}
		var ids []accel.ValueID
		for i, s := range in {
			if i > 0 && s.Static() && r.IntN(2) == 0 {
				ids = append(ids, b.Const(Numbers.tensor(r, s.At(0)...)))
			} else {
				ids = append(ids, b.Input(s))
			}
		}
		return b.Program(b.Step(op, ids...))
	}
}

func drawOperator(r *rand.Rand) (accel.Op, []accel.Shape) {
	pair := func(n int) [2]int { return [2]int{1 + r.IntN(n), 1 + r.IntN(n)} }
	pads := [4]int{r.IntN(4), r.IntN(4), r.IntN(4), r.IntN(4)}
	image := accel.BatchShape(1+r.IntN(9), 1+r.IntN(12), 1+r.IntN(12))
	switch r.IntN(5) {
	case 0:
		groups := []int{1, 1, 2, image[1].Fixed}[r.IntN(4)]
		k := pair(5)
		w := accel.StaticShape(groups*(1+r.IntN(5)), max(1, image[1].Fixed/groups), k[0], k[1])
		op := accel.Conv{Stride: pair(3), Dilation: pair(2), Pad: pads, Groups: groups}
		return op, []accel.Shape{image, w, {w[0]}}[:2+r.IntN(2)]
	case 1:
		fn := []accel.PoolFn{accel.PoolMax, accel.PoolAverage}[r.IntN(2)]
		return accel.Pool{
			Fn: fn, Kernel: pair(4), Stride: pair(3), Dilation: pair(2), Pad: pads,
			Ceil: r.IntN(2) == 0, CountPadding: r.IntN(2) == 0,
		}, []accel.Shape{image}
	case 2:
		op := accel.MatMul{TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0, Alpha: r.Float32(), Beta: r.Float32()}
		m, k, n := accel.Fixed(1+r.IntN(9)), accel.Fixed(1+r.IntN(40)), accel.Fixed(1+r.IntN(30))
		a, b := flip(op.TransA, m, k), flip(op.TransB, k, n)
		if r.IntN(2) == 0 {
			b = append(accel.Shape{accel.RowsDim()}, b...)
		}
		return op, []accel.Shape{append(accel.Shape{accel.RowsDim()}, a...), b}
	case 3:
		mode := []accel.PadMode{accel.PadConstant, accel.PadReflect, accel.PadEdge}[r.IntN(3)]
		return accel.Pad{
			Before: []int{r.IntN(2), r.IntN(3), r.IntN(4), r.IntN(4)},
			After:  []int{r.IntN(2), r.IntN(3), r.IntN(4), r.IntN(4)}, Mode: mode, Value: 2,
		}, []accel.Shape{image}
	default:
		return accel.Transpose{Perm: r.Perm(4)}, []accel.Shape{image}
	}
}

func flip(yes bool, a, b accel.Dim) accel.Shape {
	if yes {
		a, b = b, a
	}
	return accel.Shape{a, b}
}
