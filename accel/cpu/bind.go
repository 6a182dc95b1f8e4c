package cpu

import (
	"fmt"

	"ttad/accel"
)

// bind checks the operands and finds a place for every value of the batch.
func (b *batch) bind(s *stream, a accel.Args) error {
	if err := b.exec.program.CheckArgs(a); err != nil {
		return err
	}
	b.norms = a.Norms
	if len(a.Norms) == 0 {
		b.norms = b.none
	}
	b.bindArena()
	if err := b.bindInputs(s, a.Inputs); err != nil {
		return err
	}
	if err := b.bindOutputs(s, a); err != nil {
		return err
	}
	b.shareRoots()
	b.rest.plan, b.rest.norms = b.plan, b.norms
	for i := range b.chunks {
		b.chunks[i].plan, b.chunks[i].norms = b.plan, b.norms
	}
	return b.bindMoments(s, a)
}

// bindArena gives constants and values of the whole batch their own memory.
func (b *batch) bindArena() {
	for i := range b.plan.program.Values {
		b.given[i] = false
		v := &b.plan.program.Values[i]
		switch at := b.plan.memory.batch[i]; {
		case v.Const != nil:
			b.data[i] = v.Const
		case at >= 0:
			n := b.plan.floats(accel.ValueID(i), b.rows)
			b.data[i] = b.arena[at : at+n : at+n]
		}
	}
}

func (b *batch) bindInputs(s *stream, buffers []accel.Buffer) error {
	for i, id := range b.exec.program.Inputs {
		v := &b.exec.program.Values[id]
		given, err := s.memory(buffers[i], elements(v.Shape, b.rows))
		if err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
		b.data[id] = given
	}
	return nil
}

// bindOutputs lets the kernels write into the caller's buffers where they can.
// A value that shares memory with an input, a constant or another output is
// copied when the batch is done.
func (b *batch) bindOutputs(s *stream, a accel.Args) error {
	b.moved, b.to = b.moved[:0], b.to[:0]
	for i, id := range b.exec.program.Outputs {
		if a.Outputs[i] == nil {
			continue
		}
		v := &b.exec.program.Values[id]
		given, err := s.memory(a.Outputs[i], elements(v.Shape, b.rows))
		if err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
		root := b.plan.root[id]
		if b.plan.memory.batch[root] >= 0 && !b.given[root] {
			b.data[root], b.given[root] = given, true
			continue
		}
		b.moved, b.to = append(b.moved, id), append(b.to, given)
	}
	return nil
}

// shareRoots points values without memory of their own at their root's.
func (b *batch) shareRoots() {
	for i, root := range b.plan.root {
		if int(root) != i {
			b.data[i] = b.data[root]
		}
	}
}

func (b *batch) bindMoments(s *stream, a accel.Args) error {
	clear(b.kept)
	for i, buf := range a.Moments {
		if buf == nil {
			continue
		}
		m, err := s.memory(buf, 2*b.exec.program.NormChannels(i))
		if err != nil {
			return fmt.Errorf("moments of norm %d: %w", i, err)
		}
		b.kept[i] = m
	}
	return nil
}
