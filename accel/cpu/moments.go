package cpu

import "ttad/accel"

// momentsStep sums up a norm's input, channel by channel: for every chunk of the
// batch the values and their squares. The chunks, and so the last bits, are the
// shapes' business and not the workers'.
//
// What lies together is summed up in float32, around its own first value, so that
// nothing cancels however far the batch is from zero or from the source; only then
// is it moved to zero and added to the rest, in float64.
type momentsStep struct {
	*norm
	x     accel.ValueID
	shape accel.Shape
}

func (b *planner) newMoments(n *node) *momentsStep {
	return &momentsStep{&b.norms[n.norm], n.in[0], b.p.Values[n.in[0]].Shape}
}

func (s *momentsStep) needs(int) needs { return needs{} }

// run has one chunk in a chunk's frame, all of them in the batch's.
func (s *momentsStep) run(f *frame) error {
	if s.measured(f) {
		f.parallel(s, s.chunksOf(f.rows), 4*len(f.data[s.x]))
	}
	return nil
}

// task sums up chunk i of the frame's.
func (s *momentsStep) task(f *frame, _, i int) {
	x := s.part(f.data[s.x], f.rows, i)
	sums, _ := s.chunkSums(f, f.chunk+i)
	sums.clear()
	size := elements(s.shape[2:], f.rows)
	if size == 1 && len(x) > 0 {
		s.columns(f, sums, x)
		return
	}
	for at := 0; at < len(x); at += size {
		c, plane := at/size%s.channels, x[at:at+size]
		d, d2 := f.vectors().SumShifted(plane, plane[0])
		sums.add(c, d, d2, plane[0], size)
	}
}

// part is chunk i of a value of so many rows.
func (s *momentsStep) part(x []float32, rows, i int) []float32 {
	if s.chunk == 0 {
		return x
	}
	each := len(x) / rows
	return x[i*s.chunk*each : min((i+1)*s.chunk, rows)*each]
}

// columns sums up rows with one value a channel.
func (s *momentsStep) columns(f *frame, sums channelSums, x []float32) {
	first := x[:s.channels]
	f.vectors().ColumnMoments(sums.sum, sums.squares, x, first)
	for c, a := range first {
		d, d2 := sums.sum[c], sums.squares[c]
		sums.sum[c], sums.squares[c] = 0, 0
		sums.add(c, d, d2, a, len(x)/s.channels)
	}
}

// finite reports whether v is a number and not infinite.
func finite(v float32) bool { return v-v == 0 }
