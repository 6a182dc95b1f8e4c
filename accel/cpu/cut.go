package cpu

import (
	"math"
	"slices"
)

// A chunk's values should stay in a worker's second-level cache from the kernel
// that makes them to the last one that reads them, and so should a segment's
// weights while it is done chunk after chunk. More rows than mostRows leave less to
// share out and gain nothing; with weights beyond the cache, which every chunk
// reads again, they gain up to heavyRows.
const (
	chunkBudget  = 1 << 18 // floats
	weightBudget = 1 << 18
	mostRows     = 32
	heavyRows    = 256
	// chunkCost is what it takes to begin with a chunk: as long as reading so many
	// floats.
	chunkCost = 1 << 12
	// hiddenBy is how many multiplications and additions take as long as reading one
	// float from beyond the cache, which goes on meanwhile.
	hiddenBy = 64
)

// cut divides the nodes into segments: runs that rows can go through on their own,
// and what lies between them.
func (b *planner) cut(maxRows int) (segments []segment) {
	for i := 0; i < len(b.nodes); {
		end := i + 1
		alone := b.rowWise(b.nodes[i])
		for end < len(b.nodes) && b.rowWise(b.nodes[end]) == alone {
			end++
		}
		if alone {
			segments = append(segments, b.divide(i, end, maxRows)...)
		} else {
			segments = append(segments, segment{first: i, end: end})
		}
		i = end
	}
	return segments
}

// divide cuts a run of row-wise nodes where that saves more than it costs. One
// segment keeps everything in cache. But its chunks are as small as its largest
// image demands, and where small images meet large weights, as they do late in
// most networks, the weights would be read from memory for every row or two.
func (b *planner) divide(first, end, maxRows int) (segments []segment) {
	r := b.newStretch(first, end)
	traffic, from := make([]float64, end-first+1), make([]int, end-first+1)
	for j := range end - first {
		var p part
		least := math.Inf(1)
		for i := j; i >= 0; i-- {
			p = r.add(p, i)
			if t := traffic[i] + p.traffic(); t <= least {
				least, from[j+1] = t, i
			}
		}
		traffic[j+1] = least + 2*float64(r.across[j+1])
	}
	for j := end - first; j > 0; j = from[j] {
		segments = append(segments, b.segment(r, from[j], j, maxRows))
	}
	slices.Reverse(segments)
	return segments
}

// segment makes one of the nodes that begin and end so many into a stretch.
func (b *planner) segment(r *stretch, begin, end, maxRows int) segment {
	s := segment{first: r.first + begin, end: r.first + end}
	var p part
	for i := begin; i < end; i++ {
		p = r.add(p, i)
	}
	s.rows, s.work = p.rows(min(maxRows, b.d.chunkRows)), p.work
	return s
}
