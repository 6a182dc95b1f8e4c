package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// layout is how the elements of one value lie in memory. The zero layout is
// row-major. With lanes, the channels of an image [N C H W] are cut into blocks
// that fill a register of the kernels, and every plane has a border of zeros for
// the windows that reach over its edge:
//
//	[N][blocks][top+H+bottom][left+W+right][lanes]
//
// Lanes beyond the last channel hold anything, NaN included: sums over channels
// leave them out, and what is done element by element may do it to them, too.
type layout struct {
	lanes  int
	border [4]int // top, left, bottom, right
}

// grid is the extents of an image in a layout with lanes, in pixels and channels,
// its offsets and steps in floats.
type grid struct {
	lanes, channels, blocks int
	height, width           int // of the image itself
	top, left               int
	rows, cols              int // border included
}

func (l layout) grid(s accel.Shape) grid {
	c, h, w := s[1].Fixed, s[2].Fixed, s[3].Fixed
	return grid{
		lanes: l.lanes, channels: c, blocks: ceilDiv(c, l.lanes), height: h, width: w,
		top: l.border[0], left: l.border[1],
		rows: l.border[0] + h + l.border[2], cols: l.border[1] + w + l.border[3],
	}
}

// joined is the extents of an image without a border when so many rows count as
// one.
func (g *grid) joined(rows int) grid {
	j := *g
	j.height, j.rows = g.height/rows, g.rows/rows
	j.width, j.cols = g.width*rows, g.cols*rows
	return j
}

// line is the step from one row of pixels to the next.
func (g *grid) line() int { return g.cols * g.lanes }

// block is the step from one block of channels to the next.
func (g *grid) block() int { return g.rows * g.line() }

// image is the step from one image to the next.
func (g *grid) image() int { return g.blocks * g.block() }

// origin is where the first pixel that is not border lies in a block.
func (g *grid) origin() int { return g.top*g.line() + g.left*g.lanes }

// at is where a row of a block of an image begins.
func (g *grid) at(image, block, row int) int {
	return image*g.image() + block*g.block() + g.origin() + row*g.line()
}

// clearBorders clears the border of all blocks of an image.
func (g *grid) clearBorders(image []float32, low, high int) {
	for b := range g.blocks {
		g.clearBorder(image[b*g.block():][:g.block()], low, high)
	}
}

// clearBorder clears, in a block of an image, what lies beside the rows low to
// high, above the first row and below the last.
func (g *grid) clearBorder(block []float32, low, high int) {
	if g.rows == g.height && g.cols == g.width {
		return
	}
	line, left := g.line(), g.left*g.lanes
	end := left + g.width*g.lanes // of the pixels in a row
	at := (g.top + low) * line
	if low == 0 {
		at = 0
	}
	// What is right of a row and what is left of the next one lie side by side.
	for r := g.top + low; r < g.top+high; r++ {
		clear(block[at : r*line+left])
		at = r*line + end
	}
	rest := (g.top + high) * line
	if high == g.height {
		rest = len(block)
	}
	clear(block[at:rest])
}

// nth is a block of a value, counted through its images.
func (g *grid) nth(value []float32, i int) []float32 { return value[i*g.block():][:g.block()] }

// row is a row of pixels of a block.
func (g *grid) row(block []float32, i int) []float32 {
	return block[g.origin()+i*g.line():][:g.width*g.lanes]
}

// inside is a block without its border.
func (g *grid) inside(block []float32) vector.Plane {
	return vector.Plane{Data: block[g.origin():], Line: g.line()}
}

// finish does what is left of a tail to the rows low to high of an image.
func (g *grid) finish(f *frame, tail []tailing, y accel.ValueID, image, low, high int) {
	if len(tail) == 0 {
		return
	}
	for b := range g.blocks {
		g.finishBlock(f, tail, y, image*g.blocks+b, low, high)
	}
}

// finishBlock does it to one block, counted through the images.
func (g *grid) finishBlock(f *frame, tail []tailing, y accel.ValueID, block, low, high int) {
	if len(tail) == 0 {
		return
	}
	plane := g.nth(f.data[y], block)
	for i := range tail {
		t := &tail[i]
		if t.add != accel.NoValue {
			g.add(f, plane, f.data[t.add], f.plan.grid(t.add), block, low, high)
			continue
		}
		for r := low; r < high; r++ {
			row := g.row(plane, r)
			t.fn.apply(row, row)
		}
	}
}

// add adds the same block of a value that may have another border.
func (g *grid) add(f *frame, plane, value []float32, other grid, block, low, high int) {
	from := other.nth(value, block)
	for r := low; r < high; r++ {
		row := g.row(plane, r)
		f.vectors().Add(row, row, other.row(from, r))
	}
}

// floats is the memory of a value of rows rows, at most a little more than a plan
// may ask for.
func (l layout) floats(s accel.Shape, rows int) int {
	if l.lanes == 0 {
		return elements(s, rows)
	}
	g := l.grid(s)
	floats := float64(s[0].At(rows)) * float64(g.blocks) * float64(g.rows) * float64(g.cols) * float64(g.lanes)
	return int(min(floats, maxFloats+1))
}
