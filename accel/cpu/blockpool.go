package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// blockPoolStep slides a window over channel blocks. Windows at an edge of the
// image see fewer values; those that see as many in both directions share a list
// of taps, so that no border is read. A task is one block of one image.
type blockPoolStep struct {
	x, y       accel.ValueID
	shape      accel.Shape // of the result
	in, out    grid
	stride     [2]int
	kernels    []kernel.Channelwise
	rows, cols []zone
	windows    [][]window // of a zone of rows and one of columns
}

// zone is results along one axis whose windows see as many values.
type zone struct {
	taps     // of the first result's window
	at, size int
}

// window is what results of two zones see.
type window struct {
	taps    []int     // from its first value on
	weights []float32 // [tap][lanes], for an average
}

// mostWindowFloats bounds the weights of all windows of a step. Windows almost as
// large as the image see something else at every place of it.
const mostWindowFloats = 1 << 16

// poolOnBlocks reports whether newBlockPool has kernels for a pool whose operand is
// there as blocks.
func (b *planner) poolOnBlocks(n *node, op accel.Pool, has func(accel.ValueID) bool) bool {
	if !has(n.in[0]) {
		return false
	}
	s := newPool(b.p, op, n)
	rows, cols := s.zones(0, s.oh, s.height), s.zones(1, s.ow, s.width)
	windows := len(rows) * len(cols)
	return windows > 0 && windows*op.Kernel[0]*op.Kernel[1]*b.d.kernels.Lanes <= mostWindowFloats
}

// zones cuts the results along an axis. It returns none where a window sees
// nothing at all.
func (s *poolStep) zones(axis, results, extent int) (all []zone) {
	for at := range results {
		t := s.taps(axis, at, extent)
		if t.count == 0 {
			return nil
		}
		if n := len(all); n > 0 {
			last := &all[n-1]
			next := last.taps
			next.first += last.size * s.op.Stride[axis]
			if t == next {
				last.size++
				continue
			}
		}
		all = append(all, zone{t, at, 1})
	}
	return all
}

func (b *planner) newBlockPool(op accel.Pool, n *node) *blockPoolStep {
	p := newPool(b.p, op, n)
	s := &blockPoolStep{
		x: n.in[0], y: n.out, shape: b.p.Values[n.out].Shape, in: b.grid(n.in[0]), out: b.grid(n.out),
		stride: op.Stride, kernels: b.d.kernels.Depthwise(),
		rows: p.zones(0, p.oh, p.height), cols: p.zones(1, p.ow, p.width),
	}
	if op.Fn == accel.PoolMax {
		s.kernels = b.d.kernels.MaxPool()
	}
	for _, r := range s.rows {
		var along []window
		for _, c := range s.cols {
			along = append(along, s.window(op, r.taps, c.taps))
		}
		s.windows = append(s.windows, along)
	}
	return s
}

// window lists the taps of a window that sees these rows and columns. An average
// multiplies each by one over their number.
func (s *blockPoolStep) window(op accel.Pool, rows, cols taps) (w window) {
	for i := range rows.count {
		for j := range cols.count {
			w.taps = append(w.taps, i*rows.step*s.in.line()+j*cols.step*s.in.lanes)
		}
	}
	if op.Fn == accel.PoolMax {
		return w
	}
	n := len(w.taps)
	if op.CountPadding {
		n = rows.padded * cols.padded
	}
	w.weights = make([]float32, len(w.taps)*s.in.lanes)
	for i := range w.weights {
		w.weights[i] = 1 / float32(n)
	}
	return w
}

func (s *blockPoolStep) needs(int) needs { return needs{} }

func (s *blockPoolStep) run(f *frame) error {
	most := s.windows[len(s.rows)/2][len(s.cols)/2]
	f.parallel(s, s.shape[0].At(f.rows)*s.out.blocks, len(f.data[s.y])*len(most.taps))
	return nil
}

func (s *blockPoolStep) task(f *frame, worker, i int) {
	x, y, c := s.in.nth(f.data[s.x], i), s.out.nth(f.data[s.y], i), &f.calls[worker]
	*c = kernel.Call{InputStep: s.stride[1] * s.in.lanes, OutputStep: s.out.lanes}
	for i, rows := range s.rows {
		for r := range rows.size {
			from := s.in.origin() + (rows.first+r*s.stride[0])*s.in.line()
			to := s.out.row(y, rows.at+r)
			for j, cols := range s.cols {
				c.Taps, c.Weights = s.windows[i][j].taps, s.windows[i][j].weights
				c.Input, c.Output = x[from+cols.first*s.in.lanes:], to[cols.at*s.out.lanes:]
				kernel.Sweep(s.kernels, c, cols.size)
			}
		}
	}
	s.out.clearBorder(y, 0, s.out.height)
}
