package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// In a plan with batch moments every convolution's result waits for all chunks. Two
// values of the whole batch are enough for any number of residual blocks: what a
// convolution left, overwritten by the next one chunk by chunk, and what the blocks
// add up to.
func TestResidualBlocksNeedTheMemoryOfTwoValues(t *testing.T) {
	arena := func(blocks int) int {
		r := rand.New(rand.NewPCG(1, 2))
		b := &acceltest.Builder{}
		relu, conv := accel.Map{Fn: accel.Relu}, accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}
		layer := func(x accel.ValueID) accel.ValueID {
			return b.Norm(accel.Norm{Eps: 1e-5}, b.Step(conv, x, b.Const(accel.NewTensor(16, 16, 3, 3))), r)
		}
		x := b.Step(relu, layer(b.Input(accel.BatchShape(16, 8, 8))))
		for range blocks {
			x = b.Step(relu, b.Step(accel.Binary{Fn: accel.Add}, layer(b.Step(relu, layer(x))), x))
		}
		pooled := b.Step(accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, x)
		p, err := newPlan(planned(t), b.Program(pooled), 64, forBatch, packs{})
		require.NoError(t, err)
		return p.size.arena
	}
	two := arena(2)
	assert.Equal(t, two, arena(5))
	assert.Less(t, two, 64*16*(8*8+12*12)+64*16+1, "the borders of 3x3 windows, with Winograd's tiles, and the result")
}

func TestWhatRowsStillReadIsNotOverwrittenByRowsOfAnotherLength(t *testing.T) {
	tests := []struct {
		name  string
		width int
		same  bool
	}{
		{"rows as long", 32, true},
		{"longer rows", 48, false},
		{"shorter rows", 16, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &acceltest.Builder{}
			all := accel.Reduce{Fn: accel.ReduceMax, Axes: []int{0}} // ends a segment
			x := b.Step(accel.Softmax{Axis: 1}, b.Input(accel.BatchShape(32)))
			mid := b.Step(accel.MatMul{Alpha: 1}, b.Step(accel.Binary{Fn: accel.Max}, x, b.Step(all, x)), b.Const(accel.NewTensor(32, tt.width)))
			y := b.Step(accel.Softmax{Axis: 1}, mid)
			p, err := newPlan(planned(t), b.Program(b.Step(all, y)), 64, forBatch, packs{})
			require.NoError(t, err)
			require.Equal(t, []string{"[softmax]", "reduce", "[binary matMul softmax]", "reduce"}, cuts(p))
			assert.Equal(t, tt.same, p.batch[x] == p.batch[y])
			assert.GreaterOrEqual(t, p.local[mid], 0, "nobody outside reads it")
		})
	}
}
