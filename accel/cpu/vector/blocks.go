package vector

import (
	"fmt"
	"math"
)

// Plane is the pixels of one channel block of one image: Data begins with the
// first of them, pixels of a row follow each other, and Line floats lie between
// the beginnings of two rows.
type Plane struct {
	Data []float32
	Line int
}

// reach panics where height rows of width floats are not all in the plane.
func (p Plane) reach(height, width int) {
	if p.Line < 0 {
		panic(fmt.Sprintf("vector: %d floats between two rows of pixels; want none below zero", p.Line))
	}
	_ = p.Data[(height-1)*p.Line+width-1]
}

// BlockMoments is the sums of the pixels of one channel block.
type BlockMoments struct {
	X             Plane
	Shift         []float32 // [Lanes]
	Sum, Squares  []float64 // [Lanes]; added to
	Height, Width int       // pixels
}

// BlockMoments adds x-Shift and its square over the pixels to Sum and Squares,
// lane by lane: in float32 over some hundred pixels, in float64 beyond. A Shift
// near the mean keeps the variance from cancelling.
func (f Family) BlockMoments(m BlockMoments) {
	if m.Height < 1 || m.Width < 1 {
		return
	}
	m.X.reach(m.Height, m.Width*f.Lanes)
	m.Shift, m.Sum, m.Squares = m.Shift[:f.Lanes:len(m.Shift)], m.Sum[:f.Lanes:len(m.Sum)], m.Squares[:f.Lanes:len(m.Squares)]
	rows := max(1, blockRun/m.Width)
	for ; m.Height > rows; m.Height -= rows {
		part := m
		part.Height = rows
		f.blockMoments(part)
		m.X.Data = m.X.Data[rows*m.X.Line:]
	}
	f.blockMoments(m)
}

// blockRun is about how many pixels are added up in float32.
const blockRun = 1024

// BlockAffine is the normalization of the pixels of one channel block.
type BlockAffine struct {
	Y, X               Plane
	Residual           Plane     // its Data empty for none; may be Y
	Mean, Scale, Shift []float32 // [Lanes]
	Height, Width      int       // pixels
	Low, High          float32   // bounds of the result, where Clip is set
	Clip               bool      // a value that is not a number stays so
}

// BlockAffine fills Y with (X-Mean)*Scale + Shift + Residual, clipped, lane by
// lane. Y may be X.
func (f Family) BlockAffine(a BlockAffine) {
	if a.Height < 1 || a.Width < 1 {
		return
	}
	width := a.Width * f.Lanes
	a.Y.reach(a.Height, width)
	a.X.reach(a.Height, width)
	if len(a.Residual.Data) > 0 {
		a.Residual.reach(a.Height, width)
	}
	a.Mean, a.Scale, a.Shift = a.Mean[:f.Lanes:len(a.Mean)], a.Scale[:f.Lanes:len(a.Scale)], a.Shift[:f.Lanes:len(a.Shift)]
	a.Low, a.High = bounds(a.Low, a.High, a.Clip)
	f.blockAffine(a)
}

// bounds are those that a value is held between, clipped or not.
func bounds(low, high float32, clip bool) (float32, float32) {
	if !clip {
		return float32(math.Inf(-1)), float32(math.Inf(1))
	}
	return low, high
}
