package launch

import (
	"context"
	"errors"
	"fmt"

	"ttad/accel"
)

// weights are the constants of a program's plans on the device, each there once
// however many plans and values have it.
type weights map[constant]memory

// constant is a constant's own memory on the host, by which it is known.
type constant struct {
	first  *float32
	length int
}

func constantOf(values []float32) constant {
	if len(values) == 0 {
		return constant{}
	}
	return constant{&values[0], len(values)}
}

// constants calls f for the constants that kernels read, or outputs are.
func (p *plan) constants(f func(values []float32) error) error {
	visit := func(id accel.ValueID) error {
		if v := p.program.Values[p.root[id]]; v.Const != nil {
			return f(v.Const)
		}
		return nil
	}
	for _, n := range p.nodes {
		for _, id := range n.reads() {
			if err := visit(id); err != nil {
				return err
			}
		}
	}
	for _, id := range p.program.Outputs {
		if err := visit(id); err != nil {
			return err
		}
	}
	return nil
}

// loadWeights copies all constants to the device, on a queue of its own.
func (e *exec) loadWeights() error {
	e.weights = weights{}
	s, err := e.device.newStream(0)
	if err != nil {
		return err
	}
	for _, p := range e.plans {
		err = errors.Join(err, p.constants(func(values []float32) error { return e.weights.add(s, values) }))
	}
	err = errors.Join(err, s.await(context.Background(), s.queue.here()), s.queue.failed, s.end())
	if err != nil {
		return fmt.Errorf("upload weights: %w", err)
	}
	return nil
}

// add makes a constant resident unless it is.
func (w weights) add(s *stream, values []float32) error {
	key := constantOf(values)
	if _, ok := w[key]; ok {
		return nil
	}
	m, err := s.device.alloc(len(values))
	if err != nil {
		return err
	}
	w[key] = m
	return s.write(m.at, values)
}

func (w weights) free(d *Device) (err error) {
	for key, m := range w {
		err = errors.Join(err, d.free(m))
		delete(w, key)
	}
	return err
}
