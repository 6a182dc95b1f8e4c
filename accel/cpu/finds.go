package cpu

import (
	"math"
	"math/bits"
)

// finds are the most similar keys one worker has met, for each query in order.
type finds struct {
	k    int
	best []rank // [queries k], the best first; nobody's where there are fewer
	// limits [queries, rounded up to whole tiles] are what a similarity has to
	// exceed. A worker meets slots in ascending order, so an equal one is too late.
	limits []float32

	sums [tileRows * tileCols]float32 // scratch of the tile
	hits [tileRows]uint32

	coarse coarseFinds
}

// rank is a similarity, not NaN, and its slot in one number: the more similar the
// larger, and of equally similar ones the lower slot's.
type rank uint64

// nobody is less than any key's rank.
const nobody rank = 0

// rankOf puts the similarity's bits above the slot's complement. Bits of positive
// floats order as they do; those of negative ones the other way around.
func rankOf(similarity float32, slot int) rank {
	b := math.Float32bits(similarity + 0) // -0 is as similar as 0
	b ^= uint32(int32(b)>>31) | 1<<31
	return rank(b)<<32 | rank(^uint32(slot))
}

func (r rank) slot() int32 { return int32(^uint32(r)) }

func (r rank) similarity() float32 {
	b := uint32(r >> 32)
	return math.Float32frombits(b ^ (^uint32(int32(b)>>31) | 1<<31))
}

func (f *finds) reset(n, k int) {
	f.k = k
	f.best = sized(f.best, n*k)
	clear(f.best)
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
			f.insert(row, rankOf(v, first+j))
		}
	}
}

// offer inserts a key whose similarity is finite.
func (f *finds) offer(row int, similarity float32, slot int) {
	if math.Abs(float64(similarity)) <= math.MaxFloat32 {
		f.insert(row, rankOf(similarity, slot))
	}
}

// insert puts a key in its place, unless k better ones are known. Most keys that get
// here belong near the end of a short list, where moving one by one is quickest.
func (f *finds) insert(row int, r rank) {
	best := f.best[row*f.k : (row+1)*f.k]
	last := len(best) - 1
	if r <= best[last] {
		return
	}
	at := last
	for at > 0 && best[at-1] < r {
		best[at] = best[at-1]
		at--
	}
	best[at] = r
	if best[last] != nobody {
		f.limits[row] = best[last].similarity()
	}
}
