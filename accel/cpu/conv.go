package cpu

import "ttad/accel"

// Panels are packed in blocks that stay in the first-level cache while every
// channel uses them; deep windows are cut, and their sums carried in the result.
const (
	blockDepth  = 1024
	blockFloats = 6 << 10
)

// convStep is a convolution as a matrix product: weights on the left, the
// windows of the images on the right, packed block by block.
type convStep struct {
	geometry
	x, w, b, y accel.ValueID
	weights    []float32 // packed for each group; nil when they are not constant
	bias       []float32 // one a channel, likewise
	images     int       // of a task
	tail       []tailing
}

// taskPositions is how many output positions a task should have at least: small
// images are taken several at a time so that they fill panels.
const taskPositions = 64

func newConv(p *accel.Program, op accel.Conv, n *node) runner {
	g := newGeometry(p, op, n)
	s := &convStep{geometry: g, x: n.in[0], w: n.in[1], b: optional(n.in, 2), y: n.out, tail: n.tail}
	s.images = ceilDiv(taskPositions, g.positions())
	w := p.Values[s.w].Const
	fixedBias := s.b == accel.NoValue || p.Values[s.b].Const != nil
	if w == nil || !fixedBias {
		return s
	}
	w = n.fold.weights(w, g.depth())
	s.bias = make([]float32, g.outputs)
	for c := range s.bias {
		if s.b != accel.NoValue {
			s.bias[c] = p.Values[s.b].Const[c]
		}
		s.bias[c] = n.fold.bias(s.bias[c], c)
	}
	if g.perGroup == 1 {
		return &depthwiseStep{geometry: g, x: s.x, y: s.y, weights: w, bias: s.bias, tail: n.tail}
	}
	s.weights = make([]float32, s.packedFloats())
	s.pack(s.weights, w)
	return s
}

func optional(ids []accel.ValueID, i int) accel.ValueID {
	if i < len(ids) {
		return ids[i]
	}
	return accel.NoValue
}

func (s *convStep) groupFloats() int  { return roundUp(s.outPerGroup, tileRows) * s.depth() }
func (s *convStep) packedFloats() int { return s.outputs / s.outPerGroup * s.groupFloats() }

func (s *convStep) pack(dst, w []float32) {
	for g := range s.outputs / s.outPerGroup {
		from := w[g*s.outPerGroup*s.depth():]
		packLeft(dst[g*s.groupFloats():], from, s.outPerGroup, s.depth(), s.depth(), 1)
	}
}

// panels is how many panels of windows are packed at a time.
func (s *convStep) panels() int {
	most := ceilDiv(s.images*s.positions(), tileCols)
	return min(most, max(1, blockFloats/(tileCols*min(s.depth(), blockDepth))))
}

func (s *convStep) bordersFloats() int {
	if !s.bordered {
		return 0
	}
	return s.images * s.imageFloats()
}

func (s *convStep) needs(int) needs {
	n := needs{worker: s.bordersFloats() + s.panels()*tileCols*min(s.depth(), blockDepth)}
	if s.weights == nil {
		n.shared = s.packedFloats() + s.outputs
	}
	return n
}

// run divides the batch by images and, when there are fewer of them than
// workers, each image by channels.
func (s *convStep) run(f *frame) error {
	if s.weights == nil {
		s.packNow(f)
	}
	tasks := s.imageTasks(f) * s.channelTasks(f)
	f.parallel(s, tasks, len(f.data[s.y])*s.depth())
	return nil
}

// packNow packs weights that were computed by the program itself.
func (s *convStep) packNow(f *frame) {
	s.pack(f.shared, f.data[s.w])
	bias := f.shared[s.packedFloats():][:s.outputs]
	clear(bias)
	if s.b != accel.NoValue {
		copy(bias, f.data[s.b])
	}
}

func (s *convStep) count(f *frame) int {
	return len(f.data[s.x]) / (s.channels * s.height * s.width)
}

func (s *convStep) imageTasks(f *frame) int { return ceilDiv(s.count(f), s.images) }

// channelTasks is how many parts the channels of a group are cut into.
func (s *convStep) channelTasks(f *frame) int {
	threads := f.threads
	if s.imageTasks(f) >= threads {
		return 1
	}
	return max(1, min(ceilDiv(threads, s.imageTasks(f)), s.outPerGroup/8))
}

func (s *convStep) task(f *frame, worker, i int) {
	parts := s.channelTasks(f)
	first := i / parts * s.images
	count := min(s.images, s.count(f)-first)
	size := s.channels * s.height * s.width
	scratch := f.scratch[worker]
	images := s.border(f.data[s.x][first*size:(first+count)*size], scratch)
	j := convTask{
		convStep: s, isa: f.exec.device.isa, images: images, positions: count * s.geometry.positions(),
		block: scratch[s.bordersFloats():],
		y:     f.data[s.y][first*s.outputs*s.geometry.positions():],
		w:     s.weights, bias: s.bias,
	}
	if s.weights == nil {
		j.w, j.bias = f.shared[:s.packedFloats()], f.shared[s.packedFloats():]
	}
	low, high := share(s.outPerGroup, parts, i%parts)
	for g := range s.outputs / s.outPerGroup {
		j.channels(g, low, high)
	}
	s.finishTask(f, first, count, low, high)
}

// share returns part i of n channels cut into parts of whole tiles.
func share(n, parts, i int) (low, high int) {
	each := roundUp(ceilDiv(n, parts), tileRows)
	return min(i*each, n), min((i+1)*each, n)
}

// finishTask does the tail for the channels low to high of each group.
func (s *convStep) finishTask(f *frame, first, count, low, high int) {
	y, size := f.data[s.y], s.positions()
	if len(s.tail) == 0 {
		return
	}
	if high-low == s.outPerGroup {
		f.finish(s.tail, y, first*s.outputs*size, (first+count)*s.outputs*size)
		return
	}
	for image := first; image < first+count; image++ {
		for g := range s.outputs / s.outPerGroup {
			at := image*s.outputs + g*s.outPerGroup
			f.finish(s.tail, y, (at+low)*size, (at+high)*size)
		}
	}
}

// convTask is the part of a convolution one worker does at a time.
type convTask struct {
	*convStep
	isa       instructions
	images    []float32 // as taps read them
	positions int       // of one channel, in all images of the task
	block     []float32 // packed panels
	y         []float32 // from the task's first image on
	w, bias   []float32
}

// channels computes the outputs low to high of a group.
func (t *convTask) channels(group, low, high int) {
	panels := t.panels()
	for from := 0; from < t.positions; from += panels * tileCols {
		to := min(from+panels*tileCols, t.positions)
		for depth := 0; depth < t.depth(); depth += blockDepth {
			end := min(depth+blockDepth, t.depth())
			t.packBlock(group, from, to, depth, end)
			for c := low; c < high; c += tileRows {
				left := t.w[group*t.groupFloats()+c*t.depth():]
				t.row(group*t.outPerGroup+c, min(tileRows, high-c), left[depth*tileRows:end*tileRows], from, to, depth > 0)
			}
		}
	}
}

// packBlock packs the windows of the outputs from..to, taps first..end.
func (t *convTask) packBlock(group, from, to, first, end int) {
	x := t.images[group*t.perGroup*t.planeRows*t.planeCols:]
	offsets := t.offsets[first:end]
	for p := from; p < to; p += tileCols {
		var at [tileCols]int
		for i := range at {
			q := min(p+i, to-1) // beyond the last: computed, never stored
			image, position := q/t.geometry.positions(), q%t.geometry.positions()
			at[i] = image*t.imageFloats() + t.origin(position)
		}
		packWindows(t.block[(p-from)*len(offsets):], x, offsets, &at)
	}
}

// packWindows packs one panel: element [tap][i] is x at at[i] plus the tap's
// offset. Neighbours, the usual case under stride 1, move as one: a whole panel,
// or runs of eight or four where image rows end inside it.
func packWindows(dst, x []float32, offsets []int, at *[tileCols]int) {
	dst = dst[:tileCols*len(offsets)]
	switch run := runLength(at); {
	case run == tileCols:
		x = x[at[0]:]
		for i, o := range offsets {
			*(*[tileCols]float32)(dst[tileCols*i:]) = *(*[tileCols]float32)(x[o:])
		}
	case run >= 8:
		for i, o := range offsets {
			d := dst[tileCols*i : tileCols*(i+1)]
			for j := 0; j < tileCols; j += 8 {
				*(*[8]float32)(d[j:]) = *(*[8]float32)(x[at[j]+o:])
			}
		}
	case run >= 4:
		for i, o := range offsets {
			d := dst[tileCols*i : tileCols*(i+1)]
			for j := 0; j < tileCols; j += 4 {
				*(*[4]float32)(d[j:]) = *(*[4]float32)(x[at[j]+o:])
			}
		}
	default:
		for i, o := range offsets {
			d := (*[tileCols]float32)(dst[tileCols*i:])
			for j := range d {
				d[j] = x[at[j]+o]
			}
		}
	}
}

// runLength is the largest of tileCols, 8, 4 and 1 into which at can be cut so
// that each piece is a run of neighbours.
func runLength(at *[tileCols]int) int {
	whole, eights, fours := true, tileCols >= 8, true
	for j := 1; j < tileCols; j++ {
		if at[j] == at[j-1]+1 {
			continue
		}
		whole = false
		eights = eights && j%8 == 0
		fours = fours && j%4 == 0
	}
	switch {
	case whole:
		return tileCols
	case eights:
		return 8
	case fours:
		return 4
	}
	return 1
}

// row computes rows channels from channel m on, at the outputs from..to.
func (t *convTask) row(m, rows int, left []float32, from, to int, carry bool) {
	depth := len(left) / tileRows
	size := t.geometry.positions()
	for p := from; p < to; p += tileCols {
		right := t.block[(p-from)*depth : (p-from+tileCols)*depth]
		cols := min(tileCols, to-p)
		var sums [tileRows * tileCols]float32
		if q := p % size; q+cols <= size {
			y := t.y[(p/size*t.outputs+m)*size+q:]
			t.start(&sums, y, m, rows, cols, carry)
			t.isa.tile(left, right, &sums)
			store(y, &sums, rows, cols, size)
			continue
		}
		t.scattered(&sums, left, right, m, rows, p, cols, carry)
	}
}

// start sets the sums a tile begins with: the bias, or what earlier taps left.
func (t *convTask) start(sums *[tileRows * tileCols]float32, y []float32, m, rows, cols int, carry bool) {
	if carry {
		load(sums, y, rows, cols, t.geometry.positions())
		return
	}
	for i, b := range t.bias[m : m+rows] {
		row := (*[tileCols]float32)(sums[i*tileCols:])
		for j := range row {
			row[j] = b
		}
	}
}

// store writes the part of a tile that exists.
func store(y []float32, sums *[tileRows * tileCols]float32, rows, cols, stride int) {
	if cols == tileCols {
		for i := range rows {
			*(*[tileCols]float32)(y[i*stride:]) = *(*[tileCols]float32)(sums[i*tileCols:])
		}
		return
	}
	for i := range rows {
		copy(y[i*stride:], sums[i*tileCols:i*tileCols+cols])
	}
}

// scattered computes a tile whose columns belong to more than one image.
func (t *convTask) scattered(sums *[tileRows * tileCols]float32, left, right []float32, m, rows, p, cols int, carry bool) {
	size := t.geometry.positions()
	var at [tileCols]int
	for j := range cols {
		at[j] = ((p+j)/size*t.outputs+m)*size + (p+j)%size
	}
	for i := range rows {
		for j := range cols {
			sums[i*tileCols+j] = t.bias[m+i]
			if carry {
				sums[i*tileCols+j] = t.y[at[j]+i*size]
			}
		}
	}
	t.isa.tile(left, right, sums)
	for i := range rows {
		for j := range cols {
			t.y[at[j]+i*size] = sums[i*tileCols+j]
		}
	}
}
