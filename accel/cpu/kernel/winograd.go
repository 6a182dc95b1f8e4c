package kernel

import "fmt"

// Winograd is the transforms of F(4x4,3x3), one row of tiles of one block of
// channels at a time. A 3x3 convolution over a tile of 4x4 pixels takes 144
// products of an input and an output channel; between the transforms it takes 36,
// one at each point:
//
//	Input    6x6 pixels to 36 points
//	Weights  3x3 weights to 36 points
//	Output   36 points, products added up over input channels, to 4x4 pixels
//
// The products at a point, over all tiles and channels, are a matrix product,
// which a Kernel does. Points are numbers as the pixels are, some hundred times
// their size; what that costs in precision is a few bits.
//
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016,
// arXiv:1509.09308.
type Winograd struct {
	Lanes int // channels of a block

	input, output func(*Tiles)
}

// The extents of a tile.
const (
	TilePixels  = 4 // of the output, on a side
	TileReach   = 6 // of the input
	TilePoints  = TileReach * TileReach
	tileWeights = 3
)

// Tiles is the work of one transform. All steps count float32 values. The
// assembly reads it by the layout that gen/call.go repeats.
type Tiles struct {
	// Pixels begin at the first tile's first one: pixels of a line are Lanes apart.
	Pixels []float32
	// Points are the values between the transforms: point k of tile t is the Lanes
	// floats at k*Stride + t*Lanes.
	Points   []float32
	Residual []float32 // added to the output; empty for none
	Bias     []float32 // [Lanes], added to every pixel of the output; empty for none

	Line, Stride, ResidualLine int // between lines of pixels, points, lines of Residual

	Rows int // of the output, 1 to 4: lower ones are not written
	Cols int // of the output, over all tiles: those of the last one may be fewer than 4

	Low, High float32 // bounds of the output, where Clip is set
	Clip      bool    // what is not a number stays so
}

// count is the number of tiles.
func (t *Tiles) count() int { return (t.Cols + TilePixels - 1) / TilePixels }

// Winograd returns the family's transforms.
func (f Family) Winograd() Winograd { return f.winograd }

// Input transforms tiles of pixels, 6 lines of count*4+2 of them, to points.
func (w Winograd) Input(t *Tiles) {
	w.check(t)
	w.checkPixels(t.Pixels, t.Line, TileReach, TilePixels*t.count()+TileReach-TilePixels)
	w.input(t)
}

// Output transforms points to pixels, Rows lines of Cols of them.
func (w Winograd) Output(t *Tiles) {
	w.check(t)
	if t.Rows < 1 || t.Rows > TilePixels {
		panic(fmt.Sprintf("kernel: tiles of %d rows; want 1 to %d", t.Rows, TilePixels))
	}
	w.checkPixels(t.Pixels, t.Line, t.Rows, t.Cols)
	if len(t.Residual) > 0 {
		w.checkPixels(t.Residual, t.ResidualLine, t.Rows, t.Cols)
	}
	if len(t.Bias) > 0 {
		_ = t.Bias[w.Lanes-1]
	}
	w.output(t)
}

// check panics, as an index out of range does, where points lie outside t.Points.
func (w Winograd) check(t *Tiles) {
	if t.Cols < 1 || t.Stride < 0 {
		panic(fmt.Sprintf("kernel: tiles of %d columns, points %d apart; want at least one column, and points not below zero", t.Cols, t.Stride))
	}
	_ = t.Points[(TilePoints-1)*t.Stride+t.count()*w.Lanes-1]
}

func (w Winograd) checkPixels(pixels []float32, line, rows, cols int) {
	if line < 0 {
		panic(fmt.Sprintf("kernel: lines of pixels %d apart; want none below zero", line))
	}
	_ = pixels[(rows-1)*line+cols*w.Lanes-1]
}

// Weights transforms the 3x3 weights of an input and an output channel to points.
func (Winograd) Weights(w *[tileWeights * tileWeights]float64) (points [TilePoints]float64) {
	var rows [TileReach][tileWeights]float64
	for c := range tileWeights {
		for r, v := range weightPoints(w[c], w[c+3], w[c+6]) {
			rows[r][c] = v
		}
	}
	for r, row := range rows {
		at := weightPoints(row[0], row[1], row[2])
		copy(points[r*TileReach:], at[:])
	}
	return points
}

// weightPoints is the transform of three weights in a line.
func weightPoints(a, b, c float64) [TileReach]float64 {
	return [TileReach]float64{
		a / 4,
		-(a + b + c) / 6, -(a - b + c) / 6,
		(a + 2*b + 4*c) / 24, (a - 2*b + 4*c) / 24,
		c,
	}
}
