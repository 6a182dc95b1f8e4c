package plain

import (
	"math"
	"slices"

	"ttad/accel"
)

// Index is accel.Index with float64 sums: it sorts every key for every query.
type Index struct {
	dim  int
	keys [][]float32
}

// NewIndex returns an index of capacity keys of dim zeros.
func NewIndex(dim, capacity int) *Index {
	keys := make([][]float32, capacity)
	for i := range keys {
		keys[i] = make([]float32, dim)
	}
	return &Index{dim, keys}
}

// Set copies key.
func (x *Index) Set(slot int, key []float32) { copy(x.keys[slot], key) }

// Key reads a slot.
func (x *Index) Key(slot int, key []float32) { copy(key, x.keys[slot]) }

// Close has nothing to free.
func (x *Index) Close() {}

// Search sorts all live slots for each query.
func (x *Index) Search(queries []float32, n, k, live int, slots []int32, similarities []float32) {
	for i := range n {
		similarity := x.similarities(queries[i*x.dim:(i+1)*x.dim], live)
		order := x.order(similarity)
		for j := range k {
			slots[i*k+j], similarities[i*k+j] = -1, 0
			if j < len(order) {
				slots[i*k+j], similarities[i*k+j] = order[j], float32(similarity[order[j]])
			}
		}
	}
}

func (x *Index) similarities(query []float32, live int) []float64 {
	out := make([]float64, live)
	for slot, key := range x.keys[:live] {
		for d, q := range query {
			out[slot] += float64(q) * float64(key[d])
		}
	}
	return out
}

// order lists the slots whose similarity is finite, the largest first.
func (x *Index) order(similarity []float64) []int32 {
	var slots []int32
	for slot, s := range similarity {
		if math.Abs(s) <= math.MaxFloat32 {
			slots = append(slots, int32(slot))
		}
	}
	slices.SortStableFunc(slots, func(a, b int32) int {
		switch {
		case similarity[a] > similarity[b]:
			return -1
		case similarity[a] < similarity[b]:
			return 1
		}
		return 0
	})
	return slots
}

var _ accel.Index = (*Index)(nil)
