package cpu

import "ttad/accel"

// momentsStep sums up a norm's input, channel by channel: a sum and a sum of
// squares of x minus the channel's source mean for every chunk of the batch. Near
// the source nothing cancels. The chunks, and so the last bits, are the shapes'
// business and not the workers'.
type momentsStep struct {
	*norm
	x      accel.ValueID
	shape  accel.Shape
	center []float32 // as wide as the norm
}

func (b *planner) newMoments(n *node) *momentsStep {
	m := &b.norms[n.norm]
	return &momentsStep{m, n.in[0], b.p.Values[n.in[0]].Shape, b.center(n.in[3], m.width)}
}

// center returns what to subtract from each channel before summing up. A mean that
// is not finite would spoil the batch, and one that the program computes is not
// known now.
func (b *planner) center(mean accel.ValueID, width int) []float32 {
	center := make([]float32, width)
	for c, v := range b.constant(mean) {
		if finite(v) {
			center[c] = v
		}
	}
	return center
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
	x, rows := f.data[s.x], s.shape[0].At(f.rows)
	if s.chunk > 0 {
		each := len(x) / f.rows
		x = x[i*s.chunk*each : min((i+1)*s.chunk, f.rows)*each]
		rows = len(x) / each * s.shape[0].PerRow
	}
	sum, squares := s.chunkSums(f, f.chunk+i)
	clear(sum)
	clear(squares)
	size := elements(s.shape[2:], f.rows)
	if size == 1 {
		s.columns(sum, squares, x)
		return
	}
	for at := range rows * s.channels {
		c := at % s.channels
		d, d2 := sumShifted(x[at*size:(at+1)*size], float64(s.center[c]))
		sum[c] += d
		squares[c] += d2
	}
}

// columns sums up rows with one value a channel.
func (s *momentsStep) columns(sum, squares []float64, x []float32) {
	for len(x) > 0 {
		for c, v := range x[:s.channels] {
			d := float64(v) - float64(s.center[c])
			sum[c] += d
			squares[c] += d * d
		}
		x = x[s.channels:]
	}
}

// sumShifted adds up x-m and its square in four lanes: one alone would wait for
// each addition.
func sumShifted(x []float32, m float64) (sum, squares float64) {
	var s0, s1, s2, s3, q0, q1, q2, q3 float64
	for len(x) >= 4 {
		d0, d1, d2, d3 := float64(x[0])-m, float64(x[1])-m, float64(x[2])-m, float64(x[3])-m
		s0, s1, s2, s3 = s0+d0, s1+d1, s2+d2, s3+d3
		q0, q1, q2, q3 = q0+d0*d0, q1+d1*d1, q2+d2*d2, q3+d3*d3
		x = x[4:]
	}
	for _, v := range x {
		d := float64(v) - m
		s0 += d
		q0 += d * d
	}
	return (s0 + s1) + (s2 + s3), (q0 + q1) + (q2 + q3)
}

// shift is the mean in float64; one that is not finite would spoil the batch.
func shift(mean float32) float64 {
	if finite(mean) {
		return float64(mean)
	}
	return 0
}

func finite(v float32) bool { return v-v == 0 }
