package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const floatBytes = 4

// unroll is how many input channels a turn of the inner loop takes.
const unroll = 4

// taps writes one kernel.
type taps struct {
	*build.Context
	instructionSet
	shape
	call    gotypes.Component
	sums    [][]reg.VecVirtual // [pixel][block]
	turn    reg.GPVirtual      // tiles done
	origin  operand.Mem        // holds where the tile's input begins
	weights reg.GPVirtual
	steps   map[int]reg.GPVirtual // multiples of the bytes between input pixels
	bases   []reg.GPVirtual       // every pixelsPerBase pixels
}

// pixelsPerBase is how many pixels an address register reaches: none to eight
// steps away, with the scales 1, 2, 4 and 8 and the multiples 3, 5 and 7.
const pixelsPerBase = 9

func writeTaps(ctx *build.Context, set instructionSet, s shape) {
	k := &taps{Context: ctx, instructionSet: set, shape: s, steps: map[int]reg.GPVirtual{}}
	name := fmt.Sprintf("%sTaps%dx%d", set.prefix, s.pixels, s.blocks)
	ctx.Function(name)
	ctx.Attributes(attr.NOSPLIT)
	ctx.Signature(callSignature())
	ctx.Doc(fmt.Sprintf("%s computes %dx%d blocks of %d.", name, s.pixels, s.blocks, set.lanes))
	ctx.Pragma("noescape")
	k.call = ctx.Dereference(ctx.Param("call"))
	k.overTiles(k.overTaps)
	ctx.VZEROUPPER()
	ctx.RET()
}

// overTiles writes the loop over the tiles of a call; body adds up one's sums.
func (k *taps) overTiles(body func()) {
	k.prepare()
	k.Label("tile")
	k.clear()
	input := k.ofTile("Input")
	k.MOVQ(input, k.origin)
	k.weights = k.ofTile("Weights")
	body()
	k.epilogue()
	k.INCQ(k.turn)
	k.CMPQ(k.turn, memory(k.call.Field("Repeat")))
	k.JLT(operand.LabelRef("tile"))
}

// ofTile is where the tile at hand begins in a slice.
func (k *taps) ofTile(slice string) reg.GPVirtual {
	at, base := k.GP64(), k.GP64()
	k.Load(k.call.Field(slice+"Next"), at)
	k.IMULQ(k.turn, at)
	k.Load(k.call.Field(slice).Base(), base)
	k.LEAQ(operand.Mem{Base: base, Index: at, Scale: floatBytes}, at)
	return at
}

// clear begins the sums of a tile.
func (k *taps) clear() {
	for _, pixel := range k.sums {
		for _, sum := range pixel {
			k.zero(sum)
		}
	}
}

// prepare does what all tiles need: registers, and multiples of the pixel step.
func (k *taps) prepare() {
	for p := range k.pixels {
		k.sums = append(k.sums, nil)
		for range k.blocks {
			k.sums[p] = append(k.sums[p], k.vector(k.Context))
		}
	}
	k.turn, k.origin = k.GP64(), k.AllocLocal(8)
	k.XORQ(k.turn, k.turn)
	step := k.GP64()
	k.Load(k.call.Field("InputStep"), step)
	k.SHLQ(operand.Imm(2), step)
	k.steps[1] = step
	k.multiple(3, 1, 2)
	k.multiple(5, 1, 4)
	k.multiple(7, 3, 4)
	for i := 0; i < k.pixels; i += pixelsPerBase {
		k.bases = append(k.bases, k.GP64())
	}
}

// zero clears a register; the 512-bit exclusive or of floats needs AVX512DQ.
func (k *taps) zero(r reg.VecVirtual) {
	if k.lanes == 16 {
		k.VPXORD(r, r, r)
		return
	}
	k.VXORPS(r, r, r)
}

// multiple makes n steps from base steps and scale of one, where a pixel needs it.
func (k *taps) multiple(n, base int, scale uint8) {
	if k.pixels <= n && !(n == 3 && k.pixels > 6) {
		return
	}
	k.steps[n] = k.GP64()
	k.LEAQ(operand.Mem{Base: k.steps[base], Index: k.steps[1], Scale: scale}, k.steps[n])
}

// overTaps adds up every tap's channels.
func (k *taps) overTaps() {
	tap, left, depth := k.GP64(), k.GP64(), k.GP64()
	k.Load(k.call.Field("Taps").Base(), tap)
	k.Load(k.call.Field("Taps").Len(), left)
	k.Label("tap")
	k.toTap(tap)
	k.Load(k.call.Field("Depth"), depth)
	k.SUBQ(operand.Imm(unroll), depth)
	k.JLT(operand.LabelRef("few"))
	k.Label("several")
	k.channels(unroll)
	k.SUBQ(operand.Imm(unroll), depth)
	k.JGE(operand.LabelRef("several"))
	k.Label("few")
	k.ADDQ(operand.Imm(unroll), depth)
	k.JZ(operand.LabelRef("next"))
	k.Label("one")
	k.channels(1)
	k.DECQ(depth)
	k.JNZ(operand.LabelRef("one"))
	k.Label("next")
	k.ADDQ(operand.Imm(8), tap)
	k.DECQ(left)
	k.JNZ(operand.LabelRef("tap"))
}

// toTap points the bases at their pixels of the tap that *tap names.
func (k *taps) toTap(tap reg.GPVirtual) {
	input := k.GP64()
	k.MOVQ(k.origin, input)
	k.MOVQ(operand.Mem{Base: tap}, k.bases[0])
	k.LEAQ(operand.Mem{Base: input, Index: k.bases[0], Scale: floatBytes}, k.bases[0])
	for i, base := range k.bases[1:] {
		k.LEAQ(operand.Mem{Base: k.bases[i], Index: k.steps[1], Scale: 8}, base)
		k.ADDQ(k.steps[1], base)
	}
}

// channels adds n input channels and goes on to the next.
func (k *taps) channels(n int) {
	width := k.lanes * floatBytes
	for c := range n {
		var w []reg.VecVirtual
		for j := range k.blocks {
			w = append(w, k.vector(k.Context))
			at := operand.Mem{Base: k.weights, Disp: (c*k.blocks + j) * width}
			k.VMOVUPS(at, w[j])
			k.fetchAhead(at)
		}
		for p := range k.pixels {
			k.pixel(p, k.input(p, c), w)
		}
	}
	for _, base := range k.bases {
		k.ADDQ(operand.Imm(uint64(n*floatBytes)), base)
	}
	k.ADDQ(operand.U32(n*k.blocks*width), k.weights)
}

// Weights are read once and in order. Where they do not fit the caches, the
// processor's own prefetching stops at every page; this does not.
const (
	aheadBytes = 2048
	lineBytes  = 64
)

// fetchAhead asks for the weights some channels from here, once a cache line. A
// tile of one block has no load to spare for that, and few weights.
func (k *taps) fetchAhead(at operand.Mem) {
	if k.blocks > 1 && at.Disp%lineBytes == 0 {
		at.Disp += aheadBytes
		k.PREFETCHT0(at)
	}
}

// pixel adds one value of input times the weights of every block. For one block
// the broadcast is left to the multiply-add where it can do it.
func (k *taps) pixel(p int, value operand.Mem, w []reg.VecVirtual) {
	if k.broadcast && k.blocks == 1 {
		k.VFMADD231PS_BCST(value, w[0], k.sums[p][0])
		return
	}
	x := k.vector(k.Context)
	k.VBROADCASTSS(value, x)
	for j := range k.blocks {
		k.VFMADD231PS(w[j], x, k.sums[p][j])
	}
}

// input is where channel c of a pixel lies.
func (k *taps) input(p, c int) operand.Mem {
	at := operand.Mem{Base: k.bases[p/pixelsPerBase], Disp: c * floatBytes}
	switch n := p % pixelsPerBase; n {
	case 0:
	case 1, 2, 4, 8:
		at.Index, at.Scale = k.steps[1], uint8(n)
	case 6:
		at.Index, at.Scale = k.steps[3], 2
	default:
		at.Index, at.Scale = k.steps[n], 1
	}
	return at
}
