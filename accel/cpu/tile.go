package cpu

// The register tile of searches: tileRows rows of a left operand times tileCols
// columns of a right one, both packed so that the tile reads them front to back. The
// kernels of products store their sums, which a search would have to load again to
// compare them; its own tile, measured beside them, is 1 to 9 percent quicker.
//
//	left panel:  [k][tileRows]     right panel: [k][tileCols]
//
// Their extents, and tile itself, are in tile_amd64.go and tile_generic.go:
//
//	for k := range depth {
//		for i := range tileRows {
//			for j := range tileCols {
//				sums[i*tileCols+j] += left[k*tileRows+i] * right[k*tileCols+j]
//			}
//		}
//	}
//
// Every sum is added up in the order of k, whatever the tile, so results depend on
// the arithmetic (fused or not), never on the tiling.

// packLeft lays out a matrix of m rows and k columns, element (i,j) at
// src[i*rowStride+j*colStride], as left panels: [m/tileRows][k][tileRows]. Rows beyond the
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
