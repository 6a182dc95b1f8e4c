package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

func TestAnExtremeOfPixelsIsNaNEvenBesideInfinity(t *testing.T) {
	for _, fn := range []accel.ReduceFn{accel.ReduceMax, accel.ReduceMin} {
		for _, sign := range []int{-1, 1} {
			s := &blockReduceStep{fn: fn, in: grid{lanes: 1, width: 3}}
			row := []float32{1, float32(math.NaN()), float32(math.Inf(sign))}
			require.True(t, math.IsNaN(float64(s.fold(row))), "%s, %v", fn, row)
		}
	}
}
