package cpu

import (
	"fmt"

	"ttad/accel"
)

// plan is a program in the form one kind of run takes: kernels in order, and
// where every value lies. It does not change once made.
type plan struct {
	program  *accel.Program // as given, with the values that planning added
	kernels  []namedKernel
	segments []segment
	root     []accel.ValueID // the value whose memory each value shares; itself, mostly
	layouts  []layout        // of each value
	memory                   // where the roots lie
	size     sizes
	weights  int   // floats of packed weights
	free     []int // steps of the program nothing is computed for
}

// sizes is the memory a plan runs in, in floats.
type sizes struct {
	arena  int // values of the whole batch
	local  int // values of a chunk: for each worker
	worker int // scratch within a task: for each worker
	shared int // scratch within a kernel that has the whole batch
	part   int // scratch within a kernel that has a chunk: for each worker
	sums   int // of chunks, from norms' moments to their mixes, in float64
	mixed  int // how norms are to be applied
}

func (s sizes) max(t sizes) sizes {
	return sizes{
		max(s.arena, t.arena), max(s.local, t.local), max(s.worker, t.worker),
		max(s.shared, t.shared), max(s.part, t.part), max(s.sums, t.sums), max(s.mixed, t.mixed),
	}
}

// floats is all of it, for so many workers.
func (s sizes) floats(threads int) int {
	return s.arena + (s.local+s.worker)*threads + max(s.shared, s.part*threads) + 2*s.sums + s.mixed
}

// runner computes one step, its tail included.
type runner interface {
	run(f *frame) error
	// needs says how much scratch a run takes at up to maxRows rows.
	needs(maxRows int) needs
}

type namedKernel struct {
	name, kind string // of the node
	runner
	merged
	out accel.ValueID
}

// merged are steps of the program that a kernel does along with its own.
type merged struct{ folded, fused []int }

// needs is scratch for the time of one kernel.
type needs struct {
	worker int // floats for each worker
	shared int // floats for all of them together
}

// node is a step on its way to a kernel.
type node struct {
	step int // in the program: its first one where several were melted together
	op   accel.Op
	in   []accel.ValueID
	out  accel.ValueID
	norm int       // for a Norm: its number
	undo []float64 // likewise: what the weights before it were multiplied by, nil for nothing
	fold *affine   // for a product: what is melted into its weights
	tail []tailing // what follows while the result is in cache
	merged
}

// tailing is one thing a tail does to a result: add a value of the same shape,
// or apply a function.
type tailing struct {
	add accel.ValueID // NoValue when fn applies
	fn  mapper
}

// planner holds a plan in the making.
type planner struct {
	d     *Device        // for whose instructions it is made
	p     *accel.Program // a copy, whose values may grow
	nodes []*node
	uses  []int // how often each value is read, outputs included
	root  []accel.ValueID
	// layouts of the values; all row-major until somebody decides otherwise.
	layouts []layout
	free    []int // steps that vanished
	last    []int // see lastReads
	norms   []norm
	packs   packs // of this plan and those before it
	taken   int   // floats of them that this plan has
}

// newPlan makes a plan, with the weights that shared has and adding those it lacks.
func newPlan(d *Device, p *accel.Program, maxRows int, f purpose, shared packs) (*plan, error) {
	b := newPlanner(d, p)
	b.packs = shared
	b.arrange(f)
	out := &plan{program: b.p, root: b.root, layouts: b.layouts, free: b.free, segments: b.cut(maxRows)}
	out.memory = b.layOut(out.segments, maxRows)
	out.size = sizes{arena: out.memory.arena, local: out.memory.most}
	out.size.sums, out.size.mixed = b.layOutNorms(out.segments, maxRows)
	for _, n := range b.nodes {
		out.kernels = append(out.kernels, namedKernel{b.name(n), n.op.Kind(), b.lower(n), n.merged, n.out})
	}
	out.weights = b.taken
	for i := range out.segments {
		s := &out.segments[i]
		s.slots = b.slots(s, &out.memory)
		out.size = out.size.max(out.scratch(s, maxRows, d.threads))
	}
	if n := out.size.floats(d.threads); n > maxFloats {
		return nil, fmt.Errorf("%d floats of scratch: %w", n, accel.ErrOutOfMemory)
	}
	return out, nil
}

// arrange makes the program's steps the nodes that kernels are made for, in their
// final order and with the values they will read and write.
func (b *planner) arrange(f purpose) {
	if f == forSource {
		b.foldNorms()
	} else {
		b.foldScales()
	}
	b.meltMoves()
	b.shareMemory()
	b.splitNorms(f)
	b.fuseTails()
	if f == forBatch { // or they wait for nothing
		b.delayMixes()
	}
	b.layOutBlocks()
	b.matchBorders()
	if f == forGiven {
		b.keepMoments()
	}
	b.last = b.lastReads()
}

// scratch is what a segment's kernels need between them. Those that rows can go
// through get a chunk, or at most as many rows as make a chunk for every worker.
func (p *plan) scratch(s *segment, maxRows, threads int) (most sizes) {
	few := maxRows
	if s.rows > 0 {
		few = min(maxRows, s.rows*threads)
	}
	for _, k := range p.kernels[s.first:s.end] {
		n := k.needs(few)
		size := sizes{worker: n.worker, shared: n.shared}
		if s.rows > 0 {
			size.part = k.needs(min(maxRows, s.rows)).shared
		}
		most = most.max(size)
	}
	return most
}

func newPlanner(d *Device, p *accel.Program) *planner {
	own := *p
	own.Values = nil
	b := &planner{d: d, p: &own}
	for _, v := range p.Values {
		b.addValue(v, layout{})
	}
	norms := 0
	for i, s := range p.Steps {
		n := &node{step: i, op: s.Op, in: s.In, out: s.Out[0]}
		if _, ok := s.Op.(accel.Norm); ok {
			n.norm = norms
			norms++
		}
		b.nodes = append(b.nodes, n)
		for _, id := range s.In {
			b.use(id)
		}
	}
	for _, id := range p.Outputs {
		b.use(id)
	}
	return b
}

// addValue makes room for a value in a layout.
func (b *planner) addValue(v accel.Value, l layout) accel.ValueID {
	id := accel.ValueID(len(b.p.Values))
	b.p.Values = append(b.p.Values, v)
	b.root, b.uses, b.layouts = append(b.root, id), append(b.uses, 0), append(b.layouts, l)
	return id
}

func (b *planner) use(id accel.ValueID) {
	if id != accel.NoValue {
		b.uses[id]++
	}
}

// constant returns the values of a constant operand, nil for any other.
func (b *planner) constant(id accel.ValueID) []float32 {
	if id == accel.NoValue {
		return nil
	}
	return b.p.Values[id].Const
}

// onlyReader returns the place in b.nodes of the only node that reads v, or -1:
// also when v is an output, which somebody outside reads.
func (b *planner) onlyReader(v accel.ValueID, after int) int {
	if b.uses[v] != 1 {
		return -1
	}
	for i := after + 1; i < len(b.nodes); i++ {
		for _, id := range b.nodes[i].in {
			if id == v {
				return i
			}
		}
	}
	return -1
}

func (b *planner) remove(i int) { b.nodes = append(b.nodes[:i], b.nodes[i+1:]...) }

// shareMemory removes the steps that only give a value another name.
func (b *planner) shareMemory() {
	kept := b.nodes[:0]
	for _, n := range b.nodes {
		if _, ok := n.op.(accel.Reshape); ok {
			b.root[n.out] = b.root[n.in[0]]
			b.forget(n)
			continue
		}
		kept = append(kept, n)
	}
	b.nodes = kept
	for i := range b.root {
		for b.root[i] != b.root[b.root[i]] {
			b.root[i] = b.root[b.root[i]]
		}
	}
}

// floats is the memory a value takes for so many rows of the batch.
func (p *plan) floats(id accel.ValueID, rows int) int {
	return p.layouts[id].floats(p.program.Values[id].Shape, rows)
}
