package cpu

// The register tile is the seam between the loops, which this package shares,
// and the arithmetic, which may be replaced by something faster: tileRows rows
// of a left operand times tileCols columns of a right one, both packed so that
// the tile reads them front to back.
//
//	left panel:  [k][tileRows]     right panel: [k][tileCols]
//
// Two by four leaves the sums, and an operand of each side, in the sixteen
// registers of amd64; larger tiles spill and smaller ones wait for loads.
const (
	tileRows = 2
	tileCols = 4
)

// tile adds the product of a left and a right panel of equal length to sums,
// which holds tileRows rows of tileCols. In Go:
//
//	for k := range depth {
//		for i := range tileRows {
//			for j := range tileCols {
//				sums[i*tileCols+j] += left[k*tileRows+i] * right[k*tileCols+j]
//			}
//		}
//	}
func tile(left, right []float32, sums *[tileRows * tileCols]float32) {
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

// packLeft lays out a matrix of m rows and k columns, element (i,j) at
// src[i*rowStride+j*colStride], as left panels: [m/2][k][2]. Rows beyond the
// last are zeros.
func packLeft(dst, src []float32, m, k, rowStride, colStride int) {
	for i := 0; i < m; i += tileRows {
		panel := dst[i*k : (i+tileRows)*k]
		for r := range tileRows {
			if i+r >= m {
				for j := range k {
					panel[j*tileRows+r] = 0
				}
				continue
			}
			from := (i + r) * rowStride
			for j := range k {
				panel[j*tileRows+r] = src[from]
				from += colStride
			}
		}
	}
}

// packRight lays out a matrix of k rows and n columns, element (i,j) at
// src[i*rowStride+j*colStride], as right panels: [n/4][k][4]. Columns beyond
// the last are zeros.
func packRight(dst, src []float32, k, n, rowStride, colStride int) {
	for j := 0; j < n; j += tileCols {
		panel := dst[j*k : (j+tileCols)*k]
		for c := range tileCols {
			if j+c >= n {
				for i := range k {
					panel[i*tileCols+c] = 0
				}
				continue
			}
			from := (j + c) * colStride
			for i := range k {
				panel[i*tileCols+c] = src[from]
				from += rowStride
			}
		}
	}
}
