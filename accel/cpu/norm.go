package cpu

import (
	"math"

	"ttad/accel"
)

// normStep normalizes channels by the rule of its norm: batch moments in
// chunks, the mix channel by channel, then one pass over the values.
type normStep struct {
	op       accel.Norm
	norm     int // its number among the norm steps
	x, y     accel.ValueID
	params   [4]accel.ValueID // gamma, beta, mean, variance
	shape    accel.Shape
	channels int
	tail     []tailing
}

func newNorm(p *accel.Program, op accel.Norm, n *node) *normStep {
	shape := p.Values[n.in[0]].Shape
	return &normStep{
		op: op, norm: n.norm, x: n.in[0], y: n.out, params: [4]accel.ValueID(n.in[1:5]),
		shape: shape, channels: shape[1].Fixed, tail: n.tail,
	}
}

// The parts of f.sums and f.shared a norm step uses, in units of channels.
const (
	sumTerms    = 2 // for each chunk: sum and sum of squares of x minus the shift
	affineTerms = 2 // mean and scale, in f.shared
)

// chunkFloats is how many values a chunk of the batch should have at least.
// Chunks are the unit in which moments are added up, so this, and not the
// number of workers, decides the last bit of them.
const chunkFloats = 1 << 13

func (s *normStep) positions(rows int) int { return elements(s.shape[2:], rows) }

// chunkRows is how many rows of the step's own first axis make a chunk.
func (s *normStep) chunkRows(rows int) int {
	return max(1, chunkFloats/max(1, s.channels*s.positions(rows)))
}

func (s *normStep) chunks(rows int) int {
	return ceilDiv(s.shape[0].At(rows), s.chunkRows(rows))
}

func (s *normStep) needs(maxRows int) needs {
	return needs{shared: affineTerms * s.channels, sums: s.mostChunks(maxRows) * sumTerms * s.channels}
}

// mostChunks bounds the chunks of any batch: fewer rows may mean more of them
// when the positions depend on the rows too.
func (s *normStep) mostChunks(maxRows int) int {
	if s.shape[2:].Static() {
		return s.chunks(maxRows)
	}
	return s.shape[0].At(maxRows)
}

func (s *normStep) run(f *frame) error {
	rule := &f.norms[s.norm]
	source := isSource(rule)
	n := len(f.data[s.x])
	measured := f.kept[s.norm] != nil || rule.Mode == accel.NormBlend && !source
	if measured && n > 0 {
		f.parallel((*momentPhase)(s), s.chunks(f.rows), 4*n)
	}
	s.mix(f, rule, source, measured)
	if n > 0 {
		f.parallel((*applyPhase)(s), s.chunks(f.rows), 4*n)
	}
	return nil
}

// momentPhase sums the chunks of a batch.
type momentPhase normStep

// task sums x-m and its square for one chunk, m being the source mean: near the
// source nothing cancels.
func (p *momentPhase) task(f *frame, _, i int) {
	s := (*normStep)(p)
	size, mean := s.positions(f.rows), f.data[s.params[2]]
	sums := f.sums[i*sumTerms*s.channels:][:sumTerms*s.channels]
	clear(sums)
	low, high := s.rowRange(f, i)
	for row := low; row < high; row++ {
		x := f.data[s.x][row*s.channels*size:][:s.channels*size]
		if size == 1 {
			sumRow(sums, x, mean)
			continue
		}
		for c := range s.channels {
			d, d2 := sumShifted(x[c*size:(c+1)*size], shift(mean[c]))
			sums[sumTerms*c] += d
			sums[sumTerms*c+1] += d2
		}
	}
}

func (s *normStep) rowRange(f *frame, chunk int) (low, high int) {
	n := s.chunkRows(f.rows)
	return chunk * n, min((chunk+1)*n, s.shape[0].At(f.rows))
}

// shift is the mean in float64; one that is not finite would spoil the batch.
func shift(mean float32) float64 {
	if finite(mean) {
		return float64(mean)
	}
	return 0
}

func finite(v float32) bool { return v-v == 0 }

// sumRow adds one row with one value a channel.
func sumRow(sums []float64, x, mean []float32) {
	mean = mean[:len(x)]
	for c, v := range x {
		d := float64(v) - shift(mean[c])
		sums[sumTerms*c] += d
		sums[sumTerms*c+1] += d * d
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

// mix decides, channel by channel, what to subtract and what to multiply by:
// into f.shared, means first.
func (s *normStep) mix(f *frame, rule *accel.NormRule, source, measured bool) {
	gamma, mean, variance := f.data[s.params[0]], f.data[s.params[2]], f.data[s.params[3]]
	n := s.shape[0].At(f.rows) * s.positions(f.rows)
	for c := range s.channels {
		used := moments{float64(mean[c]), float64(variance[c])}
		if measured {
			batch := s.batchMoments(f, c, n)
			if kept := f.kept[s.norm]; kept != nil {
				kept[c], kept[s.channels+c] = float32(batch.mean), float32(batch.variance)
			}
			if rule.Mode == accel.NormBlend && !source && batch.finite() {
				used = blend(rule, used, batch, n)
			}
		}
		if rule.Mode == accel.NormGiven {
			used = moments{float64(rule.Mean[c]), float64(rule.Var[c])}
		}
		f.shared[c] = float32(used.mean)
		f.shared[s.channels+c] = float32(float64(gamma[c]) / math.Sqrt(used.variance+float64(s.op.Eps)))
	}
}

// batchMoments adds up the chunks of a channel in their order.
func (s *normStep) batchMoments(f *frame, c, n int) moments {
	var sum, squares float64
	for i := range s.chunks(f.rows) {
		at := (i*s.channels + c) * sumTerms
		sum, squares = sum+f.sums[at], squares+f.sums[at+1]
	}
	d := sum / float64(n)
	// Rounding may leave a spread of nothing a little below it; NaN stays NaN.
	spread := max(squares/float64(n)-d*d, 0)
	return moments{shift(f.data[s.params[2]][c]) + d, spread}
}

// moments are a mean and a biased variance.
type moments struct{ mean, variance float64 }

func (m moments) finite() bool { return finite(float32(m.mean)) && finite(float32(m.variance)) }

// blend combines source and batch moments of n values.
func blend(rule *accel.NormRule, source, batch moments, n int) moments {
	w := float64(rule.SourceWeight)
	v := batch.variance
	switch {
	case rule.Unbiased && n == 1:
		v = source.variance
	case rule.Unbiased:
		v *= float64(n) / float64(n-1)
	}
	out := moments{w*source.mean + (1-w)*batch.mean, w*source.variance + (1-w)*v}
	if rule.Pool {
		between := source.mean - batch.mean
		out.variance += w * (1 - w) * between * between
	}
	return out
}

// applyPhase normalizes the chunks of a batch.
type applyPhase normStep

func (p *applyPhase) task(f *frame, _, i int) {
	s := (*normStep)(p)
	low, high := s.rowRange(f, i)
	size := s.positions(f.rows)
	row := s.channels * size
	x, y := f.data[s.x][low*row:high*row], f.data[s.y][low*row:high*row]
	if s.op.Virtual && isSource(&f.norms[s.norm]) {
		copy(y, x)
	} else {
		s.apply(f, y, x, size)
	}
	f.finish(s.tail, f.data[s.y], low*row, high*row)
}

func (s *normStep) apply(f *frame, y, x []float32, size int) {
	mean, scale, beta := f.shared[:s.channels], f.shared[s.channels:2*s.channels], f.data[s.params[1]]
	for at := 0; at < len(y); at += s.channels * size {
		for c := range s.channels {
			m, k, b := mean[c], scale[c], beta[c]
			to := y[at+c*size : at+(c+1)*size]
			from := x[at+c*size:][:len(to)]
			for j, v := range from {
				to[j] = (v-m)*k + b
			}
		}
	}
}
