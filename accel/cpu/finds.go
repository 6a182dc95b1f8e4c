package cpu

import (
	"math"
	"math/bits"
)

// finds are the most similar keys one worker has met, for each query in order.
type finds struct {
	k            int
	count        []int     // [queries]
	slots        []int32   // [queries k]
	similarities []float32 // [queries k]
	// limits [queries, rounded up to whole tiles] are what a similarity has to
	// exceed. A worker meets slots in ascending order, so an equal one is too late.
	limits []float32

	sums [tileRows * tileCols]float32 // scratch of the tile
	hits [tileRows]uint32

	coarse coarseFinds
}

func (f *finds) reset(n, k int) {
	f.k = k
	f.count = sized(f.count, n)
	clear(f.count)
	f.slots, f.similarities = sized(f.slots, n*k), sized(f.similarities, n*k)
	f.limits = sized(f.limits, roundUp(n, tileRows))
	for i := range f.limits {
		f.limits[i] = float32(math.Inf(-1))
		if i >= n {
			f.limits[i] = float32(math.Inf(1)) // a row of padding
		}
	}
}

// take looks at the similarities of a query whose bit is set: those of the slots
// from first on.
func (f *finds) take(row int, hits uint32, similarities []float32, first, live int) {
	for ; hits != 0; hits &= hits - 1 {
		j := bits.TrailingZeros32(hits)
		if v := similarities[j]; first+j < live && v > f.limits[row] && v <= math.MaxFloat32 {
			f.insert(row, v, int32(first+j))
		}
	}
}

// offer inserts a key whose similarity is finite.
func (f *finds) offer(row int, similarity float32, slot int32) {
	if math.Abs(float64(similarity)) <= math.MaxFloat32 {
		f.insert(row, similarity, slot)
	}
}

// insert puts a key in its place, unless k better ones are known.
func (f *finds) insert(row int, similarity float32, slot int32) {
	slots, similarities := f.slots[row*f.k:(row+1)*f.k], f.similarities[row*f.k:(row+1)*f.k]
	n := f.count[row]
	at := place(similarities[:n], slots[:n], similarity, slot)
	if at == f.k {
		return
	}
	if n < f.k {
		n++
		f.count[row] = n
	}
	copy(similarities[at+1:n], similarities[at:])
	copy(slots[at+1:n], slots[at:])
	similarities[at], slots[at] = similarity, slot
	if n == f.k {
		f.limits[row] = similarities[n-1]
	}
}

// place returns how many of the keys, the best first, are better than one: more
// similar, or as similar and in a lower slot.
func place(similarities []float32, slots []int32, similarity float32, slot int32) int {
	low, high := 0, len(similarities)
	for low < high {
		mid := int(uint(low+high) / 2)
		if s := similarities[mid]; s > similarity || s == similarity && slots[mid] < slot {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
