//go:build !amd64 || purego

package cpu

func (l instructions) sift(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	clear(sums[:])
	if queriesOf(limits) == 1 {
		topRow(left, right, sums)
	} else {
		l.tile(left, right, sums)
	}
	return plainHits(sums, limits, hits)
}

// topRow is tile without the bottom row: half the work, which leaves a search for
// one query waiting for memory.
func topRow(left, right []float32, sums *[tileRows * tileCols]float32) {
	s0, s1, s2, s3 := sums[0], sums[1], sums[2], sums[3]
	for len(left) >= 4*tileRows && len(right) >= 4*tileCols {
		a, b, c, d := left[0], left[tileRows], left[2*tileRows], left[3*tileRows]
		s0 = s0 + a*right[0] + b*right[4] + c*right[8] + d*right[12]
		s1 = s1 + a*right[1] + b*right[5] + c*right[9] + d*right[13]
		s2 = s2 + a*right[2] + b*right[6] + c*right[10] + d*right[14]
		s3 = s3 + a*right[3] + b*right[7] + c*right[11] + d*right[15]
		left, right = left[4*tileRows:], right[4*tileCols:]
	}
	for len(left) >= tileRows && len(right) >= tileCols {
		a := left[0]
		s0 += a * right[0]
		s1 += a * right[1]
		s2 += a * right[2]
		s3 += a * right[3]
		left, right = left[tileRows:], right[tileCols:]
	}
	sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
}

// coarseIsFast reports whether there are instructions for bytes.
func (instructions) coarseIsFast() bool { return false }

func (instructions) coarseTile(q *coarseRows, c *codes, panel int, uppers *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	return plainCoarse(q, c, panel, uppers, hits)
}

func (instructions) dotColumn(depth int, left, right []float32) float32 {
	return plainDotColumn(depth, left, right)
}
