package cpu

import (
	"math"
	"math/bits"
)

// candidates are the keys one worker could not rule out for one query. They are
// many more than k only until enough are known to raise the limit.
type candidates struct {
	slots  []int32
	uppers []float32 // as the coarse tile gives them
	lowers []float64
	full   int // how many are gathered before the limit is raised again
}

// mostCandidates is how many may be left after raising the limit. With more, codes
// tell too little apart to be worth their time.
func mostCandidates(k int) int { return 8*k + 64 }

// coarseFinds is one worker's coarse search: for each block of tileRows queries its
// limits, for each query its candidates.
type coarseFinds struct {
	blocks []coarseRows
	rows   []candidates
	order  []float64 // scratch
}

func (c *coarseFinds) reset(n int) {
	c.blocks, c.rows = grown(c.blocks, ceilDiv(n, tileRows)), grown(c.rows, n)
	for i := range c.rows {
		c.rows[i].clear()
		c.rows[i].full = tileCols
	}
}

// grown returns a slice of n values that keeps the memory of those it had.
func grown[T any](s []T, n int) []T {
	if n > cap(s) {
		s = append(s[:cap(s)], make([]T, n-cap(s))...)
	}
	return s[:n]
}

func (r *candidates) clear() { r.slots, r.uppers, r.lowers = r.slots[:0], r.uppers[:0], r.lowers[:0] }

// round rounds the queries [n dim] for all workers, who share the values and have
// limits of their own.
func (s *search) round(queries []float32) {
	for w := range s.workers {
		s.workers[w].coarse.reset(s.n)
	}
	dim, blocks := s.x.dim, s.workers[0].coarse.blocks
	for i := range blocks {
		row := i * tileRows
		rows := min(tileRows, s.n-row)
		blocks[i].round(queries[row*dim:(row+rows)*dim], rows, dim, s.x.codes.norm)
		for w := range s.workers[1:] {
			s.workers[w+1].coarse.blocks[i] = blocks[i]
		}
	}
}

// coarse passes one panel by tileRows queries. Once ruling out does not get rid of
// most candidates, which are then all about as similar, these queries are left to
// the exact search.
func (s *search) coarse(worker, row, panel int) {
	to, c := &s.workers[worker], &s.workers[worker].coarse
	block := &c.blocks[row/tileRows]
	if block.fine {
		s.tile(to, row, panel)
		return
	}
	if !s.x.device.isa.coarseTile(block, s.x.codes, panel, &to.sums, &to.hits) {
		return
	}
	for i, hits := range to.hits {
		if hits == 0 {
			continue
		}
		r := &c.rows[row+i]
		s.gather(r, block, i, hits, to.sums[i*tileCols:], panel*tileCols)
		if len(r.slots) > r.full {
			c.settle(r, block, i, s.k)
			r.full = 2*len(r.slots) + tileCols
			block.fine = block.fine || len(r.slots) > mostCandidates(s.k)
		}
	}
	if block.fine {
		s.verify(worker, row/tileRows)
	}
}

// gather adds the keys whose bits are set.
func (s *search) gather(r *candidates, block *coarseRows, i int, hits uint32, uppers []float32, first int) {
	for ; hits != 0; hits &= hits - 1 {
		j := bits.TrailingZeros32(hits)
		slot := first + j
		if slot >= s.live {
			return
		}
		r.slots = append(r.slots, int32(slot))
		r.uppers = append(r.uppers, uppers[j])
		r.lowers = append(r.lowers, block.lower(i, uppers[j], s.x.codes.off[slot]))
	}
}

// settle raises the limit to what k candidates reach at least and drops those that
// cannot.
func (c *coarseFinds) settle(r *candidates, block *coarseRows, i, k int) {
	if len(r.slots) < k {
		return
	}
	c.order = append(c.order[:0], r.lowers...)
	block.raise(i, kthLargest(c.order, k))
	r.keep(block.limits[i])
}

// kthLargest returns the k-th largest of the values, counting from 1, and leaves
// them in another order. It narrows the part that holds it by comparing with the
// value in the middle (Hoare's selection).
func kthLargest(values []float64, k int) float64 {
	low, high, at := 0, len(values)-1, k-1
	for low < high {
		pivot, i, j := values[(low+high)/2], low, high
		for i <= j {
			for values[i] > pivot {
				i++
			}
			for values[j] < pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case at <= j:
			high = j
		case at >= i:
			low = i
		default:
			return values[at]
		}
	}
	return values[at]
}

// keep drops what is not above a limit.
func (r *candidates) keep(limit float32) {
	n := 0
	for j, upper := range r.uppers {
		if upper > limit {
			r.slots[n], r.uppers[n], r.lowers[n] = r.slots[j], upper, r.lowers[j]
			n++
		}
	}
	r.slots, r.uppers, r.lowers = r.slots[:n], r.uppers[:n], r.lowers[:n]
}

// verify computes the similarities of a worker's candidates for one block of
// queries and enters them among what it found.
func (s *search) verify(worker, block int) {
	to := &s.workers[worker]
	dim, row := s.x.dim, block*tileRows
	left := s.left[row*dim : (row+tileRows)*dim]
	for i := range min(tileRows, s.n-row) {
		r := &to.coarse.rows[row+i]
		for _, slot := range r.slots {
			to.offer(row+i, s.x.device.isa.dotColumn(dim, left[i:], s.x.column(int(slot))), int(slot))
		}
		r.clear()
	}
}

// verifyPhase verifies what is left in the end, one block of queries a task. A
// limit one worker reached holds for what the others gathered.
type verifyPhase search

func (p *verifyPhase) task(_ *frame, worker, block int) {
	s := (*search)(p)
	scratch := &s.workers[worker].coarse
	for i := range min(tileRows, s.n-block*tileRows) {
		limit := float32(math.Inf(-1))
		for w := range s.workers {
			c := &s.workers[w].coarse
			scratch.settle(&c.rows[block*tileRows+i], &c.blocks[block], i, s.k)
			limit = max(limit, c.blocks[block].limits[i])
		}
		for w := range s.workers {
			s.workers[w].coarse.rows[block*tileRows+i].keep(limit)
		}
	}
	for w := range s.workers {
		s.verify(w, block)
	}
}
