package tta

import (
	"errors"
	"fmt"
)

// State is what one strategy carries from batch to batch.
type State struct {
	Pipeline string
	Index    int // the strategy's place in its pipeline
	Strategy string
	// Under names what a keyed strategy's state rests on; empty for others.
	Under string
	Blob  []byte
}

// Snapshot returns the state of every strategy that has one. The guard's windows
// are not part of it: after a restore they fill again.
func (g *Group) Snapshot() ([]State, error) {
	var states []State
	for _, p := range g.pipelines {
		for i, s := range p.stages {
			if s.state == nil {
				continue
			}
			blob, err := s.state.Snapshot()
			if err != nil {
				return nil, fmt.Errorf("snapshot pipeline %q: %s: %w", p.name, s.name, err)
			}
			states = append(states, State{Pipeline: p.name, Index: i, Strategy: s.name, Under: s.under, Blob: blob})
		}
	}
	return states, nil
}

// Restore puts a snapshot back. It errs, and changes nothing, when the snapshot
// names a strategy the group does not have, a keyed strategy rests on something
// else than it did, or a strategy refuses its part.
// Strategies the snapshot does not name keep their state.
func (g *Group) Restore(states []State) error {
	before, err := g.Snapshot()
	if err != nil {
		return err
	}
	if err := g.restore(states); err != nil {
		return errors.Join(err, g.restore(before))
	}
	return nil
}

func (g *Group) restore(states []State) error {
	for _, st := range states {
		s := g.find(st)
		if s == nil || s.state == nil {
			return fmt.Errorf("restore: no strategy %s with state at place %d of a pipeline %q", st.Strategy, st.Index, st.Pipeline)
		}
		if s.under != st.Under {
			return fmt.Errorf("restore pipeline %q: %s was learned on %q and now rests on %q: the model or a strategy before it is another, so what it knows is about other features; start it fresh",
				st.Pipeline, st.Strategy, st.Under, s.under)
		}
		if err := s.state.Restore(st.Blob); err != nil {
			return fmt.Errorf("restore pipeline %q: %s: %w", st.Pipeline, st.Strategy, err)
		}
	}
	return nil
}

func (g *Group) find(st State) *stage {
	for _, p := range g.pipelines {
		if p.name == st.Pipeline && st.Index >= 0 && st.Index < len(p.stages) && p.stages[st.Index].name == st.Strategy {
			return &p.stages[st.Index]
		}
	}
	return nil
}
