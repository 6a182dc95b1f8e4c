package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who finds what depends on who is quick; what is found must not.
func TestSearchFindsTheSameBitsWithAnyNumberOfWorkers(t *testing.T) {
	const dim, keys, n, k = 19, 30_000, 67, 25
	var want []int32
	var wanted []float32
	for _, threads := range []int{1, 2, 7} {
		d, err := New(Config{Threads: threads})
		require.NoError(t, err)
		x, err := d.NewIndex(dim, keys)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(5, 6))
		coarse := func(v []float32) []float32 { // so that ties occur
			for i := range v {
				v[i] = float32(int(2*r.NormFloat64())) / 3
			}
			return v
		}
		for slot := range keys {
			x.Set(slot, coarse(make([]float32, dim)))
		}
		queries := coarse(make([]float32, n*dim))
		for try := range 5 {
			slots, similarities := make([]int32, n*k), make([]float32, n*k)
			x.Search(queries, n, k, keys, slots, similarities)
			if want == nil {
				want, wanted = slots, similarities
			}
			require.Equal(t, want, slots, "%d workers, try %d", threads, try)
			require.Equal(t, wanted, similarities, "%d workers, try %d", threads, try)
		}
		x.Close()
		require.NoError(t, d.Close())
	}
}

// A rank must order as similarity and slot do, and give both back.
func TestRanksOrderBySimilarityThenSlot(t *testing.T) {
	similarities := []float32{math.MaxFloat32, 1, 0.5, math.SmallestNonzeroFloat32, 0, -math.SmallestNonzeroFloat32, -0.5, -1, -math.MaxFloat32}
	last := rank(math.MaxUint64)
	for _, s := range similarities {
		for _, slot := range []int{0, 1, 1 << 20, math.MaxInt32} {
			r := rankOf(s, slot)
			require.Less(t, r, last, "%g in slot %d", s, slot)
			require.Equal(t, s, r.similarity())
			require.EqualValues(t, slot, r.slot())
			last = r
		}
	}
	require.Greater(t, last, nobody)
	require.Equal(t, rankOf(0, 3), rankOf(float32(math.Copysign(0, -1)), 3))
}

func ExampleDevice_NewIndex() {
	device, _ := New(Config{Threads: 2})
	index, _ := device.NewIndex(2, 1000)
	for slot, key := range [][]float32{{1, 0}, {0.6, 0.8}, {0, 1}} {
		index.Set(slot, key)
	}
	slots, similarities := make([]int32, 2), make([]float32, 2)
	index.Search([]float32{0, 1}, 1, 2, 3, slots, similarities)
	fmt.Println(slots, similarities)
	index.Close()
	fmt.Println(device.Close())
	// Output:
	// [2 1] [1 0.8]
	// <nil>
}
