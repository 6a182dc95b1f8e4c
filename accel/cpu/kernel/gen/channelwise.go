package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// channelwisePixels are the tiles of kernels that keep channels apart. Eight
// pixels keep two ports busy; the others are for the widths images have.
var channelwisePixels = []int{14, 8, 7, 4, 2, 1}

// writeChannelwise writes the kernels that take a register of channels from each
// tap: a depthwise convolution multiplies it by the tap's weights, a pool keeps
// the largest.
func writeChannelwise(ctx *build.Context, set instructionSet) {
	for _, pixels := range channelwisePixels {
		one := shape{pixels, 1}
		writeLanewise(ctx, set, one, "Depthwise", "sums weighted taps of", (*taps).weightedTap)
	}
	for _, pixels := range channelwisePixels[1:] {
		one := shape{pixels, 1}
		writeLanewise(ctx, set, one, "MaxPool", "keeps the largest tap of", (*taps).largerTap)
	}
}

func writeLanewise(ctx *build.Context, set instructionSet, s shape, name, does string, visit func(*taps)) {
	k := &taps{Context: ctx, instructionSet: set, shape: s, steps: map[int]reg.GPVirtual{}}
	name = fmt.Sprintf("%s%s%d", set.prefix, name, s.pixels)
	ctx.Function(name)
	ctx.Attributes(attr.NOSPLIT)
	ctx.Signature(callSignature())
	ctx.Doc(fmt.Sprintf("%s %s %d pixels of a block of %d.", name, does, s.pixels, set.lanes))
	ctx.Pragma("noescape")
	k.call = ctx.Dereference(ctx.Param("call"))
	k.overTiles(func() { visit(k) })
	ctx.VZEROUPPER()
	ctx.RET()
}

// overPlaces does what body writes once a tap, with the bases at its pixels.
func (k *taps) overPlaces(body func()) {
	tap, left := k.GP64(), k.GP64()
	k.Load(k.call.Field("Taps").Base(), tap)
	k.Load(k.call.Field("Taps").Len(), left)
	k.Label("tap")
	k.toTap(tap)
	body()
	k.ADDQ(operand.Imm(8), tap)
	k.DECQ(left)
	k.JNZ(operand.LabelRef("tap"))
}

func (k *taps) weightedTap() {
	k.overPlaces(func() {
		w := k.vector(k.Context)
		k.VMOVUPS(operand.Mem{Base: k.weights}, w)
		for p := range k.pixels {
			k.VFMADD231PS(k.input(p, 0), w, k.sums[p][0])
		}
		k.ADDQ(operand.Imm(uint64(k.lanes*floatBytes)), k.weights)
	})
}

// largerTap begins at minus infinity. The maximum of x86 loses a NaN that comes
// first, so those are put back where the tap is not equal to itself.
func (k *taps) largerTap() {
	k.lowest()
	k.overPlaces(func() {
		for p := range k.pixels {
			x := k.vector(k.Context)
			k.VMOVUPS(k.input(p, 0), x)
			k.keepLarger(x, k.sums[p][0])
		}
	})
}

// lowest sets all sums to minus infinity.
func (k *taps) lowest() {
	bits, single := k.GP32(), k.XMM()
	k.MOVL(operand.U32(0xff800000), bits)
	k.VMOVD(bits, single)
	for _, pixel := range k.sums {
		k.VBROADCASTSS(single, pixel[0])
	}
}

// unordered is the comparison that holds where an operand is not a number.
const unordered = 3

func (k *taps) keepLarger(x, most reg.VecVirtual) {
	k.VMAXPS(most, x, most) // the second operand where one is not a number
	if k.lanes == 16 {
		nan := k.K()
		k.VCMPPS(operand.Imm(unordered), x, x, nan)
		k.VMOVAPS(x, nan, most)
		return
	}
	nan := k.vector(k.Context)
	k.VCMPPS(operand.Imm(unordered), x, x, nan)
	k.VBLENDVPS(nan, x, most, most)
}
