package cpu

import (
	"fmt"
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
