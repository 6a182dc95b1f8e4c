package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// draws are kinds of keys and queries, from those codes are made for to those they
// can tell nothing about.
func draws(r *rand.Rand) map[string]func(x []float32) {
	center := make([]float32, 600)
	for i := range center {
		center[i] = float32(r.NormFloat64())
	}
	each := func(draw func(i int) float64) func(x []float32) {
		return func(x []float32) {
			for i := range x {
				x[i] = float32(draw(i))
			}
		}
	}
	return map[string]func(x []float32){
		"directions": each(func(int) float64 { return r.NormFloat64() }),
		"clustered":  each(func(i int) float64 { return float64(center[i]) + 1e-4*r.NormFloat64() }),
		"ties":       each(func(int) float64 { return float64(r.IntN(3) - 1) }),
		"all equal":  each(func(i int) float64 { return float64(center[i]) }),
		"zeros":      each(func(int) float64 { return 0 }),
		"sparse":     each(func(int) float64 { return float64(r.IntN(20)/19) * r.ExpFloat64() }),
		"lengths":    func(x []float32) { spread(r, x, 3) },
		"extremes":   func(x []float32) { spread(r, x, 30) },
		"not finite": func(x []float32) {
			spread(r, x, 0)
			if r.IntN(4) == 0 {
				x[r.IntN(len(x))] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32}[r.IntN(4)]
			}
		},
	}
}

// spread draws a vector of a length within so many powers of ten.
func spread(r *rand.Rand, x []float32, powers float64) {
	c := math.Pow(10, powers*(2*r.Float64()-1))
	for i := range x {
		x[i] = float32(c * r.NormFloat64())
	}
}

// Whatever the data, a search that looks at codes first finds the bits another one
// does: with one worker and several, for keys set more than once.
func TestACoarseSearchFindsTheSameBits(t *testing.T) {
	const keys = 3000
	for _, threads := range []int{1, 3} {
		d, err := New(Config{Threads: threads})
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(21, 22))
		for name, draw := range draws(r) {
			for _, c := range []struct{ dim, n, k, live int }{{64, 70, 10, keys}, {3, 9, 1, keys - 5}, {129, 1, 40, keys}, {16, 17, 300, 1000}} {
				x, err := d.NewIndex(c.dim, keys)
				require.NoError(t, err)
				coarse := x.(*index)
				coarse.codes, coarse.coarseFrom = newCodes(c.dim, keys), 0
				key := make([]float32, c.dim)
				for i := range keys + keys/3 {
					draw(key)
					x.Set(i*7%keys, key)
				}
				queries := make([]float32, c.n*c.dim)
				for i := range c.n {
					draw(queries[i*c.dim : (i+1)*c.dim])
				}
				var slots [2][]int32
				var similarities [2][]float32
				for i := range slots {
					slots[i], similarities[i] = make([]int32, c.n*c.k), make([]float32, c.n*c.k)
					x.Search(queries, c.n, c.k, c.live, slots[i], similarities[i])
					require.Equal(t, i == 0, coarse.search.rough)
					coarse.coarseFrom = keys + 1 // never
				}
				require.Equal(t, slots[1], slots[0], "%s, %+v, %d threads", name, c, threads)
				require.Equal(t, similarities[1], similarities[0], "%s, %+v, %d threads", name, c, threads)
				x.Close()
			}
		}
		require.NoError(t, d.Close())
	}
}

// The bound is what everything rests on: no similarity, in float64, may be above
// upper and slack, nor below lower, and a limit lets through what just reaches it.
func TestRoundingIsNeverFurtherOffThanStated(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for name, draw := range draws(r) {
		if name == "not finite" || name == "extremes" {
			continue // left to the other search, which the test above covers
		}
		for _, dim := range []int{1, 7, 64, 600} {
			c, keys := newCodes(dim, tileCols), make([]float32, tileCols*dim)
			for j := range tileCols {
				draw(keys[j*dim : (j+1)*dim])
				c.set(j, keys[j*dim:(j+1)*dim])
			}
			queries := make([]float32, tileRows*dim)
			for i := range tileRows {
				if name == "zeros" {
					spread(r, queries[i*dim:(i+1)*dim], 1)
				} else {
					draw(queries[i*dim : (i+1)*dim])
				}
			}
			var block coarseRows
			block.round(queries, tileRows, dim, c.norm)
			var uppers, plain [tileRows * tileCols]float32
			var hits, plainHits [tileRows]uint32
			some := detect().coarseTile(&block, c, 0, &uppers, &hits)
			require.Equal(t, plainCoarse(&block, c, 0, &plain, &plainHits), some)
			require.Equal(t, plainHits, hits)
			for i := range tileRows {
				q := queries[i*dim : (i+1)*dim]
				if unit := rounded(q); some && unit.scale > 0 {
					for j := range tileCols {
						at := i*tileCols + j
						require.InEpsilon(t, 1+math.Abs(float64(plain[at])), 1+math.Abs(float64(uppers[at])), 1e-5)
						s := dotProduct(q, keys[j*dim:(j+1)*dim]) / unit.scale
						require.LessOrEqual(t, s, float64(uppers[at])+block.slack[i], "%s of %d", name, dim)
						require.GreaterOrEqual(t, s, block.lower(i, uppers[at], c.off[j]), "%s of %d", name, dim)
						raised := block
						raised.raise(i, s)
						require.Greater(t, uppers[at], raised.limits[i], "%s of %d: as similar as the limit", name, dim)
					}
				}
			}
		}
	}
}

func dotProduct(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func TestKthLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for range 500 {
		values := make([]float64, 1+r.IntN(60))
		for i := range values {
			values[i] = float64(r.IntN(20))
		}
		sorted := slices.Sorted(slices.Values(values))
		k := 1 + r.IntN(len(values))
		require.Equal(t, sorted[len(sorted)-k], kthLargest(values, k))
	}
}

// One sum is to have the bits a tile gives it.
func TestDotColumnIsOneSumOfATile(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for depth := 1; depth < 100; depth += 7 {
		left, right := make([]float32, depth*tileRows), make([]float32, depth*tileCols)
		spread(r, left, 1)
		spread(r, right, 1)
		var sums [tileRows * tileCols]float32
		detect().tile(left, right, &sums)
		for i := range tileRows {
			for j := range tileCols {
				require.Equal(t, sums[i*tileCols+j], detect().dotColumn(depth, left[i:], right[j:]))
			}
		}
	}
}
