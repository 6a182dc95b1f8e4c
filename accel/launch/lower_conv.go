package launch

import "ttad/accel"

// convolution is a Conv with the extents of its operands.
type convolution struct {
	accel.Conv
	images, channels, outputs int // channels and outputs of a group
	kernel, in, out           [2]int
}

// conv emits a product where the window is the whole image, as in squeeze and
// excitation; else a direct convolution where groups have few outputs, which would
// leave most of a tile empty; else a product in tiles that gathers windows on the way.
func (l *lowering) conv(n *node, op accel.Conv) {
	x, w, y := l.shape(n.in[0]), l.shape(n.in[1]), l.shape(n.out)
	c := convolution{
		Conv: op, images: x[0], channels: w[1], outputs: w[0] / op.Groups,
		kernel: [2]int(w[2:]), in: [2]int(x[2:]), out: [2]int(y[2:]),
	}
	switch {
	case c.seesAll():
		l.multiply(n, c.product(n))
	case op.Groups > 1 && c.outputs < fewOutputs:
		l.convFew(n, c)
	default:
		l.convTiles(n, c)
	}
}

// Outputs of a group. On paper: of a flat tile that is half full a card gets a quarter of
// its peak; loading an element for every fma leaves a fifth of it to conv_few.
const (
	fewOutputs  = 16 // from here on tiles are better
	flatOutputs = 32 // up to here flat ones, of 32 outputs by 128 positions
)

// depth is how many products there are in a result.
func (c convolution) depth() int { return c.channels * c.kernel[0] * c.kernel[1] }

// positions are the results of an output.
func (c convolution) positions() int { return c.images * c.out[0] * c.out[1] }

// seesAll reports whether there is one window, which is the image.
func (c convolution) seesAll() bool {
	return c.Groups == 1 && c.kernel == c.in && c.Pad == [4]int{}
}

// product is the convolution where a window sees all: images by filters.
func (c convolution) product(n *node) product {
	return product{
		a: n.in[0], b: n.in[1], c: n.in[2], rows: c.images, columns: c.outputs, depth: c.depth(),
		left: [2]int{c.depth(), 1}, right: [2]int{1, c.depth()}, addend: [2]int{0, 1}, alpha: 1, beta: 1,
	}
}

func (l *lowering) convTiles(n *node, c convolution) {
	kernel, lines := "conv", tileSide
	if c.outputs <= flatOutputs {
		kernel, lines = "conv_flat", flatOutputs
	}
	scratch := l.takeParts(accel.Elements(l.shape(n.out)), c.depth())
	tiles := c.Groups * ceilDiv(c.outputs, lines) * ceilDiv(c.positions(), tileElements/lines)
	count, span := parts(tiles, c.depth())
	y, bias, end := l.value(n.out), n.in[2], n.tail
	if count > 1 {
		y, bias, end = scratch, accel.NoValue, noTail
	}
	tables, at := l.table(c.taps()...)
	args := []operand{y, l.value(n.in[0]), l.value(n.in[1]), tables, at}
	args = append(args, integers(span, c.positions(), c.depth())...)
	l.emit(kernel, [3]int{tiles * count, 1, 1}, append(args, l.convArgs(n, c, bias, end)...)...)
	if count > 1 {
		l.join(n, scratch, count, c.bias(n))
	}
}

// taps are, for each product of a result, where its channel begins in an image, and
// how far down and right of the window's corner its element lies.
func (c convolution) taps() []int {
	var taps []int
	for channel := range c.channels {
		for i := range c.kernel[0] {
			for j := range c.kernel[1] {
				taps = append(taps, channel*c.in[0]*c.in[1], i*c.Dilation[0], j*c.Dilation[1])
			}
		}
	}
	return taps
}

func (c convolution) bias(n *node) bias {
	return bias{value: n.in[2], channels: c.Groups * c.outputs, inner: c.out[0] * c.out[1], factor: 1}
}

// strip is the number of results, one below the other, that an item of conv_few does.
const strip = 4

func (l *lowering) convFew(n *node, c convolution) {
	strips := c.images * c.Groups * c.outputs * ceilDiv(c.out[0], strip) * c.out[1]
	args := []operand{l.value(n.out), l.value(n.in[0]), l.value(n.in[1])}
	args = append(args, integers(strips, c.kernel[0], c.kernel[1], c.Dilation[0], c.Dilation[1])...)
	l.emit("conv_few", across(strips), append(args, l.convArgs(n, c, n.in[2], n.tail)...)...)
}

// convArgs are the arguments that both kernels have.
func (l *lowering) convArgs(n *node, c convolution, bias accel.ValueID, end tail) []operand {
	args := integers(c.Groups, c.outputs, c.channels, c.in[0], c.in[1], c.out[0], c.out[1],
		c.Stride[0], c.Stride[1], c.Pad[0], c.Pad[1])
	args = append(args, l.given(bias, n.in[0])...)
	return append(args, l.ending(end, n.in[0])...)
}
