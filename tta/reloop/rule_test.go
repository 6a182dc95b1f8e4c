package reloop

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestZeroWeightChangesNoBit(t *testing.T) {
	q := []float32{0.1, 0.2, 0.7}
	z := append([]float32{}, q...)
	compensate(z, []float32{0.3, -0.1, -0.2}, 0)
	assert.InDeltaSlice(t, q, z, 1e-7, "the rule itself rounds; Correct leaves such rows alone")
}

func TestErrorsSumToZero(t *testing.T) {
	q, labels, base := []float32{0.5, 0.3, 0.2}, []float32{0, 0.25, 0.75}, []float32{0.4, 0.4, 0.2}
	for _, gamma := range []float32{0, 0.3, 1} {
		e := make([]float32, 3)
		residual(e, q, labels, base, gamma)
		assert.InDelta(t, 0, e[0]+e[1]+e[2], 1e-6)
		want := gamma*(labels[2]-q[2]) + (1-gamma)*(labels[2]-base[2])
		assert.InDelta(t, want, e[2], 1e-6)
	}
}

func TestTwoClassesAreThePapersClamp(t *testing.T) {
	for _, c := range []struct{ base, e, weight, want float64 }{
		{0.45, 0.55, 0.5, 0.725},
		{0.9, 0.53, 2, 1},
		{0.1, -0.4, 0.9, 0},
		{0.3, -0.2, 0.7, 0.16},
	} {
		q := []float32{float32(1 - c.base), float32(c.base)}
		compensate(q, []float32{float32(-c.e), float32(c.e)}, c.weight)
		assert.InDelta(t, c.want, q[1], 1e-6)
		assert.InDelta(t, 1, q[0]+q[1], 1e-6)
	}
}

func TestFiniteSeesEveryKindOfNonsense(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	require.True(t, finite([]float32{0, -1, 3e38}))
	for _, bad := range []float32{nan, inf, -inf} {
		assert.False(t, finite([]float32{0.5, bad}))
	}
}
