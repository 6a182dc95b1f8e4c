package cpu

import "math"

// sift is the tile of a search: the similarities of tileRows queries and tileCols
// keys from their panels. Bit j of hits[i] says that the one of query i and key j
// exceeds limits[i]; without any it returns false, and sums need not be written.
//
//	sums = 0, then as tile
//	for i := range tileRows {
//		for j := range tileCols {
//			if sums[i*tileCols+j] > limits[i] {
//				hits[i] |= 1 << j
//			}
//		}
//	}

// queriesOf returns how many rows come before the padding, which nothing exceeds.
func queriesOf(limits *[tileRows]float32) int {
	n := tileRows
	for n > 0 && math.IsInf(float64(limits[n-1]), 1) {
		n--
	}
	return n
}

// plainHits compares as above.
func plainHits(sums *[tileRows * tileCols]float32, limits *[tileRows]float32, hits *[tileRows]uint32) bool {
	any := uint32(0)
	for i, limit := range limits {
		found := uint32(0)
		for j, v := range sums[i*tileCols : (i+1)*tileCols] {
			if v > limit {
				found |= 1 << j
			}
		}
		hits[i] = found
		any |= found
	}
	return any != 0
}

// plainDotColumn is one sum of a tile, added up in the tile's order: a row of a left
// panel times a column of a right one, from their first values on.
func plainDotColumn(depth int, left, right []float32) float32 {
	var sum float32
	for k := range depth {
		sum += left[k*tileRows] * right[k*tileCols]
	}
	return sum
}
