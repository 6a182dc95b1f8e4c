package acceltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// runIndex checks a device's search, if it has one, against sorting every key.
func runIndex(t *testing.T, open Open) {
	d := opened(t, open)
	if _, ok := d.(accel.Indexer); !ok {
		t.Skipf("%s searches no keys", d.Info().Kind)
	}
	t.Run("whole numbers", func(t *testing.T) { indexWhole(t, d) })
	t.Run("fractions", func(t *testing.T) { indexFractions(t, d) })
	t.Run("not numbers", func(t *testing.T) { indexSpecials(t, d) })
	t.Run("one query at a time", func(t *testing.T) { indexAlone(t, d) })
	t.Run("keys come back", func(t *testing.T) { indexKeys(t, d) })
	t.Run("refusals", func(t *testing.T) { indexRefusals(t, d) })
	t.Run("features of the device", func(t *testing.T) { indexSeeks(t, d) })
}

// pair is an index of the device and the oracle, holding the same keys.
type pair struct {
	index, oracle accel.Index
	dim           int
}

func newPair(t *testing.T, d accel.Device, dim, capacity int) *pair {
	x, err := d.(accel.Indexer).NewIndex(dim, capacity)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return &pair{x, plain.NewIndex(dim, capacity), dim}
}

func (p *pair) set(slot int, key []float32) {
	p.index.Set(slot, key)
	p.oracle.Set(slot, key)
}

// found is what a search answered.
type found struct {
	slots        []int32
	similarities []float32
}

func searched(x accel.Index, queries []float32, n, k, live int) found {
	f := found{make([]int32, n*k), make([]float32, n*k)}
	x.Search(queries, n, k, live, f.slots, f.similarities)
	return f
}

func values(n int, draw func() float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = draw()
	}
	return out
}

// indexWhole uses small whole numbers, whose sums are exact in any order and often
// equal: slots and similarities must be the oracle's, ties to the lower slot. Keys
// beyond live, and some set twice, must not show.
func indexWhole(t *testing.T, d accel.Device) {
	for _, c := range []struct{ dim, capacity, live, n, k int }{
		{1, 1, 1, 1, 1}, {1, 40, 40, 3, 50}, {3, 100, 0, 2, 4}, {5, 33, 32, 9, 33}, {8, 200, 131, 65, 7},
		{64, 5000, 4999, 70, 10}, {17, 3000, 2000, 1, 200}, {600, 300, 300, 5, 12}, {4, 64, 64, 0, 3}, {4, 64, 64, 3, 0},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			random := seeded(t.Name())
			whole := func() float32 { return float32(random.IntN(7) - 3) }
			p := newPair(t, d, c.dim, c.capacity)
			for slot := range c.capacity {
				p.set(slot, values(c.dim, whole))
			}
			for range c.capacity / 3 {
				p.set(random.IntN(c.capacity), values(c.dim, whole))
			}
			queries := values(c.n*c.dim, whole)
			want := searched(p.oracle, queries, c.n, c.k, c.live)
			for range 2 {
				require.Equal(t, want, searched(p.index, queries, c.n, c.k, c.live))
			}
		})
	}
}

// indexFractions compares similarities with the oracle's at each rank, and each
// slot found with what it claims.
func indexFractions(t *testing.T, d accel.Device) {
	const capacity, n, k = 3000, 67, 20
	for _, dim := range []int{2, 31, 64, 300} {
		random := seeded(fmt.Sprint("fractions ", dim))
		p := newPair(t, d, dim, capacity)
		for slot := range capacity {
			p.set(slot, scaled(random, dim))
		}
		queries := values(n*dim, normal(random))
		got, want := searched(p.index, queries, n, k, capacity), searched(p.oracle, queries, n, k, capacity)
		testkit.Close(t, fmt.Sprintf("similarities of width %d", dim), got.similarities, want.similarities, 1e-5*float64(dim))
		all := searched(p.oracle, queries, n, capacity, capacity)
		for i := range n {
			claimed := map[int32]float32{}
			for j := range capacity {
				claimed[all.slots[i*capacity+j]] = all.similarities[i*capacity+j]
			}
			for j := i * k; j < (i+1)*k; j++ {
				require.InDelta(t, claimed[got.slots[j]], got.similarities[j], 1e-5*float64(dim), "query %d, slot %d", i, got.slots[j])
				delete(claimed, got.slots[j]) // no slot twice
			}
		}
	}
}

func normal(r *rand.Rand) func() float32 { return func() float32 { return float32(r.NormFloat64()) } }

// scaled is a key of a length between a thousandth and a few.
func scaled(r *rand.Rand, dim int) []float32 {
	scale := float32(math.Pow(10, -3*r.Float64()))
	return values(dim, func() float32 { return scale * float32(r.NormFloat64()) })
}

// indexSpecials mixes in keys and queries that are not numbers, infinite, huge or
// tiny: such similarities are not found, and disturb no others.
func indexSpecials(t *testing.T, d accel.Device) {
	const dim, capacity, k = 4, 100, 6
	p := newPair(t, d, dim, capacity)
	random := seeded("index specials")
	whole := func() float32 { return float32(random.IntN(7) - 3) }
	for slot := range capacity {
		p.set(slot, values(dim, whole))
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for i, key := range [][]float32{
		{nan, 0, 0, 0}, {1, inf, 1, 1}, {1, -inf, 1, 1}, {inf, -inf, 0, 0}, {nan, nan, nan, nan},
		{0, 0, 0, 0}, {1e-40, 0, 0, 0}, {3e38, 0, 0, 0}, {0, 0, 1e-30, 0},
	} {
		p.set(7*i+3, key)
	}
	queries := [][]float32{{1, 1, 1, 1}, {0, 0, 0, 0}, {nan, 1, 1, 1}, {inf, 0, 0, 0}, {1, 2, -1, 0}, {1e30, 0, 0, 0}, {1e-30, 0, 0, 1e-30}}
	var flat []float32
	for _, q := range queries {
		flat = append(flat, q...)
	}
	got, want := searched(p.index, flat, len(queries), k, capacity), searched(p.oracle, flat, len(queries), k, capacity)
	require.Equal(t, want.slots, got.slots)
	for i, s := range got.similarities {
		require.InEpsilon(t, 1+want.similarities[i], 1+s, 1e-6)
	}
}

// indexAlone checks that a query is answered alone as in a crowd, to the bit.
func indexAlone(t *testing.T, d accel.Device) {
	const dim, capacity, n, k = 24, 4000, 70, 9
	random := seeded("index alone")
	p := newPair(t, d, dim, capacity)
	for slot := range capacity {
		p.index.Set(slot, values(dim, normal(random)))
	}
	queries := values(n*dim, normal(random))
	together := searched(p.index, queries, n, k, capacity)
	for i := range n {
		alone := searched(p.index, queries[i*dim:(i+1)*dim], 1, k, capacity)
		require.Equal(t, together.slots[i*k:(i+1)*k], alone.slots)
		require.Equal(t, together.similarities[i*k:(i+1)*k], alone.similarities)
	}
}

func indexKeys(t *testing.T, d accel.Device) {
	const dim, capacity = 5, 70
	p := newPair(t, d, dim, capacity)
	random, key := seeded("index keys"), make([]float32, dim)
	p.index.Key(capacity-1, key)
	assert.Equal(t, make([]float32, dim), key, "never set")
	for slot := range capacity {
		p.set(slot, values(dim, normal(random)))
	}
	want := make([]float32, dim)
	for slot := range capacity {
		p.index.Key(slot, key)
		p.oracle.Key(slot, want)
		require.Equal(t, want, key)
	}
}

func indexRefusals(t *testing.T, d accel.Device) {
	indexer := d.(accel.Indexer)
	for _, c := range [][2]int{{0, 5}, {5, 0}, {-1, 5}} {
		_, err := indexer.NewIndex(c[0], c[1])
		require.Error(t, err, "%d values, %d keys", c[0], c[1])
	}
	_, err := indexer.NewIndex(1<<20, 1<<30)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	x, err := indexer.NewIndex(2, 3)
	require.NoError(t, err)
	require.ErrorContains(t, d.Close(), "index", "an open index is named")
	assert.Panics(t, func() { x.Set(3, []float32{1, 2}) }, "a slot that does not exist")
	assert.Panics(t, func() { x.Set(0, []float32{1}) }, "a key of another width")
	assert.Panics(t, func() { searched(x, []float32{1, 2}, 1, 1, 4) }, "more live than there is room for")
	x.Close()
}

// indexSeeks searches with rows of features on the device, of which only a part is the
// key and whose length does not matter: found is what queries of unit length find. Keys
// are set between two searches on different streams.
func indexSeeks(t *testing.T, d accel.Device) {
	const dim, width, capacity, n, k = 6, 9, 1500, 67, 5
	random := seeded("index seeks")
	p := newPair(t, d, dim, capacity)
	x, ok := p.index.(accel.Seeker)
	if !ok {
		t.Skipf("%s searches with queries of the host", d.Info().Kind)
	}
	r := newRunner(t, d)
	defer r.close()
	buffer := r.buffer(n * width)
	for range 2 {
		for slot := range capacity {
			p.set(slot, scaled(random, dim))
		}
		features := values(n*width, normal(random))
		clear(features[:width])
		features[width] = float32(math.NaN())
		require.NoError(t, r.stream.Upload(buffer, features))
		got := found{make([]int32, n*k), make([]float32, n*k)}
		require.NoError(t, x.Seek(r.stream, buffer, n, width, k, capacity, got.slots, got.similarities))
		require.NoError(t, r.stream.Sync(t.Context()))
		want := searched(p.oracle, units(features, n, width, dim), n, k, capacity)
		testkit.Close(t, "similarities", got.similarities, want.similarities, 1e-5)
		require.Equal(t, want.slots[:2*k], got.slots[:2*k], "rows without a direction find nothing")
	}
	require.NoError(t, x.Lost())
	short := found{make([]int32, n), make([]float32, n)}
	assert.Error(t, x.Seek(r.stream, buffer, n, dim-1, 1, capacity, short.slots, short.similarities), "features shorter than keys")
	assert.Error(t, x.Seek(r.stream, buffer, n, width, 1, capacity+1, short.slots, short.similarities), "more live than there is room for")
	assert.Error(t, x.Seek(r.stream, buffer, n+1, width, 1, capacity, make([]int32, n+1), make([]float32, n+1)), "a small buffer")
	require.NoError(t, buffer.Free())
}

// units are the first dim values of each row at unit length; a row without a direction
// is not a number.
func units(features []float32, n, width, dim int) []float32 {
	var out []float32
	for i := range n {
		row := features[i*width : i*width+dim]
		squares := 0.0
		for _, v := range row {
			squares += float64(v) * float64(v)
		}
		for _, v := range row {
			out = append(out, float32(float64(v)/math.Sqrt(squares)))
		}
	}
	return out
}
