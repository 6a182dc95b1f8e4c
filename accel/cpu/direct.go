package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// directStep is a convolution of channel blocks. A tile is a run of pixels of one
// row by a few output blocks; its taps are the places of the window in every input
// block, read where they lie, for the value has the border the window reaches into.
type directStep struct {
	x, y     accel.ValueID
	shape    accel.Shape // of the result
	in, out  grid
	added    grid   // of what the epilogue adds
	stride   [2]int // rows, columns
	products int    // in one output
	slabs    []slab
	floats   int       // of packed weights
	packed   []float32 // nil where they are computed: then every run packs them
	bias     []float32 // [blocks*lanes]; nil likewise
	computed *filter   // then; nil otherwise
	w, b     accel.ValueID
	epilogue
	tail []tailing
}

// slab is output blocks that are computed together.
type slab struct {
	cover
	first, blocks int
	low, width    int // channels: the first one, and how many the blocks have room for
	passes        []pass
}

// pass is taps whose weights stay in the first-level cache while all rows of a
// task meet them. Every pass but the first adds to what those before it left.
type pass struct {
	taps    []int
	places  []tap // of the taps
	depth   int
	weights int // place of [tap][depth][width] among the packed weights
}

// convReach is how far the windows of a convolution reach over its image.
func convReach(p *accel.Program, op accel.Conv, n *node) [4]int {
	x, w, y := p.Values[n.in[0]].Shape, p.Values[n.in[1]].Shape, p.Values[n.out].Shape
	reach := op.Pad
	for axis := range 2 {
		end := (y[2+axis].Fixed-1)*op.Stride[axis] + (w[2+axis].Fixed-1)*op.Dilation[axis] + 1
		reach[2+axis] = max(0, end-op.Pad[axis]-x[2+axis].Fixed)
	}
	return reach
}

func (b *planner) newDirect(op accel.Conv, n *node) *directStep {
	shape := b.p.Values[n.out].Shape
	s := &directStep{
		x: n.in[0], y: n.out, shape: shape, in: b.grid(n.in[0]), out: b.grid(n.out),
		stride: op.Stride, epilogue: newEpilogue(n.tail),
	}
	s.tail = n.tail[s.done:]
	if s.residual != accel.NoValue {
		s.added = b.grid(s.residual)
	}
	if b.p.Values[n.in[1]].Shape[2:].Elements(1) == 1 && op.Stride == [2]int{1, 1} {
		s.joinRows()
	}
	w := newFilter(b, op, n, &s.in, s.out.width)
	s.products = w.perGroup * w.height * w.width
	s.slabs, s.floats = w.slabs(b.d.kernels, &s.out)
	if w.weights == nil {
		s.computed, s.w, s.b = w, n.in[1], optional(n.in, 2)
		return s
	}
	s.packed = b.packed(n, orderOf(s.slabs), s.floats, func(to []float32) { w.pack(to, s.slabs, w.melted()) })
	s.bias = make([]float32, s.biases())
	copy(s.bias, w.bias)
	return s
}

// joinRows lets a convolution of single pixels take several rows of small images
// for one, so that tiles end less often, where no border lies between them.
func (s *directStep) joinRows() {
	grids := []*grid{&s.in, &s.out}
	if s.residual != accel.NoValue {
		grids = append(grids, &s.added)
	}
	for _, g := range grids {
		if g.rows != g.height || g.cols != g.width {
			return
		}
	}
	for _, t := range s.tail {
		if t.add != accel.NoValue {
			return // which would look for the rows as they were
		}
	}
	rows := 1
	for s.out.height%rows != 0 || rows < s.out.height && rows*s.out.width < joinedPixels {
		rows++
	}
	for _, g := range grids {
		*g = g.joined(rows)
	}
}

// joinedPixels is a row that no longer gains from being longer: some tiles.
const joinedPixels = 56

func (s *directStep) needs(int) needs {
	if s.packed == nil {
		return needs{shared: s.floats + s.biases()}
	}
	return needs{}
}

// biases is how many there are, with those beyond the last channel.
func (s *directStep) biases() int { return s.out.blocks * s.out.lanes }

// A task is so many pixels at least, of several images where they are small, and
// more images where weights are most of what it reads; of a large image it takes
// the rows that fit the second-level cache.
const (
	taskPixels = 256
	bandFloats = 1 << 16
)

func (s *directStep) taskImages() int {
	weights := s.products * s.out.channels
	images := min(mostRows, weights/(s.in.image()+s.out.image()))
	return max(images, ceilDiv(taskPixels, s.out.height*s.out.width))
}

func (s *directStep) taskRows() int {
	row := s.in.blocks*s.in.line()*s.stride[0] + s.out.blocks*s.out.line()
	return max(1, min(s.out.height, bandFloats/row))
}

// tasks are images by bands of rows by parts of the slabs. There is one part unless
// several workers would have too little to share.
func (s *directStep) tasks(f *frame) (images, bands, parts int) {
	images = ceilDiv(s.shape[0].At(f.rows), s.taskImages())
	bands = ceilDiv(s.out.height, s.taskRows())
	parts = 1
	if f.threads > 1 {
		parts = min(len(s.slabs), ceilDiv(sharedTasks*f.threads, max(1, images*bands)))
	}
	return images, bands, parts
}

// sharedTasks is how many tasks a worker should have, so that none waits long for
// another's last one.
const sharedTasks = 4

func (s *directStep) run(f *frame) error {
	if s.packed == nil {
		s.computed.pack(f.shared, s.slabs, f.data[s.w])
		bias := f.shared[s.floats:][:s.biases()]
		clear(bias)
		if s.b != accel.NoValue {
			copy(bias, f.data[s.b])
		}
	}
	images, bands, parts := s.tasks(f)
	f.parallel(s, images*bands*parts, len(f.data[s.y])*s.products)
	return nil
}

// task computes some rows of some images, in the blocks of some slabs.
func (s *directStep) task(f *frame, worker, i int) {
	_, bands, parts := s.tasks(f)
	t := directTask{directStep: s, call: &f.calls[worker], x: f.data[s.x], y: f.data[s.y], weights: s.packed, bias: s.bias}
	if s.packed == nil {
		t.weights, t.bias = f.shared, f.shared[s.floats:]
	}
	if s.residual != accel.NoValue {
		t.residual = f.data[s.residual]
	}
	part, band, image := i%parts, i/parts%bands, i/parts/bands
	t.first = image * s.taskImages()
	t.last = min(t.first+s.taskImages(), s.shape[0].At(f.rows))
	t.low = band * s.taskRows()
	t.high = min(t.low+s.taskRows(), s.out.height)
	for j := part * len(s.slabs) / parts; j < (part+1)*len(s.slabs)/parts; j++ {
		t.slab(&s.slabs[j])
		t.finish(f, &s.slabs[j])
	}
}

// directTask is the rows low to high of the images first to last.
type directTask struct {
	*directStep
	call                   *kernel.Call
	x, y, residual         []float32
	weights, bias          []float32 // weights packed
	first, last, low, high int
}

func (t *directTask) slab(s *slab) {
	c := t.call
	*c = kernel.Call{
		InputStep: t.stride[1] * t.in.lanes, OutputStep: t.out.lanes, OutputBlock: t.out.block(),
		ResidualStep: t.added.lanes, ResidualBlock: t.added.block(),
	}
	for i := range s.passes {
		p := &s.passes[i]
		c.Taps, c.Depth, c.Weights, c.Accumulate = p.taps, p.depth, t.weights[p.weights:], i > 0
		c.Bias, c.Clip = nil, false
		last := i == len(s.passes)-1
		if last {
			c.Bias = t.bias[s.low:][:s.width]
			t.bound(c)
		}
		for image := t.first; image < t.last; image++ {
			for row := t.low; row < t.high; row++ {
				t.row(s, image, row, last && t.residual != nil)
			}
		}
	}
}

// finish does what the kernels leave to be done to a slab's blocks.
func (t *directTask) finish(f *frame, s *slab) {
	for image := t.first; image < t.last; image++ {
		for b := s.first; b < s.first+s.blocks; b++ {
			block := image*t.out.blocks + b
			t.out.finishBlock(f, t.tail, t.directStep.y, block, t.low, t.high)
			t.out.clearBorder(t.out.nth(t.y, block), t.low, t.high)
		}
	}
}

// row computes one row of one image, tile by tile.
func (t *directTask) row(s *slab, image, row int, add bool) {
	c := t.call
	c.Input = t.x[image*t.in.image()+row*t.stride[0]*t.in.line():]
	c.Output = t.y[t.out.at(image, s.first, row):]
	c.Residual = nil
	if add {
		c.Residual = t.residual[t.added.at(image, s.first, row):]
	}
	for left := t.out.width; ; {
		k := s.next(left)
		k.Run(c)
		if left -= k.Pixels; left == 0 {
			return
		}
		c.Input = c.Input[k.Pixels*c.InputStep:]
		c.Output = c.Output[k.Pixels*c.OutputStep:]
		if add {
			c.Residual = c.Residual[k.Pixels*c.ResidualStep:]
		}
	}
}
