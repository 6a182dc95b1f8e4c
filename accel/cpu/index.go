package cpu

import (
	"fmt"
	"math"

	"ttad/accel"
)

// index keeps its keys as right panels of the register tile, so that a search is a
// matrix product nobody stores: each tile of similarities is compared with what
// its queries have found so far while it is still in registers, and almost none
// has anything to add.
type index struct {
	device        *Device
	id            int
	dim, capacity int
	keys          []float32 // [capacity/tileCols][dim][tileCols]
	codes         *codes    // nil where a coarse search does not pay
	coarseFrom    int       // live keys
	search        search
}

// NewIndex makes an index whose search is shared out among the device's workers.
func (d *Device) NewIndex(dim, capacity int) (accel.Index, error) {
	what := fmt.Sprintf("index of %d keys of %d", capacity, dim)
	if dim < 1 || capacity < 1 {
		return nil, fmt.Errorf("%s: at least one key of one value is needed", what)
	}
	if capacity > math.MaxInt32-tileCols || roundUp(capacity, tileCols) > maxFloats/dim {
		return nil, fmt.Errorf("%s: %w", what, accel.ErrOutOfMemory)
	}
	id, err := d.open.Open(what)
	if err != nil {
		return nil, err
	}
	x := &index{device: d, id: id, dim: dim, capacity: capacity, coarseFrom: coarseKeys}
	x.keys = make([]float32, roundUp(capacity, tileCols)*dim)
	if d.isa.coarseIsFast() && capacity >= coarseKeys && dim <= coarseDim {
		x.codes = newCodes(dim, capacity)
	}
	return x, nil
}

// Set puts a key into its column of its panel.
func (x *index) Set(slot int, key []float32) {
	x.check(slot, key)
	column := x.column(slot)
	for i, v := range key {
		column[i*tileCols] = v
	}
	if x.codes != nil {
		x.codes.set(slot, key)
	}
}

// Key reads a column.
func (x *index) Key(slot int, key []float32) {
	x.check(slot, key)
	column := x.column(slot)
	for i := range key {
		key[i] = column[i*tileCols]
	}
}

func (x *index) check(slot int, key []float32) {
	if slot < 0 || slot >= x.capacity || len(key) != x.dim {
		panic(fmt.Sprintf("cpu: slot %d, key of %d values in an index of %d keys of %d", slot, len(key), x.capacity, x.dim))
	}
}

// column returns the keys from a slot's first value on; its others follow tileCols
// apart.
func (x *index) column(slot int) []float32 {
	return x.keys[slot/tileCols*tileCols*x.dim+slot%tileCols:]
}

// Close frees the keys.
func (x *index) Close() {
	if x.device.open.Release(x.id) == nil {
		x.keys, x.codes, x.search = nil, nil, search{}
	}
}

// keyFloats is how many key values a task goes through: small enough to stay in
// the second-level cache while block after block of queries passes.
const keyFloats = 1 << 16

// queryRows is how many queries a panel of keys meets while it is in the first-level
// cache.
const queryRows = 64

// Search divides the keys among the workers. Each keeps what it found for every
// query; in the end these are merged. Similarity and slot order the results
// totally, so it does not matter who found what.
func (x *index) Search(queries []float32, n, k, live int, slots []int32, similarities []float32) {
	if len(queries) != n*x.dim || k < 0 || live < 0 || live > x.capacity || len(slots) != n*k || len(similarities) != n*k {
		panic(fmt.Sprintf("cpu: search of %d queries in %d values for %d of %d keys of %d into %d slots and %d similarities",
			n, len(queries), k, live, x.dim, len(slots), len(similarities)))
	}
	s := &x.search
	k = min(k, live)
	s.prepare(x, queries, n, k, live)
	if n > 0 && k > 0 {
		x.device.team.run(s, nil, ceilDiv(s.panels, s.chunk), n*live*x.dim)
	}
	if s.rough {
		x.device.team.run((*verifyPhase)(s), nil, ceilDiv(n, tileRows), n*mostCandidates(k)*x.dim)
	}
	s.merge()
	s.copy(slots, similarities)
}

// search is one call of Search and its scratch.
type search struct {
	x             *index
	n, k          int
	live          int  // keys
	rough         bool // look at codes first
	panels, chunk int  // of keys: all, and those of a task
	left          []float32
	workers       []finds
}

func (s *search) prepare(x *index, queries []float32, n, k, live int) {
	s.x, s.n, s.k, s.live = x, n, k, live
	s.panels, s.chunk = ceilDiv(live, tileCols), max(1, keyFloats/(x.dim*tileCols))
	s.left = sized(s.left, roundUp(n, tileRows)*x.dim)
	packLeft(s.left, queries, n, x.dim, x.dim, 1)
	if s.workers == nil {
		s.workers = make([]finds, x.device.threads)
	}
	for w := range s.workers {
		s.workers[w].reset(n, k)
	}
	if s.rough = x.codes != nil && live >= x.coarseFrom && n > 0 && k > 0; s.rough {
		s.round(queries)
	}
}

// sized returns a slice of n values, in s's memory where that is large enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// task takes one chunk of key panels past all queries, in blocks that stay in the
// first-level cache.
func (s *search) task(_ *frame, worker, i int) {
	last := min((i+1)*s.chunk, s.panels)
	for row := 0; row < s.n; row += queryRows {
		for panel := i * s.chunk; panel < last; panel++ {
			for r := row; r < min(row+queryRows, s.n); r += tileRows {
				if s.rough {
					s.coarse(worker, r, panel)
				} else {
					s.tile(&s.workers[worker], r, panel)
				}
			}
		}
	}
}

// tile compares tileRows queries with tileCols keys.
func (s *search) tile(to *finds, row, panel int) {
	depth := s.x.dim
	left := s.left[row*depth : (row+tileRows)*depth]
	right := s.x.keys[panel*tileCols*depth : (panel+1)*tileCols*depth]
	if !s.x.device.isa.sift(left, right, (*[tileRows]float32)(to.limits[row:]), &to.sums, &to.hits) {
		return
	}
	for i, hits := range to.hits {
		if hits != 0 {
			to.take(row+i, hits, to.sums[i*tileCols:(i+1)*tileCols], panel*tileCols, s.live)
		}
	}
}

// merge adds what the other workers found to the first one's.
func (s *search) merge() {
	to := &s.workers[0]
	for w := range s.workers[1:] {
		from := &s.workers[w+1]
		for row := range s.n {
			for _, r := range from.best[row*s.k : (row+1)*s.k] {
				to.insert(row, r)
			}
		}
	}
}

// copy writes the results; rows that found too few end in slot -1.
func (s *search) copy(slots []int32, similarities []float32) {
	if s.n == 0 {
		return
	}
	k, best := len(slots)/s.n, s.workers[0].best
	for i := range slots {
		slots[i], similarities[i] = -1, 0
		if row, j := i/k, i%k; j < s.k && best[row*s.k+j] != nobody {
			r := best[row*s.k+j]
			slots[i], similarities[i] = r.slot(), r.similarity()
		}
	}
}
