//go:build (amd64 || arm64) && !purego

package vector

// The functions of this file make those of a Family from assembly that does a part
// of the work, or one case of it.

func placewise(biased func(y, x, scale, bias []float32, mean, factor float32), unbiased func(y, x, scale []float32, mean, factor float32)) func(y, x, scale, bias []float32, mean, factor float32) {
	return func(y, x, scale, bias []float32, mean, factor float32) {
		if bias == nil {
			unbiased(y, x, scale, mean, factor)
			return
		}
		biased(y, x, scale, bias, mean, factor)
	}
}

func blockAffine(plain, adding func(BlockAffine)) func(BlockAffine) {
	return func(a BlockAffine) {
		if len(a.Residual.Data) > 0 {
			adding(a)
			return
		}
		plain(a)
	}
}

func columnAffine(plain, adding func(ColumnAffine)) func(ColumnAffine) {
	return func(a ColumnAffine) {
		if len(a.Residual) > 0 {
			adding(a)
			return
		}
		plain(a)
	}
}

// columnRun is how many rows are added up in float32.
const columnRun = 64

func columnMoments(run func(sum, squares []float64, x, shift []float32, rows int)) func(sum, squares []float64, x, shift []float32) {
	return func(sum, squares []float64, x, shift []float32) {
		for part := columnRun * len(shift); len(x) > part; x = x[part:] {
			run(sum, squares, x[:part], shift, columnRun)
		}
		run(sum, squares, x, shift, len(x)/len(shift))
	}
}

// square transposes a matrix of side by side values.
type square struct {
	side int
	run  func(y, x *float32, yStep, xStep int)
}

// transpose goes through a matrix in the first squares that are no wider than it.
// Matrices narrower than all are left to Go.
func transpose(squares ...square) func(y, x []float32, rows, cols, yStep, xStep int) {
	return func(y, x []float32, rows, cols, yStep, xStep int) {
		for _, s := range squares {
			if min(rows, cols) >= s.side {
				s.cover(y, x, rows, cols, yStep, xStep)
				return
			}
		}
		goTranspose(y, x, rows, cols, yStep, xStep)
	}
}

// cover goes through a matrix. The last square of a line begins early enough to be
// whole, and writes some values a second time.
func (s square) cover(y, x []float32, rows, cols, yStep, xStep int) {
	for top := 0; top < rows; top += s.side {
		r := min(top, rows-s.side)
		for left := 0; left < cols; left += s.side {
			c := min(left, cols-s.side)
			s.run(&y[c*yStep+r], &x[r*xStep+c], yStep, xStep)
		}
	}
}

// interleave4 is made of a function for each number of channels.
func interleave4(lanes int, by ...func(y, x *float32, pixels, plane int)) func(y, x []float32, channels, pixels, plane int) {
	return func(y, x []float32, channels, pixels, plane int) {
		if pixels < lanes {
			goInterleave4(y, x, channels, pixels, plane)
			return
		}
		wholeTurns(lanes, pixelLanes, by[channels-1], y, x, pixels, plane)
	}
}

// pixels is made of the functions for two channels and for three.
func pixels(lanes int, by ...func(y, x *float32, pixels, plane int)) func(y, x []float32, channels, pixels, plane int) {
	return func(y, x []float32, channels, pixels, plane int) {
		if pixels < lanes || channels == 1 {
			goPixels(y, x, channels, pixels, plane)
			return
		}
		wholeTurns(lanes, channels, by[channels-2], y, x, pixels, plane)
	}
}

// wholeTurns makes pixels of so many floats with a function that takes a multiple of
// lanes of them; the last pixels are done twice where they are none.
func wholeTurns(lanes, floats int, run func(y, x *float32, pixels, plane int), y, x []float32, pixels, plane int) {
	whole := pixels / lanes * lanes
	run(&y[0], &x[0], whole, plane)
	if last := pixels - lanes; whole < pixels {
		run(&y[last*floats], &x[last], lanes, plane)
	}
}
