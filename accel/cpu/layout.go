package cpu

import "ttad/accel"

// layout is how the elements of one value lie in memory. The zero layout is
// row-major. With lanes, the channels of an image [N C H W] are cut into blocks
// that fill a register of the kernels, and every plane has a border of zeros for
// the windows that reach over its edge:
//
//	[N][blocks][top+H+bottom][left+W+right][lanes]
//
// Lanes beyond the last channel hold finite numbers of no meaning; whoever reads
// them multiplies them by zero.
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

// line is the step from one row of pixels to the next.
func (g *grid) line() int { return g.cols * g.lanes }

// block is the step from one block of channels to the next.
func (g *grid) block() int { return g.rows * g.line() }

// image is the step from one image to the next.
func (g *grid) image() int { return g.blocks * g.block() }

// origin is where the first pixel that is not border lies in a block.
func (g *grid) origin() int { return g.top*g.line() + g.left*g.lanes }

// floats is the memory of a value of rows rows.
func (l layout) floats(s accel.Shape, rows int) int {
	if l.lanes == 0 {
		return elements(s, rows)
	}
	g := l.grid(s)
	return s[0].At(rows) * g.image()
}
