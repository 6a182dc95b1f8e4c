package cpu

import (
	"fmt"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// frame is a stream's scratch for one exec: memory for every computed value,
// and where each value of the running batch lies. Between runs only the memory
// matters; nothing computed is carried over.
type frame struct {
	exec    *exec
	team    *team
	arena   []float32
	scratch [][]float32   // for each worker, within one task
	calls   []kernel.Call // likewise: what it tells the kernels
	shared  []float32     // within one kernel
	sums    []float64     // within one kernel

	rows  int
	plan  *plan
	data  [][]float32      // of each value
	given []bool           // roots that lie in a buffer of the caller
	moved []accel.ValueID  // outputs that must be copied to their buffer
	to    [][]float32      // where each moved output goes
	none  []accel.NormRule // one source rule a norm
	norms []accel.NormRule // the rules of this run
	kept  [][]float32      // where each norm's batch moments go; nil where unwanted
}

func newFrame(e *exec) *frame {
	f := &frame{exec: e, team: e.device.team}
	need, arena := e.live.needs, e.live.arena
	if e.folded != nil {
		need, arena = need.max(e.folded.needs), max(arena, e.folded.arena)
	}
	f.arena = make([]float32, arena)
	f.shared, f.sums = make([]float32, need.shared), make([]float64, need.sums)
	f.calls = make([]kernel.Call, e.device.threads)
	for range e.device.threads {
		f.scratch = append(f.scratch, make([]float32, need.worker))
	}
	values, norms := len(e.live.program.Values), len(e.program.NormSteps)
	if e.folded != nil {
		values = max(values, len(e.folded.program.Values))
	}
	f.data, f.given = make([][]float32, values), make([]bool, values)
	f.none, f.kept = make([]accel.NormRule, norms), make([][]float32, norms)
	return f
}

// run computes one batch.
func (f *frame) run(s *stream, rows int, a accel.Args) error {
	f.rows, f.plan = rows, f.exec.planFor(a)
	if err := f.bind(s, a); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	for i := range f.plan.kernels {
		if err := f.plan.kernels[i].run(f); err != nil {
			return fmt.Errorf("run: node %q: %w", f.plan.kernels[i].name, err)
		}
	}
	for i, id := range f.moved {
		copy(f.to[i], f.data[id])
	}
	return nil
}

// bind checks the operands and finds a place for every value.
func (f *frame) bind(s *stream, a accel.Args) error {
	p := f.exec.program
	if len(a.Inputs) != len(p.Inputs) || len(a.Outputs) != len(p.Outputs) {
		return fmt.Errorf("%d inputs and %d outputs given, want %d and %d", len(a.Inputs), len(a.Outputs), len(p.Inputs), len(p.Outputs))
	}
	if err := p.CheckRules(a.Norms); err != nil {
		return err
	}
	f.norms = a.Norms
	if len(a.Norms) == 0 {
		f.norms = f.none
	}
	f.bindArena()
	if err := f.bindInputs(s, a.Inputs); err != nil {
		return err
	}
	if err := f.bindOutputs(s, a); err != nil {
		return err
	}
	f.shareRoots()
	return f.bindMoments(s, a.Moments)
}

// bindArena gives constants and computed values their own memory.
func (f *frame) bindArena() {
	for i := range f.plan.program.Values {
		f.given[i] = false
		v := &f.plan.program.Values[i]
		switch at := f.plan.offset[i]; {
		case v.Const != nil:
			f.data[i] = v.Const
		case at >= 0:
			n := f.plan.floats(accel.ValueID(i), f.rows)
			f.data[i] = f.arena[at : at+n : at+n]
		}
	}
}

func (f *frame) bindInputs(s *stream, buffers []accel.Buffer) error {
	for i, id := range f.exec.program.Inputs {
		v := &f.exec.program.Values[id]
		b, err := s.memory(buffers[i], elements(v.Shape, f.rows))
		if err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
		f.data[id] = b
	}
	return nil
}

// bindOutputs lets the kernels write into the caller's buffers where they can.
// A value that shares memory with an input, a constant or another output is
// copied when the batch is done.
func (f *frame) bindOutputs(s *stream, a accel.Args) error {
	f.moved, f.to = f.moved[:0], f.to[:0]
	for i, id := range f.exec.program.Outputs {
		if a.Outputs[i] == nil {
			continue
		}
		v := &f.exec.program.Values[id]
		b, err := s.memory(a.Outputs[i], elements(v.Shape, f.rows))
		if err == nil {
			err = distinct(a, i)
		}
		if err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
		root := f.plan.root[id]
		if f.plan.offset[root] >= 0 && !f.given[root] {
			f.data[root], f.given[root] = b, true
			continue
		}
		f.moved, f.to = append(f.moved, id), append(f.to, b)
	}
	return nil
}

// distinct refuses an output buffer that is also an operand or another result.
func distinct(a accel.Args, output int) error {
	for i, b := range a.Inputs {
		if b == a.Outputs[output] {
			return fmt.Errorf("its buffer is also input %d", i)
		}
	}
	for i, b := range a.Outputs[:output] {
		if b == a.Outputs[output] {
			return fmt.Errorf("its buffer is also output %d", i)
		}
	}
	return nil
}

// shareRoots points values without memory of their own at their root's.
func (f *frame) shareRoots() {
	for i, root := range f.plan.root {
		if int(root) != i {
			f.data[i] = f.data[root]
		}
	}
}

func (f *frame) bindMoments(s *stream, buffers []accel.Buffer) error {
	clear(f.kept)
	if len(buffers) == 0 {
		return nil
	}
	if len(buffers) != len(f.kept) {
		return fmt.Errorf("%d moment buffers for %d norm steps", len(buffers), len(f.kept))
	}
	for i, b := range buffers {
		if b == nil {
			continue
		}
		m, err := s.memory(b, 2*f.exec.program.NormChannels(i))
		if err != nil {
			return fmt.Errorf("moments of norm %d: %w", i, err)
		}
		f.kept[i] = m
	}
	return nil
}

// parallel shares out the tasks of a phase. The cost, in elementary
// operations, decides whether that is worth it.
func (f *frame) parallel(p phase, tasks, cost int) { f.team.run(p, f, tasks, cost) }

// elements is Shape.Elements without a slice for the extents: it is called for
// every value of every run.
func elements(s accel.Shape, rows int) int {
	n := 1
	for _, d := range s {
		n *= d.At(rows)
	}
	return n
}
