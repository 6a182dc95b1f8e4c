package cpu

import (
	"slices"

	"ttad/accel"
)

// A norm is up to three steps of a plan, so that chunks of the batch go through the
// kernels on either side without waiting for one another:
//
//   - moments (moments.go) sums up what its chunk adds to each channel,
//   - mix (mix.go) needs all chunks: it adds them up and decides how each channel
//     is normalized,
//   - apply (normalize.go) does that, chunk by chunk again.
//
// In a plan for source moments there are no moments steps. In one for given moments
// mixes wait for none, and what moments sum up is kept, where it is wanted, when all
// else is done.
type (
	momentsOp struct{ accel.Norm }
	mixOp     struct {
		accel.Norm
		waits bool // for the moments
	}
	applyOp struct{ accel.Norm }
	keepOp  struct{ accel.Norm }
)

// purpose is which moments the norms of a plan can normalize with.
type purpose int

const (
	forBatch  purpose = iota // the batch's, too
	forGiven                 // those that are known before the run
	forSource                // the model's own
)

// norm is what the steps of a norm share: who they are, and where in the batch's
// memory they leave what they tell one another.
type norm struct {
	number   int // among the program's norms
	channels int
	width    int // the channels rounded up to whole lanes of any kernel
	chunk    int // rows of the batch whose sums are taken together; 0 for all
	chunks   int // in the largest batch; 0 where moments are not taken
	sums     int // place in frame.sums: for each chunk, sums and squares by channel
	mixed    int // place in frame.mixed: means, factors and shifts by channel
}

// sumTerms and mixedTerms are how many values of each channel these places hold.
const sumTerms, mixedTerms = 2, 3

// splitNorms takes the norms apart. Where they wait for no moments, they mix before
// anything else is done, if they can.
func (b *planner) splitNorms(f purpose) {
	var first, rest []*node
	for _, n := range b.nodes {
		op, ok := n.op.(accel.Norm)
		if !ok {
			rest = append(rest, n)
			continue
		}
		x, params := n.in[:1], n.in[1:]
		if f != forSource {
			b.use(x[0])
			rest = append(rest, b.normNode(n, momentsOp{op}, n.in))
		}
		mix := b.normNode(n, mixOp{op, f == forBatch}, params)
		if f != forBatch && b.constants(params) {
			first = append(first, mix)
		} else {
			rest = append(rest, mix)
		}
		n.op, n.in = applyOp{op}, x
		rest = append(rest, n)
	}
	b.nodes = append(first, rest...)
}

// keepMoments adds up at the end what norms sum up and wait for no more.
func (b *planner) keepMoments() {
	for _, n := range b.nodes {
		if op, ok := n.op.(momentsOp); ok {
			b.nodes = append(b.nodes, b.normNode(n, keepOp(op), n.in[1:]))
		}
	}
}

// normNode makes a step of norm n that has no result of its own.
func (b *planner) normNode(n *node, op accel.Op, in []accel.ValueID) *node {
	return &node{step: n.step, op: op, in: in, out: accel.NoValue, norm: n.norm, undo: n.undo}
}

func (b *planner) constants(ids []accel.ValueID) bool {
	return !slices.ContainsFunc(ids, func(id accel.ValueID) bool { return b.constant(id) == nil })
}

// delayMixes moves every mix behind the moments that can be had before its result
// is needed: what all chunks wait for, they wait for together.
func (b *planner) delayMixes() {
	var out, waiting []*node
	for _, n := range b.nodes {
		switch n.op.(type) {
		case mixOp:
			waiting = append(waiting, n)
			continue
		case applyOp:
			if slices.ContainsFunc(waiting, func(m *node) bool { return m.norm == n.norm }) {
				out = append(out, waiting...)
				waiting = waiting[:0]
			}
		}
		out = append(out, n)
	}
	b.nodes = out
}

// layOutNorms finds room for what the steps of each norm tell one another. Sums
// are needed from its moments on until they are added up.
func (b *planner) layOutNorms(segments []segment, maxRows int) (sums, mixed int) {
	for i, step := range b.p.NormSteps {
		channels := b.p.Values[b.p.Steps[step].In[0]].Shape[1].Fixed
		n := norm{number: i, channels: channels, width: roundUp(channels, lineFloats), mixed: mixed}
		mixed += mixedTerms * n.width
		b.norms = append(b.norms, n)
	}
	var free gaps
	for _, s := range segments {
		for _, n := range b.nodes[s.first:s.end] {
			switch op := n.op.(type) {
			case momentsOp:
				b.norms[n.norm].takeSums(&free, s.rows, maxRows)
			case mixOp:
				if op.waits {
					free.give(b.norms[n.norm].sums, b.norms[n.norm].sumFloats())
				}
			}
		}
	}
	return free.size, mixed
}

func (n *norm) takeSums(free *gaps, chunk, maxRows int) {
	n.chunk = chunk
	n.chunks = n.chunksOf(maxRows)
	n.sums = free.take(n.sumFloats())
}

// chunksOf is how many sums a batch of so many rows leaves.
func (n *norm) chunksOf(rows int) int {
	if n.chunk == 0 {
		return 1
	}
	return ceilDiv(rows, n.chunk)
}

func (n *norm) sumFloats() int { return n.chunks * n.sumsEach() }
func (n *norm) sumsEach() int  { return sumTerms * (n.width + lineFloats) }

// chunkSums are the sums and the squares of a chunk: of all channels, and of one
// block of them for the time it is looked at.
func (n *norm) chunkSums(f *frame, chunk int) (all, block channelSums) {
	s := f.sums[n.sums+chunk*n.sumsEach():][:n.sumsEach()]
	each := n.width + lineFloats
	return channelSums{s[:n.width], s[each:][:n.width]}, channelSums{s[n.width:each], s[each+n.width:]}
}

// channelSums are the sum and the sum of squares of each channel.
type channelSums struct{ sum, squares []float64 }

func (c channelSums) clear() {
	clear(c.sum)
	clear(c.squares)
}

// add adds to channel c the sums of n more values, which were taken after
// subtracting shift.
func (c channelSums) add(i int, sum, squares float64, shift float32, n int) {
	a, m := float64(shift), float64(n)
	c.sum[i] += sum + m*a
	c.squares[i] += squares + 2*a*sum + m*a*a
}

// normalization is how the channels are normalized: (x-mean)*factor + shift. Lanes
// beyond the last channel have zeros.
func (n *norm) normalization(f *frame) (mean, factor, shift []float32) {
	all := f.mixed[n.mixed:][:mixedTerms*n.width]
	return all[:n.width], all[n.width : 2*n.width], all[2*n.width:]
}

// measured reports whether this run asks for the batch's moments.
func (n *norm) measured(f *frame) bool {
	rule := &f.norms[n.number]
	return n.chunks > 0 && (f.kept[n.number] != nil || rule.Mode == accel.NormBlend && !isSource(rule))
}
