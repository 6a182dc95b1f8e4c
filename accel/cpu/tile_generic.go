//go:build !amd64 || purego

package cpu

// Without assembly the tile is what fits the registers of plain Go.
const (
	tileRows = 2
	tileCols = 4
)

// tile adds the product of a left and a right panel of equal length to sums,
// which holds tileRows rows of tileCols.
func (instructions) tile(left, right []float32, sums *[tileRows * tileCols]float32) {
	s00, s01, s02, s03 := sums[0], sums[1], sums[2], sums[3]
	s10, s11, s12, s13 := sums[4], sums[5], sums[6], sums[7]
	// Four steps at a time, so that the loop's own work is small beside theirs.
	for len(left) >= 8 && len(right) >= 16 {
		a0, a1, b0, b1, b2, b3 := left[0], left[1], right[0], right[1], right[2], right[3]
		s00 += a0 * b0
		s10 += a1 * b0
		s01 += a0 * b1
		s11 += a1 * b1
		s02 += a0 * b2
		s12 += a1 * b2
		s03 += a0 * b3
		s13 += a1 * b3
		a0, a1, b0, b1, b2, b3 = left[2], left[3], right[4], right[5], right[6], right[7]
		s00 += a0 * b0
		s10 += a1 * b0
		s01 += a0 * b1
		s11 += a1 * b1
		s02 += a0 * b2
		s12 += a1 * b2
		s03 += a0 * b3
		s13 += a1 * b3
		a0, a1, b0, b1, b2, b3 = left[4], left[5], right[8], right[9], right[10], right[11]
		s00 += a0 * b0
		s10 += a1 * b0
		s01 += a0 * b1
		s11 += a1 * b1
		s02 += a0 * b2
		s12 += a1 * b2
		s03 += a0 * b3
		s13 += a1 * b3
		a0, a1, b0, b1, b2, b3 = left[6], left[7], right[12], right[13], right[14], right[15]
		s00 += a0 * b0
		s10 += a1 * b0
		s01 += a0 * b1
		s11 += a1 * b1
		s02 += a0 * b2
		s12 += a1 * b2
		s03 += a0 * b3
		s13 += a1 * b3
		left, right = left[8:], right[16:]
	}
	for len(left) >= 2 && len(right) >= 4 {
		a0, a1, b0, b1, b2, b3 := left[0], left[1], right[0], right[1], right[2], right[3]
		s00 += a0 * b0
		s10 += a1 * b0
		s01 += a0 * b1
		s11 += a1 * b1
		s02 += a0 * b2
		s12 += a1 * b2
		s03 += a0 * b3
		s13 += a1 * b3
		left, right = left[2:], right[4:]
	}
	sums[0], sums[1], sums[2], sums[3] = s00, s01, s02, s03
	sums[4], sums[5], sums[6], sums[7] = s10, s11, s12, s13
}
