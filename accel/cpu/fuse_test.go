package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// The shortcut of a residual block may be computed before its branch or after it:
// either way the branch's last kernel adds it.
func TestAKernelTakesTheAdditionThatFollowsIt(t *testing.T) {
	relu := accel.Map{Fn: accel.Relu}
	add := accel.Binary{Fn: accel.Add}
	for _, late := range []bool{false, true} {
		b := &acceltest.Builder{}
		x := b.Input(accel.BatchShape(4))
		w := b.Const(accel.NewTensor(4, 4))
		shortcut, branch := accel.NoValue, accel.NoValue
		if !late {
			shortcut = b.Step(accel.Softmax{Axis: 1}, x)
		}
		branch = b.Step(accel.MatMul{Alpha: 1}, x, w)
		if late {
			shortcut = b.Step(accel.Softmax{Axis: 1}, x)
		}
		p, err := newPlan(planned(t), b.Program(b.Step(relu, b.Step(add, branch, shortcut))), 8, forBatch, packs{})
		require.NoError(t, err)
		assert.Equal(t, []string{"[softmax matMul]"}, cuts(p), "late %v", late)
	}
}

func TestAnAdditionOfOneValueToItselfIsNotMoved(t *testing.T) {
	b := &acceltest.Builder{}
	y := b.Step(accel.MatMul{Alpha: 1}, b.Input(accel.BatchShape(4)), b.Const(accel.NewTensor(4, 4)))
	p, err := newPlan(planned(t), b.Program(b.Step(accel.Binary{Fn: accel.Add}, y, y)), 8, forBatch, packs{})
	require.NoError(t, err)
	assert.Equal(t, []string{"[matMul binary]"}, cuts(p))
}
