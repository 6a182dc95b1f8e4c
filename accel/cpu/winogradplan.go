package cpu

import (
	"fmt"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// winogradTiles is how tiles cover the images, and how many are taken at a time.
type winogradTiles struct {
	lanes       int
	lines, cols int // of tiles, in an image
	pass        int // lines of a task
	room        int // tiles between one block's points and the next's
}

// A pass has as many tiles as leave the points of its input in a quarter of the
// second-level cache, beside the weights that pass through it: but not fewer than
// fill a tile of the kernels, nor more than gain anything. Of the sizes tried, 8 to
// 128 tiles, these were the fastest for 16 to 512 channels.
const (
	fewestTiles = 16
	mostTiles   = 64
	passPoints  = 1 << 17 // floats
)

// sumChannels is how many input channels are added up before their sum is added to
// those of others: the error of a sum grows with its length, and the transforms
// make it larger. Of 256 channels the relative error is 1.5e-6 in this way,
// 2.7e-6 in one go.
const sumChannels = 64

func newWinogradTiles(in, out *grid) winogradTiles {
	t := winogradTiles{lanes: in.lanes, lines: ceilDiv(out.height, kernel.TilePixels), cols: ceilDiv(out.width, kernel.TilePixels)}
	tiles := passPoints / (kernel.TilePoints * in.blocks * in.lanes)
	t.pass = evenly(t.lines, max(1, min(max(tiles, fewestTiles), mostTiles)/t.cols))
	// Powers of two would put all blocks into the same sets of the cache.
	t.room = t.pass*t.cols | 1
	return t
}

// evenly is most lines or somewhat fewer, so that passes of so many end where
// images do, or cut them into equal parts.
func evenly(lines, most int) int {
	if most >= lines {
		return most / lines * lines
	}
	return ceilDiv(lines, ceilDiv(lines, most))
}

// at is the image a line of tiles belongs to, and its first row of pixels.
func (t *winogradTiles) at(line int) (image, row int) {
	return line / t.lines, line % t.lines * kernel.TilePixels
}

// stride is the floats between one point and the next, for so many blocks of
//
//	[point][block][tile][lanes]
//
// It is an odd number of cache lines: the transforms touch all points of a tile at
// a time, and a power of two would put them into the same sets of the cache.
func (t *winogradTiles) stride(blocks int) int {
	return (ceilDiv(blocks*t.room*t.lanes, lineFloats) | 1) * lineFloats
}

// winogradGroup is as many blocks of output channels as a kernel takes.
type winogradGroup struct {
	cover
	first, blocks int
	weights       []float32 // [point][input channel][blocks*lanes]
}

// Winograd's algorithm has four times the weights to keep and to read, and less to
// do with them. It pays where an image has a tile for this many channels: measured
// on one image, on one core with AVX-512 and 2 MiB of second-level cache, it was
// 1.06 times as fast as the direct kernel for 64 channels of 4x4 pixels, 1.4 times
// for 256 of 8x8 and 2.1 times for 512 of 14x14, but 0.6 times for 128 of 4x4. For
// 512 of 7x7 it was 1.1 times, and 2.4 times for four images at once, which is not
// thought worth the 38 MB of weights of such a layer. Fewer channels than 16 were
// not tried.
const (
	channelsPerTile = 64
	fewestChannels  = 16
)

// isWinograd reports whether a convolution with constant weights is computed by
// Winograd's algorithm: windows of 3x3 without gaps or groups, and whole blocks of
// channels, for what lies beside the last one must not get into sums.
func (b *planner) isWinograd(n *node, op accel.Conv) bool {
	x, w, y := b.p.Values[n.in[0]].Shape, b.p.Values[n.in[1]].Shape, b.p.Values[n.out].Shape
	one := [2]int{1, 1}
	if !b.d.winograd || !b.fixedWeights(n) || w[2].Fixed != 3 || w[3].Fixed != 3 || op.Stride != one || op.Dilation != one || op.Groups != 1 {
		return false
	}
	channels := x[1].Fixed
	tiles := ceilDiv(y[2].Fixed, kernel.TilePixels) * ceilDiv(y[3].Fixed, kernel.TilePixels)
	return channels >= fewestChannels && channels%b.d.kernels.Lanes == 0 && channels <= channelsPerTile*tiles
}

// winogradReach is the border around the input: windows read whole tiles.
func winogradReach(p *accel.Program, op accel.Conv, n *node) [4]int {
	x, y := p.Values[n.in[0]].Shape, p.Values[n.out].Shape
	reach := op.Pad
	for axis := range 2 {
		tiles := ceilDiv(y[2+axis].Fixed, kernel.TilePixels)
		end := tiles*kernel.TilePixels + kernel.TileReach - kernel.TilePixels
		reach[2+axis] = max(0, end-op.Pad[axis]-x[2+axis].Fixed)
	}
	return reach
}

func (b *planner) newWinograd(op accel.Conv, n *node) *winogradStep {
	in, out := b.grid(n.in[0]), b.grid(n.out)
	w := newFilter(b, op, n, &in, out.width)
	s := newWinogradStep(b.d.kernels, w, in, out)
	for i := range s.groups {
		g := &s.groups[i]
		floats := kernel.TilePoints * w.perGroup * g.blocks * out.lanes
		g.weights = b.packed(n, fmt.Sprint("points of blocks ", g.first, g.blocks), floats, func(to []float32) {
			g.pack(to, s.transforms, w, out.lanes)
		})
	}
	s.x, s.y, s.shape = n.in[0], n.out, b.p.Values[n.out].Shape
	s.epilogue = newEpilogue(n.tail)
	s.tail = n.tail[s.done:]
	if s.residual != accel.NoValue {
		s.added = b.grid(s.residual)
	}
	return s
}

// newWinogradStep is a step without weights, for images of these extents.
func newWinogradStep(f kernel.Family, w *filter, in, out grid) *winogradStep {
	s := &winogradStep{
		in: in, out: out, pad: [2]int(w.op.Pad[:2]), tiles: newWinogradTiles(&in, &out),
		bias: make([]float32, out.blocks*out.lanes), transforms: f.Winograd(),
	}
	copy(s.bias, w.bias)
	s.blocks = max(1, sumChannels/in.lanes)
	for block := range in.blocks {
		s.taps = append(s.taps, block*s.tiles.room*in.lanes)
	}
	count := ceilDiv(out.blocks, f.MaxBlocks())
	for first := 0; first < out.blocks; {
		g := winogradGroup{first: first, blocks: ceilDiv(out.blocks-first, count-len(s.groups))}
		g.cover = newCover(f, g.blocks, min(in.channels, sumChannels))
		s.groups = append(s.groups, g)
		first += g.blocks
	}
	return s
}

// pack transforms the weights of a group, zero beyond the last output channel.
func (g *winogradGroup) pack(to []float32, t kernel.Winograd, w *filter, lanes int) {
	width := g.blocks * lanes
	for o := g.first * lanes; o < min(w.outputs, (g.first+g.blocks)*lanes); o++ {
		for i := range w.perGroup {
			var window [9]float64
			for k, v := range w.weights[(o*w.perGroup+i)*len(window):][:len(window)] {
				window[k] = float64(v) * w.fold.factor(o)
			}
			for point, v := range t.Weights(&window) {
				to[(point*w.perGroup+i)*width+o-g.first*lanes] = float32(v)
			}
		}
	}
}
