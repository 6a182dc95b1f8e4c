package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// float32 has not all whole numbers beyond 2^24: an extent must not be rounded to one.
func TestPositionsOfLongAxes(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		index  float32
		extent int
		want   int
		ok     bool
	}{
		{2, 3, 2, true}, {-3, 3, 0, true}, {3, 3, 0, false}, {-4, 3, 0, false}, {0.5, 3, 0, false},
		{nan, 3, 0, false}, {inf, 3, 0, false}, {-inf, 3, 0, false}, {0, 0, 0, false},
		{1 << 24, 1<<24 + 1, 1 << 24, true}, {-(1<<24 + 4), 1<<24 + 3, 0, false},
	} {
		at, ok := position(c.index, c.extent)
		require.Equal(t, c.ok, ok, "%v of %d", c.index, c.extent)
		require.Equal(t, c.want, at, "%v of %d", c.index, c.extent)
	}
}
