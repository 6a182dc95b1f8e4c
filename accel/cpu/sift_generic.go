//go:build !amd64 || purego

package cpu

func sift(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	clear(sums[:])
	tile(left, right, sums)
	return plainHits(sums, limits, hits)
}

// coarseIsFast reports whether there are instructions for bytes.
func coarseIsFast() bool { return false }

func coarseTile(q *coarseRows, c *codes, panel int, uppers *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	return plainCoarse(q, c, panel, uppers, hits)
}

func dotColumn(depth int, left, right []float32) float32 { return plainDotColumn(depth, left, right) }
