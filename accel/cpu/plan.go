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

// floats is the memory a value takes for so many rows of the batch.
func (p *plan) floats(id accel.ValueID, rows int) int {
	return p.layouts[id].floats(p.program.Values[id].Shape, rows)
}
