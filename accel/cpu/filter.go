package cpu

import (
	"math"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// filter is the weights of a convolution on their way into slabs.
type filter struct {
	op                    accel.Conv
	in                    *grid
	weights, bias         []float32 // nil for weights that are computed; bias with the norm melted in
	fold                  *affine   // of weights, too
	outputs, outPerGroup  int
	perGroup              int // input channels of a group
	height, width, pixels int // of the window, and of a row of the result
}

// newFilter reads a convolution's constants, for rows of so many pixels.
func newFilter(b *planner, op accel.Conv, n *node, in *grid, pixels int) *filter {
	shape := b.p.Values[n.in[1]].Shape
	w := &filter{
		op: op, in: in, outputs: shape[0].Fixed, outPerGroup: shape[0].Fixed / op.Groups, perGroup: shape[1].Fixed,
		height: shape[2].Fixed, width: shape[3].Fixed, pixels: pixels,
	}
	if !b.fixedWeights(n) {
		return w
	}
	w.weights, w.fold = b.constant(n.in[1]), n.fold
	w.bias = make([]float32, w.outputs)
	copy(w.bias, b.constant(optional(n.in, 2)))
	for c, v := range w.bias {
		w.bias[c] = n.fold.bias(v, c)
	}
	return w
}

// fixedWeights reports whether weights and bias are constants.
func (b *planner) fixedWeights(n *node) bool {
	bias := optional(n.in, 2)
	return b.constant(n.in[1]) != nil && (bias == accel.NoValue || b.constant(bias) != nil)
}

// slabs cuts the output blocks into slabs that take the least time, and tells how
// many floats their weights take.
func (w *filter) slabs(f kernel.Family, out *grid) (all []slab, floats int) {
	best := make([]int, out.blocks+1) // for so many blocks
	width := make([]int, len(best))   // of the last slab among them
	for n := 1; n < len(best); n++ {
		best[n] = math.MaxInt
		for blocks := 1; blocks <= min(n, f.MaxBlocks()); blocks++ {
			depth := w.depth((n-blocks)*out.lanes, n*out.lanes)
			c := newCover(f, blocks, depth)
			if cost := best[n-blocks] + c.cost(w.pixels, depth); cost < best[n] {
				best[n], width[n] = cost, blocks
			}
		}
	}
	for n := out.blocks; n > 0; n -= width[n] {
		s := w.slab(f, n-width[n], width[n], out.lanes)
		for i := range s.passes {
			p := &s.passes[i]
			p.weights = floats
			floats += len(p.taps) * p.depth * s.width
		}
		all = append(all, s)
	}
	return all, floats
}

// inputs is the range of input channels that the outputs low to high see between
// them: those of all their groups.
func (w *filter) inputs(low, high int) (first, last int) {
	high = min(high, w.outputs)
	return low / w.outPerGroup * w.perGroup, ((high-1)/w.outPerGroup + 1) * w.perGroup
}

// depth is the number of products in one of the outputs low to high.
func (w *filter) depth(low, high int) int {
	first, last := w.inputs(low, high)
	return (last - first) * w.height * w.width
}

func (w *filter) slab(f kernel.Family, first, blocks, lanes int) slab {
	low, width := first*lanes, blocks*lanes
	s := slab{cover: newCover(f, blocks, w.depth(low, low+width)), first: first, blocks: blocks, low: low, width: width}
	var taps []tap
	c, end := w.inputs(low, low+width)
	for most := w.evenDepth(c, end); c < end; {
		depth := min(end, c/most*most+most) - c
		if len(taps) > 0 && taps[0].depth != depth {
			s.passes = append(s.passes, w.passes(taps, width)...)
			taps = nil
		}
		taps = append(taps, w.window(c, depth, width)...)
		c += depth
	}
	s.passes = append(s.passes, w.passes(taps, width)...)
	return s
}

// fewestDeep is the smallest depth at which the kernels are as fast as at others:
// they take so many channels at a time.
const fewestDeep = 4

// evenDepth is the most channels a tap may have so that all of them have as many,
// which spares passes of another depth for what is left over; the lanes of a block
// where that would be too few.
func (w *filter) evenDepth(first, end int) int {
	for depth := w.in.lanes; depth >= fewestDeep; depth /= 2 {
		if first%depth == 0 && end%depth == 0 {
			return depth
		}
	}
	return w.in.lanes
}

// tap is channels that lie side by side at a place of the window, or at several
// places of one of its rows.
type tap struct{ channel, depth, row, col, cols int }

// floats is how many values of the input a tap takes.
func (t tap) floats() int { return t.cols * t.depth }

// window lists the taps of channels of one block.
func (w *filter) window(channel, depth, width int) (taps []tap) {
	cols := w.adjoining(depth, width)
	for i := range w.height {
		for j := 0; j < w.width; j += cols {
			taps = append(taps, tap{channel, depth, i, j, cols})
		}
	}
	return taps
}

// adjoining is how many places of a row of the window make one tap, which the
// kernels go through faster than several: all of them, where the channels are the
// whole of every pixel and so follow each other.
func (w *filter) adjoining(depth, width int) int {
	if depth == w.in.lanes && w.op.Dilation[1] == 1 && w.width*depth*width <= passFloats {
		return w.width
	}
	return 1
}

// offset is where a tap lies for the first pixel of an image.
func (w *filter) offset(t tap) int {
	row := w.in.top - w.op.Pad[0] + t.row*w.op.Dilation[0]
	col := w.in.left - w.op.Pad[1] + t.col*w.op.Dilation[1]
	block, lane := t.channel/w.in.lanes, t.channel%w.in.lanes
	return block*w.in.block() + row*w.in.line() + col*w.in.lanes + lane
}

// passFloats is as much weight as leaves room for the rows they meet in a
// first-level cache of 48 KiB.
const passFloats = 8 << 10

// passes divides taps of one depth evenly into passes of at most passFloats.
func (w *filter) passes(taps []tap, width int) (all []pass) {
	depth := taps[0].floats()
	most := max(1, passFloats/(depth*width))
	each := ceilDiv(len(taps), ceilDiv(len(taps), most))
	for ; len(taps) > 0; taps = taps[min(each, len(taps)):] {
		p := pass{depth: depth, places: taps[:min(each, len(taps))]}
		for _, t := range p.places {
			p.taps = append(p.taps, w.offset(t))
		}
		all = append(all, p)
	}
	return all
}

// melted are the constant weights with the norm melted in.
func (w *filter) melted() []float32 { return w.fold.weights(w.weights, w.perGroup*w.height*w.width) }

// pack lays out weights [output][channel of its group][row][column] for the kernels.
func (w *filter) pack(to []float32, slabs []slab, weights []float32) {
	for i := range slabs {
		s := &slabs[i]
		for j := range s.passes {
			p := &s.passes[j]
			at := to[p.weights:]
			for _, t := range p.places {
				w.packTap(at, t, s.low, s.width, weights)
				at = at[t.floats()*s.width:]
			}
		}
	}
}

// packTap lays out the weights of a tap: for each of its values those of width
// outputs from low on, zero where an output is in another group or beyond the last.
// A group that shares a block with another one thus sees that one's values times
// zero, which matters only where they are not finite.
func (w *filter) packTap(to []float32, t tap, low, width int, weights []float32) {
	for c := range t.floats() {
		channel, col := t.channel+c%t.depth, t.col+c/t.depth
		for j := range width {
			o := low + j
			v, i := float32(0), channel-o/w.outPerGroup*w.perGroup
			if o < w.outputs && i >= 0 && i < w.perGroup {
				v = weights[((o*w.perGroup+i)*w.height+t.row)*w.width+col]
			}
			to[c*width+j] = v
		}
	}
}

func optional(ids []accel.ValueID, i int) accel.ValueID {
	if i < len(ids) {
		return ids[i]
	}
	return accel.NoValue
}
