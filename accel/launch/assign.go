package launch

import (
	"fmt"
	"math"

	"ttad/accel"
)

// assign checks the caller's buffers and puts them in for a run.
func (f *frame) assign(b *bound, a *accel.Args) error {
	copy(b.data, b.base)
	if err := f.assignInputs(b, a.Inputs); err != nil {
		return err
	}
	if err := f.assignOutputs(b, a.Outputs); err != nil {
		return err
	}
	if err := f.assignMoments(b, a.Moments); err != nil {
		return err
	}
	b.patch()
	return nil
}

func (f *frame) assignInputs(b *bound, inputs []accel.Buffer) error {
	for i, id := range f.exec.program.Inputs {
		v := &f.exec.program.Values[id]
		given, err := f.buffer(inputs[i], v.Shape.Elements(b.rows))
		if err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
		b.data[id] = given
	}
	return nil
}

// assignOutputs has kernels write outputs where they are wanted. One that shares memory
// with an input, a constant or another output is copied in the end.
func (f *frame) assignOutputs(b *bound, outputs []accel.Buffer) error {
	b.moved = b.moved[:0]
	for i, id := range f.exec.program.Outputs {
		if outputs[i] == nil {
			continue
		}
		v := &f.exec.program.Values[id]
		given, err := f.buffer(outputs[i], v.Shape.Elements(b.rows))
		if err != nil {
			return fmt.Errorf("output %q: %w", v.Name, err)
		}
		root := b.plan.root[id]
		if b.plan.layout.values[root] >= 0 && b.data[root] == b.base[root] {
			b.data[root] = given
			continue
		}
		b.copies[i].args[0].Memory = given
		b.moved = append(b.moved, i)
	}
	return nil
}

func (f *frame) assignMoments(b *bound, moments []accel.Buffer) error {
	for i, given := range moments {
		if given == nil {
			continue
		}
		m, err := f.buffer(given, 2*f.exec.program.NormChannels(i))
		if err != nil {
			return fmt.Errorf("moments of norm %d: %w", i, err)
		}
		b.data[len(b.plan.root)+i] = m
	}
	return nil
}

func (f *frame) buffer(given accel.Buffer, n int) (Memory, error) {
	b, err := f.exec.device.bufferOf(given, n)
	if err != nil {
		return 0, err
	}
	return b.memory.at, nil
}

// patch puts this run's memory into arguments.
func (b *bound) patch() {
	for _, p := range b.patches {
		p.arg.Memory = b.data[p.data]
	}
	for _, i := range b.moved {
		b.copies[i].args[1].Memory = b.data[b.plan.root[b.plan.program.Outputs[i]]]
	}
}

// checkFaults names the first node that found its run to be wrong.
func (b *bound) checkFaults(got []float32) error {
	for i, v := range got {
		if math.Float32bits(v) != 0 {
			return fmt.Errorf("%s: an index is not a whole number that fits the axis", b.plan.describe(b.faults[i]))
		}
	}
	return nil
}
