//go:build amd64 && !purego

package cpu

func sift(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	return level.sift(left, right, limits, sums, hits)
}

func (l instructions) sift(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	if depth := len(left) / tileRows; l == avx512 && depth > 0 {
		_ = right[depth*tileCols-1] // the kernel does not check
		return sift512(depth, &left[0], &right[0], &limits[0], &sums[0], &hits[0]) != 0
	}
	clear(sums[:])
	l.tile(left, right, sums)
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
