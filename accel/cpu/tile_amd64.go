//go:build amd64 && !purego

package cpu

// The tile of the AVX-512 kernel: eight rows of two registers. AVX2 works through
// it in four quarters and plain Go in small pieces, so that packed operands look
// the same whatever the processor has.
const (
	tileRows = 8
	tileCols = 32
)

// tile adds the product of a left and a right panel of equal depth to sums, which
// holds tileRows rows of tileCols.
func (l instructions) tile(left, right []float32, sums *[tileRows * tileCols]float32) {
	l.rows(tileRows, left, right, sums)
}

// rows is tile for the first n rows at least; what it does with the others is not
// to be relied on.
func (l instructions) rows(n int, left, right []float32, sums *[tileRows * tileCols]float32) {
	depth := len(left) / tileRows
	if depth == 0 {
		return
	}
	_ = right[depth*tileCols-1] // the kernels below do not check
	switch l {
	case avx512:
		tile512(depth, &left[0], &right[0], &sums[0])
	case avx2:
		for i := 0; i < n; i += 4 {
			for j := 0; j < tileCols; j += 16 {
				quarter256(depth, &left[i], &right[j], &sums[i*tileCols+j])
			}
		}
	default:
		for i := 0; i < n; i += 2 {
			for j := 0; j < tileCols; j += 4 {
				subTile(depth, left[i:], tileRows, right[j:], tileCols, sums[i*tileCols+j:])
			}
		}
	}
}

// subTile is the plain Go tile: two rows by four columns of a tile whose panels
// are leftStride and rightStride wide. Two by four leaves the sums, and an operand
// of each side, in the sixteen registers of amd64; larger tiles spill and smaller
// ones wait for loads.
func subTile(depth int, left []float32, leftStride int, right []float32, rightStride int, sums []float32) {
	top, bottom := (*[4]float32)(sums), (*[4]float32)(sums[rightStride:])
	s00, s01, s02, s03 := top[0], top[1], top[2], top[3]
	s10, s11, s12, s13 := bottom[0], bottom[1], bottom[2], bottom[3]
	for range depth {
		a, b := (*[2]float32)(left), (*[4]float32)(right)
		s00 += a[0] * b[0]
		s10 += a[1] * b[0]
		s01 += a[0] * b[1]
		s11 += a[1] * b[1]
		s02 += a[0] * b[2]
		s12 += a[1] * b[2]
		s03 += a[0] * b[3]
		s13 += a[1] * b[3]
		left, right = left[min(leftStride, len(left)):], right[min(rightStride, len(right)):]
	}
	top[0], top[1], top[2], top[3] = s00, s01, s02, s03
	bottom[0], bottom[1], bottom[2], bottom[3] = s10, s11, s12, s13
}

//go:noescape
func tile512(depth int, left, right, sums *float32)

//go:noescape
func quarter256(depth int, left, right, sums *float32)
