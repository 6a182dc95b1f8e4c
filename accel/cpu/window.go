package cpu

import "ttad/accel"

// geometry is a convolution's extents and how its taps reach its input. Taps
// read either the input itself or, where windows reach into the padding, a copy
// of one image with a border of zeros, so that no tap needs to ask where it is.
type geometry struct {
	channels, height, width int // of an image
	outputs, oh, ow         int // of a result image
	perGroup, outPerGroup   int // input and output channels of a group
	stride                  [2]int
	top, left               int
	bordered                bool
	planeRows, planeCols    int   // of what taps read
	offsets                 []int // of each tap (channel of the group, row, column)
}

func newGeometry(p *accel.Program, op accel.Conv, n *node) geometry {
	x, w, y := p.Values[n.in[0]].Shape, p.Values[n.in[1]].Shape, p.Values[n.out].Shape
	g := geometry{
		channels: x[1].Fixed, height: x[2].Fixed, width: x[3].Fixed,
		outputs: y[1].Fixed, oh: y[2].Fixed, ow: y[3].Fixed,
		perGroup: w[1].Fixed, outPerGroup: w[0].Fixed / op.Groups,
		stride: op.Stride, top: op.Pad[0], left: op.Pad[1],
	}
	kh, kw := w[2].Fixed, w[3].Fixed
	reachRows := (g.oh-1)*op.Stride[0] + (kh-1)*op.Dilation[0] + 1
	reachCols := (g.ow-1)*op.Stride[1] + (kw-1)*op.Dilation[1] + 1
	g.planeRows, g.planeCols = g.height, g.width
	g.bordered = g.top > 0 || g.left > 0 || reachRows > g.height || reachCols > g.width
	if g.bordered {
		g.planeRows, g.planeCols = reachRows, reachCols
	}
	for c := range g.perGroup {
		for i := range kh {
			for j := range kw {
				at := (c*g.planeRows+i*op.Dilation[0])*g.planeCols + j*op.Dilation[1]
				g.offsets = append(g.offsets, at)
			}
		}
	}
	return g
}

// depth is the number of products in one output.
func (g *geometry) depth() int { return len(g.offsets) }

// positions is the number of outputs of one channel of one image.
func (g *geometry) positions() int { return g.oh * g.ow }

// imageFloats is the size of an image as taps read it.
func (g *geometry) imageFloats() int { return g.channels * g.planeRows * g.planeCols }

// border returns images as taps read them: the input itself, or copies of them
// within scratch.
func (g *geometry) border(images, scratch []float32) []float32 {
	if !g.bordered {
		return images
	}
	size := g.channels * g.height * g.width
	count := len(images) / size
	out := scratch[:count*g.imageFloats()]
	clear(out)
	rows, cols := max(0, min(g.height, g.planeRows-g.top)), max(0, min(g.width, g.planeCols-g.left))
	for plane := range count * g.channels {
		from, to := images[plane*g.height*g.width:], out[plane*g.planeRows*g.planeCols:]
		for r := range rows {
			copy(to[(r+g.top)*g.planeCols+g.left:][:cols], from[r*g.width:])
		}
	}
	return out
}

// origin returns where the window of an output begins, within an image.
func (g *geometry) origin(position int) int {
	return position/g.ow*g.stride[0]*g.planeCols + position%g.ow*g.stride[1]
}
