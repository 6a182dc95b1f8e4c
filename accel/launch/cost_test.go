package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// costs lowers a program of one step for four rows.
func costs(t *testing.T, op accel.Op, operands ...accel.Shape) (moved, flops int64) {
	b := &acceltest.Builder{}
	var in []accel.ValueID
	for _, s := range operands {
		in = append(in, b.Input(s))
	}
	p := newPlan(b.Program(b.Step(op, in...)), forBatch)
	l := &lowering{program: p.program, rows: 4, form: forBatch}
	require.NoError(t, l.lower(p.nodes[0]))
	for i := range l.out {
		moved += l.moved(&l.out[i])
	}
	return moved, l.flops(p.nodes[0])
}

func TestWhatLaunchesCostIsCountedFromTheirOperands(t *testing.T) {
	pixels := accel.BatchShape(3, 8, 8) // 192 values a row
	for _, c := range []struct {
		name         string
		op           accel.Op
		in           []accel.Shape
		floats, flop int64
	}{
		{"a function reads and writes", accel.Map{Fn: accel.Exp}, []accel.Shape{pixels}, 2 * 4 * 192, 0},
		{"an operand that is stretched is read once", accel.Binary{Fn: accel.Pow}, []accel.Shape{pixels, accel.BatchShape(1, 1, 1)}, 2*4*192 + 4, 0},
		{
			"a convolution", accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1},
			[]accel.Shape{pixels, accel.StaticShape(5, 3, 3, 3)}, 4*192 + 5*27 + 4*5*64, 2 * 27 * 4 * 5 * 64,
		},
		{
			"a product with a transposed factor", accel.MatMul{TransA: true, Alpha: 1},
			[]accel.Shape{accel.StaticShape(7, 2), accel.StaticShape(7, 3)}, 14 + 21 + 6, 2 * 7 * 6,
		},
		{"a slice reads what it takes", accel.Slice{Axis: 1, Count: accel.Fixed(1), Step: 1}, []accel.Shape{pixels}, 2 * 4 * 64, 0},
		{"joining writes every operand once", accel.Concat{Axis: 1}, []accel.Shape{pixels, pixels}, 2 * 2 * 4 * 192, 0},
		{"expanding writes more than it reads", accel.Expand{To: accel.BatchShape(5)}, []accel.Shape{accel.BatchShape(1)}, 4 + 20, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			moved, flops := costs(t, c.op, c.in...)
			require.Equal(t, c.floats*floatBytes, moved)
			require.Equal(t, c.flop, flops)
		})
	}
}
