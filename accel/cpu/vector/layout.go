package vector

import "fmt"

// Transpose writes the rows by cols matrix at x as the columns of y:
//
//	y[c*yStep+r] = x[r*xStep+c]
//
// Steps are in floats, at least rows for y and cols for x, and what lies between
// stays as it is. y and x do not overlap.
func (f Family) Transpose(y, x []float32, rows, cols, yStep, xStep int) {
	if rows < 1 || cols < 1 {
		return
	}
	if yStep < rows || xStep < cols {
		panic(fmt.Sprintf("vector: transpose of %d x %d with steps %d and %d; want at least the rows and the columns", rows, cols, yStep, xStep))
	}
	_, _ = y[(cols-1)*yStep+rows-1], x[(rows-1)*xStep+cols-1]
	f.transpose(y, x, rows, cols, yStep, xStep)
}

// Interleave gathers channels, which lie plane floats apart in x, pixel by pixel
// into y, [pixels][lanes]. Lanes beyond the last channel become 0.
func (f Family) Interleave(y, x []float32, channels, lanes, pixels, plane int) {
	if plane < pixels {
		panic(fmt.Sprintf("vector: planes of %d pixels that lie %d floats apart", pixels, plane))
	}
	if lanes <= pixelLanes && channels >= 1 && channels <= lanes && pixels >= 1 {
		_, _ = y[pixels*lanes-1], x[(channels-1)*plane+pixels-1]
		switch lanes {
		case pixelLanes:
			f.interleave4(y, x, channels, pixels, plane)
			return
		case channels:
			f.pixels(y, x, channels, pixels, plane)
			return
		}
	}
	f.Transpose(y, x, channels, pixels, lanes, plane)
	if channels < lanes {
		for y = y[:pixels*lanes]; len(y) > 0; y = y[lanes:] {
			clear(y[channels:lanes])
		}
	}
}

// pixelLanes is the most lanes that images of few channels have.
const pixelLanes = 4

// Deinterleave is the opposite of Interleave: it writes the first channels of the
// pixels of x, [pixels][lanes], as planes plane floats apart.
func (f Family) Deinterleave(y, x []float32, channels, lanes, pixels, plane int) {
	f.Transpose(y, x, pixels, channels, plane, lanes)
}
