package main

import "fmt"

// unroll is how many input channels a turn of the inner loop takes: one load of
// a pixel brings four, which the multiply-adds then take lane by lane.
const unroll = lanes

// General registers of a kernel, beside the pixels' pointers.
const (
	taps    gp = 1 // the next tap
	left    gp = 2 // how many there are
	depth   gp = 3 // channels to do
	weights gp = 4
	step    gp = 5 // bytes between input pixels
	input   gp = 6
	turn    gp = 25 // tiles done
)

// shape is a register tile: pixels by blocks of lanes.
type shape struct{ pixels, blocks int }

// Four multiply-add ports of four cycles' latency want sixteen sums, which the
// widest of every number of blocks have. The smaller ones are for rows that are
// no multiple of them, sevens for the image sizes 7, 14, 28 and 56.
var tapShapes = []shape{
	{8, 3}, {7, 3}, {4, 3}, {2, 3}, {1, 3},
	{8, 2}, {7, 2}, {4, 2}, {2, 2}, {1, 2},
	{16, 1}, {14, 1}, {8, 1}, {7, 1}, {4, 1}, {2, 1}, {1, 1},
}

// pointers are the registers left for addresses of pixels.
var pointers = [...]gp{7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23}

// tile writes one kernel over taps. Sums take the first vector registers, then
// come a group of pixels, then weights.
type tile struct {
	*file
	shape
	group int // pixels whose values are in registers at once
}

func writeTaps(f *file, s shape) {
	k := &tile{file: f, shape: s, group: s.group()}
	name := fmt.Sprintf("neonTaps%dx%d", s.pixels, s.blocks)
	k.function(name, fmt.Sprintf("computes %dx%d blocks of %d.", s.pixels, s.blocks, lanes), "call", "*Call")
	k.overTiles(func() {
		for i := range k.pixels * k.blocks {
			k.zero(vec(i))
		}
		k.overTaps(k.allChannels)
	})
}

// overTiles writes the loop over the tiles of a call, and its end; body adds up
// one's sums.
func (k *tile) overTiles(body func()) {
	k.op("MOVD", "$0", turn)
	k.label("tile")
	k.prepare()
	body()
	k.epilogue()
	k.op("ADD", "$1", turn, turn)
	k.op("MOVD", "Call_Repeat(R0)", asked)
	k.op("CMP", asked, turn)
	k.op("BLT", "tile")
	k.op("RET")
}

// ofTile lets r point at where the tile at hand begins in a slice.
func (k *tile) ofTile(slice string, r gp) {
	k.op("MOVD", "Call_"+slice+"Next(R0)", r)
	k.op("MUL", turn, r, r)
	k.op("MOVD", "Call_"+slice+"(R0)", scratch)
	k.op("ADD", r.String()+"<<2", scratch, r)
}

// group is how many pixels fit beside the sums and a line of weights, evened out
// over as many groups as that takes.
func (s shape) group() int {
	most := vectors - s.pixels*s.blocks - s.blocks
	groups := (s.pixels + most - 1) / most
	return (s.pixels + groups - 1) / groups
}

func (k *tile) sum(p, j int) vec { return vec(p*k.blocks + j) }

// spare is a register beside the sums.
func (k *tile) spare(i int) vec { return vec(k.pixels*k.blocks + i) }

// prepare loads what is the same for all taps of a tile.
func (k *tile) prepare() {
	k.op("MOVD", "Call_Taps(R0)", taps)
	k.op("MOVD", "(Call_Taps+8)(R0)", left)
	k.ofTile("Weights", weights)
	k.op("MOVD", "Call_InputStep(R0)", step)
	k.op("LSL", "$2", step, step)
	k.ofTile("Input", input)
}

// overTaps does what body writes once a tap, with the first pixel's pointer at
// its place.
func (k *tile) overTaps(body func()) {
	k.label("tap")
	k.op("MOVD.P", "8(R1)", pointers[0])
	k.op("ADD", pointers[0].String()+"<<2", input, pointers[0])
	body()
	k.op("SUBS", "$1", left, left)
	k.op("BNE", "tap")
}

// allChannels adds up the channels of one tap.
func (k *tile) allChannels() {
	for p := 1; p < k.pixels; p++ {
		k.op("ADD", step, pointers[p-1], pointers[p])
	}
	k.op("MOVD", "Call_Depth(R0)", depth)
	k.op("SUBS", imm(unroll), depth, depth)
	k.op("BLT", "few")
	k.label("several")
	k.channels(unroll)
	k.op("SUBS", imm(unroll), depth, depth)
	k.op("BGE", "several")
	k.label("few")
	k.op("ADDS", imm(unroll), depth, depth)
	k.op("BEQ", "next")
	k.label("one")
	k.channels(1)
	k.op("SUBS", "$1", depth, depth)
	k.op("BNE", "one")
	k.label("next")
}

// channels adds n input channels and goes on to the next.
func (k *tile) channels(n int) {
	for first := 0; first < k.pixels; first += k.group {
		k.pixelsFrom(first, n)
	}
	k.op("ADD", imm(n*k.blocks*lineBytes), weights)
}

// pixelsFrom adds n input channels of one group of pixels.
func (k *tile) pixelsFrom(first, n int) {
	load := "FMOVS.P"
	if n == lanes {
		load = "FMOVQ.P"
	}
	last := min(first+k.group, k.pixels)
	for p := first; p < last; p++ {
		k.op(load, at(pointers[p], n*floatBytes), k.spare(p-first).f())
	}
	for c := range n {
		for j := range k.blocks {
			k.op("FMOVQ", at(weights, (c*k.blocks+j)*lineBytes), k.weight(c, j).f())
		}
		for p := first; p < last; p++ {
			for j := range k.blocks {
				k.fmlaLane(k.sum(p, j), k.weight(c, j), k.spare(p-first), c)
			}
		}
	}
}

// weight takes the registers that are left in turn, for processors which do not
// rename them.
func (k *tile) weight(c, j int) vec {
	first := k.spare(k.group)
	lines := (vectors - int(first)) / k.blocks
	return first + vec(c%lines*k.blocks+j)
}
