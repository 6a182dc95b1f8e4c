//go:build !amd64 || purego

package cpu

func sift(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	clear(sums[:])
	tile(left, right, sums)
	return plainHits(sums, limits, hits)
}
