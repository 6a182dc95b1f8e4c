package launch

import (
	"errors"
	"math"
	"slices"

	"ttad/accel/kernels"
)

// bound is a plan's launches for one number of rows, with a stream's memory in place of
// operands. Only the caller's buffers are put in for every run.
type bound struct {
	plan    *plan
	rows    int
	calls   []nodeCall
	patches []patch
	data    []Memory // of each value and then of each norm's moments
	base    []Memory // the same where no buffer of the caller is
	own     []memory // tables; where bounds are checked, also values and scratch
	clear   call     // of the faults
	copies  []call   // of outputs to their buffers
	moved   []int    // those of this run
	faults  []int    // nodes, in order of their faults
	check   func(got []float32) error
	at      place // of the last run
}

// call is a launch of a queue.
type call struct {
	kernel *kernels.Kernel
	groups [3]int
	args   []Arg
}

type nodeCall struct {
	call
	node int
}

// patch is an argument that is another in every run.
type patch struct {
	arg  *Arg
	data int // index
}

// bind lowers a plan and finds the memory of every operand.
func (f *frame) bind(p *plan, rows int) (*bound, error) {
	l, err := f.exec.device.lower(p, rows)
	if err != nil {
		return nil, err
	}
	b := &bound{plan: p, rows: rows, faults: l.faults}
	b.check = b.checkFaults
	if err := f.bindMemory(b, l); err != nil {
		return nil, errors.Join(err, f.exec.device.free(b.own...))
	}
	return b, nil
}

func (f *frame) bindMemory(b *bound, l *lowering) error {
	if err := fitting(b.plan, l); err != nil {
		return err
	}
	pieces, err := f.place(b, l)
	if err != nil {
		return err
	}
	tables, err := f.sendTables(b, l.numbers)
	if err != nil {
		return err
	}
	b.data = slices.Clone(b.base)
	at := places{f: f, bound: b, pieces: pieces, tables: tables, given: given(b.plan)}
	for _, launch := range l.out {
		c := nodeCall{f.call(launch.kernel, launch.groups, len(launch.args)), launch.node}
		for i, o := range launch.args {
			at.argument(&c.args[i], o)
		}
		b.calls = append(b.calls, c)
	}
	f.bindOutputs(b, l)
	return nil
}

// places is where operands of a lowering are.
type places struct {
	f      *frame
	bound  *bound
	pieces []Memory
	tables Memory
	given  []bool
}

// argument makes an argument of an operand, and a patch where it changes from run to
// run.
func (p *places) argument(arg *Arg, o operand) {
	switch o.kind {
	case ofInt:
		arg.Int = o.n
	case ofFloat:
		arg.Float = o.f
	case ofTables:
		arg.Memory = p.tables
	case ofRules:
		arg.Memory = p.f.rules.at
	case ofFaults:
		arg.Memory = p.f.faults.at
	case ofPiece:
		arg.Memory = p.pieces[o.index]
	case ofMoments:
		p.patched(arg, len(p.bound.plan.root)+o.index)
	case ofValue:
		root := p.bound.plan.root[o.index]
		arg.Memory = p.bound.base[root]
		if p.given[root] {
			p.patched(arg, int(root))
		}
	}
}

func (p *places) patched(arg *Arg, data int) {
	p.bound.patches = append(p.bound.patches, patch{arg, data})
}

func (f *frame) call(kernel string, groups [3]int, args int) call {
	return call{f.exec.device.kernels[kernel], groups, make([]Arg, args)}
}

// given are the roots that lie, or may lie, in a buffer of the caller.
func given(p *plan) []bool {
	given := make([]bool, len(p.root))
	for _, id := range p.program.Inputs {
		given[id] = true
	}
	for _, id := range p.program.Outputs {
		given[p.root[id]] = true
	}
	return given
}

// place finds memory for values and scratch: slots of the frame, or pieces of their own
// where a driver checks that kernels stay inside.
func (f *frame) place(b *bound, l *lowering) (pieces []Memory, err error) {
	p, checked := b.plan, f.exec.device.limits.Checked
	slot := func(at, floats int) Memory {
		if !checked || err != nil {
			return f.slots[at].at
		}
		if err = f.add(&b.own, floats); err != nil {
			return 0
		}
		return b.own[len(b.own)-1].at
	}
	b.base = make([]Memory, len(p.root)+len(f.moments))
	for i, v := range p.program.Values {
		switch at := p.layout.values[i]; {
		case v.Const != nil:
			b.base[i] = f.exec.weights[constantOf(v.Const)].at
		case at >= 0:
			b.base[i] = slot(at, v.Shape.Elements(b.rows))
		}
	}
	for i, m := range f.moments {
		b.base[len(p.root)+i] = m.at
	}
	for i, piece := range l.pieces {
		pieces = append(pieces, slot(p.layout.slots[i], piece.floats))
	}
	return pieces, err
}

// sendTables makes the tables of a lowering resident for as long as it is bound.
func (f *frame) sendTables(b *bound, numbers []int32) (Memory, error) {
	if err := f.add(&b.own, len(numbers)); err != nil {
		return 0, err
	}
	words := make([]float32, len(numbers))
	for i, n := range numbers {
		words[i] = math.Float32frombits(uint32(n))
	}
	at := b.own[len(b.own)-1].at
	return at, f.stream.write(at, words)
}

// bindOutputs prepares the copies of outputs that kernels do not write into their
// buffers, and the launch that clears faults.
func (f *frame) bindOutputs(b *bound, l *lowering) {
	for _, id := range b.plan.program.Outputs {
		n := b.plan.program.Values[id].Shape.Elements(b.rows)
		c := f.call("copy", across(n), 3)
		c.args[2].Int = int32(n)
		b.copies = append(b.copies, c)
	}
	b.clear = f.call("fill", across(len(l.faults)), 3)
	b.clear.args[0].Memory, b.clear.args[1].Int = f.faults.at, int32(len(l.faults))
}

// evict forgets the launches that were used longest ago.
func (f *frame) evict() error {
	last := f.bound[len(f.bound)-1]
	if err := f.stream.settle(last.at); err != nil {
		return err
	}
	f.bound = f.bound[:len(f.bound)-1]
	return f.exec.device.free(last.own...)
}
