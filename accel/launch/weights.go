package launch

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// constants lists what kernels of plans read, or outputs are, each once.
func constants(plans ...*plan) (all [][]float32) {
	seen := map[constant]bool{}
	for _, p := range plans {
		ids := slices.Clone(p.program.Outputs)
		for _, n := range p.nodes {
			ids = append(ids, n.reads()...)
		}
		for _, id := range ids {
			values := p.program.Values[p.root[id]].Const
			if key := constantOf(values); values != nil && !seen[key] {
				seen[key] = true
				all = append(all, values)
			}
		}
	}
	return all
}

// loadWeights copies all constants to the device, on a queue of its own.
func (e *exec) loadWeights() error {
	e.weights = weights{}
	s, err := e.device.newStream(0)
	if err != nil {
		return err
	}
	for _, values := range constants(e.plans...) {
		if err == nil {
			err = e.weights.add(s, values)
		}
	}
	err = errors.Join(err, s.await(context.Background(), s.queue.here()), s.queue.failed, s.end())
	if err != nil {
		return fmt.Errorf("upload weights: %w", err)
	}
	return nil
}

// add makes a constant resident.
func (w weights) add(s *stream, values []float32) error {
	m, err := s.device.alloc(len(values))
	if err != nil {
		return err
	}
	w[constantOf(values)] = m
	return s.write(m.at, values)
}

func (w weights) free(d *Device) (err error) {
	for key, m := range w {
		err = errors.Join(err, d.free(m))
		delete(w, key)
	}
	return err
}
