//go:build amd64 && !purego

package cpu

import "golang.org/x/sys/cpu"

func (l instructions) sift(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	if depth := len(left) / tileRows; l == avx512 && depth > 0 {
		_ = right[depth*tileCols-1] // the kernel does not check
		return sift512(depth, &left[0], &right[0], &limits[0], &sums[0], &hits[0]) != 0
	}
	clear(sums[:])
	l.rows(queriesOf(limits), left, right, sums)
	if l == avx2 {
		return hits256(&sums[0], &limits[0], &hits[0]) != 0
	}
	return plainHits(sums, limits, hits)
}

// sift512 writes sums only where it returns a value other than zero.
//
//go:noescape
func sift512(depth int, left, right, limits, sums *float32, hits *uint32) uint32

//go:noescape
func hits256(sums, limits *float32, hits *uint32) uint32

// coarseIsFast reports whether there are instructions that multiply and add 64
// bytes at once.
func (l instructions) coarseIsFast() bool { return l == avx512 && cpu.X86.HasAVX512VNNI }

func (l instructions) coarseTile(q *coarseRows, c *codes, panel int, uppers *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	if !l.coarseIsFast() {
		return plainCoarse(q, c, panel, uppers, hits)
	}
	at := panel * tileCols
	right := c.values[at*c.words*4 : (at+tileCols)*c.words*4]
	_ = q.values[c.words*tileRows*4-1] // the kernel does not check
	return coarse512(c.words, &q.values[0], &right[0], &c.start[at], &c.scale[at], &c.off[at],
		&q.reach[0], &q.limits[0], &uppers[0], &hits[0]) != 0
}

func (l instructions) dotColumn(depth int, left, right []float32) float32 {
	if l == plainGo {
		return plainDotColumn(depth, left, right)
	}
	_, _ = left[(depth-1)*tileRows], right[(depth-1)*tileCols]
	return dotColumnFMA(depth, &left[0], &right[0])
}

// coarse512 writes uppers only where it returns a value other than zero.
//
//go:noescape
func coarse512(words int, left *uint8, right *int8, start *int32, scale, off, reach, limits, uppers *float32, hits *uint32) uint32

//go:noescape
func dotColumnFMA(depth int, left, right *float32) float32
