package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// winogradStep is a 3x3 convolution of stride 1 by Winograd's F(4x4,3x3): tiles of
// the input are transformed to points, at each of which there is one matrix
// product over the channels, and what that leaves is transformed to tiles of the
// output. A task is a pass over some lines of tiles; what lies between the
// transforms stays in cache meanwhile.
type winogradStep struct {
	x, y       accel.ValueID
	shape      accel.Shape // of the result
	in, out    grid
	added      grid   // of what the epilogue adds
	pad        [2]int // above and to the left
	tiles      winogradTiles
	groups     []winogradGroup // the widest first
	taps       []int           // of the blocks of input channels, in the points
	blocks     int             // of input channels that are added up at a time
	bias       []float32       // [blocks*lanes]
	transforms kernel.Winograd
	epilogue
	tail []tailing
}

func (s *winogradStep) needs(int) needs {
	return needs{worker: s.pointsFloats() + s.sumsFloats()}
}

// pointsFloats is the memory of the input's points, sumsFloats that of the
// products' for one group of output channels.
func (s *winogradStep) pointsFloats() int { return kernel.TilePoints * s.tiles.stride(s.in.blocks) }
func (s *winogradStep) sumsFloats() int {
	return kernel.TilePoints * s.tiles.stride(s.groups[0].blocks)
}

func (s *winogradStep) lines(f *frame) int { return s.shape[0].At(f.rows) * s.tiles.lines }

func (s *winogradStep) run(f *frame) error {
	products := 3 * s.in.channels // of an output: a third of those there are without transforms
	f.parallel(s, ceilDiv(s.lines(f), s.tiles.pass), len(f.data[s.y])*products)
	return nil
}

// task computes one pass.
func (s *winogradStep) task(f *frame, worker, i int) {
	scratch := f.scratch[worker]
	t := winogradTask{
		winogradStep: s, call: &f.calls[worker], work: &f.tiles[worker],
		x: f.data[s.x], y: f.data[s.y],
		first: i * s.tiles.pass, end: min((i+1)*s.tiles.pass, s.lines(f)),
		points: scratch[:s.pointsFloats()], sums: scratch[s.pointsFloats():][:s.sumsFloats()],
	}
	if s.residual != accel.NoValue {
		t.residual = f.data[s.residual]
	}
	t.input()
	for g := range s.groups {
		t.products(&s.groups[g])
		t.output(&s.groups[g])
	}
	for line := t.first; line < t.end; line++ {
		image, row := t.tiles.at(line)
		end := min(row+kernel.TilePixels, s.out.height)
		s.out.finish(f, s.tail, s.y, image, row, end)
		s.out.clearBorders(t.y[image*s.out.image():][:s.out.image()], row, end)
	}
}

// winogradTask is a pass over the lines first to end of tiles, counted through
// the images.
type winogradTask struct {
	*winogradStep
	call           *kernel.Call
	work           *kernel.Tiles
	x, y, residual []float32
	first, end     int
	points, sums   []float32
}

// input transforms the tiles of every block of input channels to points.
func (t *winogradTask) input() {
	*t.work = kernel.Tiles{Line: t.in.line(), Stride: t.tiles.stride(t.in.blocks), Cols: t.out.width}
	for block := range t.in.blocks {
		for line := t.first; line < t.end; line++ {
			image, row := t.tiles.at(line)
			t.work.Pixels = t.x[t.in.at(image, block, row-t.pad[0])-t.pad[1]*t.in.lanes:]
			t.work.Points = t.points[t.place(block, line):]
			t.transforms.Input(t.work)
		}
	}
}

// place is where the first tile of a line lies in the points of a block.
func (t *winogradTask) place(block, line int) int {
	return (block*t.tiles.room + (line-t.first)*t.tiles.cols) * t.in.lanes
}

// pointWeights is the weights of the points a call takes, in floats, so that they and
// the tiles that meet them stay in the caches next to the core. Anything from 4 to 20
// Ki floats is within 5 % of the best; a call of all 36 points makes layers of 128 to
// 256 channels 10 to 16 % slower and narrower ones no faster (go test -bench Winograd).
const pointWeights = 8 << 10

// products adds up products over input channels, some points at a time, and of
// those a few blocks at a time, which add to what those before them left.
func (t *winogradTask) products(g *winogradGroup) {
	lanes, c := t.in.lanes, t.call
	*c = kernel.Call{
		Depth: lanes, InputStep: lanes, OutputStep: lanes, OutputBlock: t.tiles.room * lanes,
		InputNext: t.tiles.stride(t.in.blocks), OutputNext: t.tiles.stride(t.groups[0].blocks),
		WeightsNext: len(g.weights) / kernel.TilePoints,
	}
	block := c.WeightsNext / t.in.blocks
	most := max(1, pointWeights/c.WeightsNext)
	for point := 0; point < kernel.TilePoints; point += c.Repeat {
		c.Repeat = min(most, kernel.TilePoints-point)
		for first := 0; first < t.in.blocks; first += t.blocks {
			end := min(first+t.blocks, t.in.blocks)
			at := point*t.in.blocks + first
			c.Weights, c.Taps, c.Accumulate = g.weights[at*block:], t.taps[first:end], first > 0
			t.tilesOf(g, t.points[point*c.InputNext:], t.sums[point*c.OutputNext:])
		}
	}
}

// tilesOf runs the call that products prepared for all tiles.
func (t *winogradTask) tilesOf(g *winogradGroup, points, sums []float32) {
	tiles := (t.end - t.first) * t.tiles.cols
	for tile := 0; tile < tiles; {
		k := g.next(tiles - tile)
		t.call.Input, t.call.Output = points[tile*t.in.lanes:], sums[tile*t.in.lanes:]
		k.Run(t.call)
		tile += k.Pixels
	}
}

// output transforms the sums of a group to pixels.
func (t *winogradTask) output(g *winogradGroup) {
	*t.work = kernel.Tiles{
		Line: t.out.line(), ResidualLine: t.added.line(), Stride: t.tiles.stride(t.groups[0].blocks),
		Cols: t.out.width, Clip: t.clip, Low: t.low, High: t.high,
	}
	for b := range g.blocks {
		block := g.first + b
		t.work.Bias = t.bias[block*t.out.lanes:]
		for line := t.first; line < t.end; line++ {
			image, row := t.tiles.at(line)
			t.work.Rows = min(kernel.TilePixels, t.out.height-row)
			t.work.Pixels = t.y[t.out.at(image, block, row):]
			if t.residual != nil {
				t.work.Residual = t.residual[t.added.at(image, block, row):]
			}
			t.work.Points = t.sums[t.place(b, line):]
			t.transforms.Output(t.work)
		}
	}
}
