package main

import "fmt"

// channelwisePixels are the tiles of kernels that keep channels apart: for the
// widths images have, as on amd64.
var channelwisePixels = []int{14, 8, 7, 4, 2, 1}

// writeDepthwise writes a kernel that adds up what each tap shows times the tap's
// weights, lane by lane.
func writeDepthwise(f *file, pixels int) {
	k := newChannelwise(f, pixels, "Depthwise", "sums weighted taps of")
	k.overTiles(func() {
		for p := range pixels {
			k.zero(k.sum(p, 0))
		}
		k.overTaps(func() {
			w := vec(vectors - 1)
			k.op("FMOVQ.P", at(weights, lineBytes), w.f())
			k.overInputs(func(p int, x vec) { k.op("VFMLA", x.s4(), w.s4(), k.sum(p, 0).s4()) })
		})
	})
}

// writeMaxPool writes a kernel that keeps the largest value of any tap. It begins
// at minus infinity.
func writeMaxPool(f *file, pixels int) {
	k := newChannelwise(f, pixels, "MaxPool", "keeps the largest tap of")
	k.overTiles(func() {
		k.op("MOVD", "$0xff800000", depth)
		for p := range pixels {
			k.op("VDUP", depth, k.sum(p, 0).s4())
		}
		k.overTaps(func() {
			k.overInputs(func(p int, x vec) { k.fmax(k.sum(p, 0), k.sum(p, 0), x) })
		})
	})
}

func newChannelwise(f *file, pixels int, name, does string) *tile {
	name = fmt.Sprintf("neon%s%d", name, pixels)
	f.function(name, fmt.Sprintf("%s %d pixels of a block of %d.", does, pixels, lanes), "call", "*Call")
	return &tile{file: f, shape: shape{pixels, 1}}
}

// overInputs visits every pixel with the block the tap shows it.
func (k *tile) overInputs(visit func(p int, x vec)) {
	for p := range k.pixels {
		k.op("VLD1.P", behind(pointers[0], step), list(k.spare(p)))
		visit(p, k.spare(p))
	}
}
