package cuda_test

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
)

// What a card could do follows from its clocks, and from how wide generations are.
func TestFactsOfCards(t *testing.T) {
	for _, tt := range []struct {
		compute [2]int
		lanes   float64
	}{{[2]int{5, 2}, 128}, {[2]int{6, 0}, 64}, {[2]int{7, 5}, 64}, {[2]int{8, 0}, 64}, {[2]int{8, 6}, 128}, {[2]int{9, 0}, 128}} {
		double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Compute: tt.compute, Memory: 1 << 20}}})
		driver, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
		require.NoError(t, err)
		gauge, ok := driver.(cuda.Gauge)
		require.True(t, ok)
		facts, err := gauge.Facts()
		require.NoError(t, err)
		require.Equal(t, cuda.Facts{Multiprocessors: 4, Clock: 1.5e9, FLOPs: 2 * 1.5e9 * 4 * tt.lanes, Bandwidth: 64e9}, facts)
		used, err := driver.Alloc(1000)
		require.NoError(t, err)
		free, err := gauge.FreeBytes()
		require.NoError(t, err)
		require.EqualValues(t, 1<<20-1000, free)
		require.NoError(t, driver.Free(used))
		require.NoError(t, driver.Close())
	}
}
