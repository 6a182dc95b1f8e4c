package tta

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"
)

// gather puts a labelled row before every learner that remembers it. A class only
// a decider knows is no class to learn: a row revised to one keeps, for learners,
// the label it had. A row without an answer teaches nothing.
func (g *Group) gather(e *entry, lb *Label, was int) {
	if lb.Class >= g.classes {
		return
	}
	f := Feedback{Row: e.row + uint64(lb.Row), Label: lb.Class, Revises: -1, Weight: lb.Weight, Step: e.step}
	if was < g.classes {
		f.Revises = was
	}
	if f.Weight == 0 {
		f.Weight = 1
	}
	for _, p := range g.pipelines {
		if o, ok := g.outcome(e, p.owner, lb.Row, lb.Class); !ok || o.Class < 0 {
			continue
		}
		for _, s := range p.learners {
			if kept, ok := e.of(s.owner, lb.Row, s.needs.Remember); ok {
				f.Kept = kept
				s.inbox = append(s.inbox, f)
			}
		}
	}
}

// teach hands learners the rows gathered for them. What fails in one pipeline
// resets that pipeline.
func (g *Group) teach(ctx context.Context) error {
	for _, p := range g.pipelines {
		err := p.learn(ctx, &g.env.Log)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return fmt.Errorf("learn: pipeline %q: %w", p.name, withCause(ctx, err))
		default:
			p.Reset()
			g.learnEvents = append(g.learnEvents, Event{Kind: EventReset, Pipeline: p.name, Trip: TripError,
				Message: fmt.Sprintf("learn: %v; its state may be half written", err)})
		}
	}
	return nil
}

// dropInboxes lets go of what was gathered, whether it was taught or not.
func (g *Group) dropInboxes() {
	for _, p := range g.pipelines {
		for _, s := range p.learners {
			clear(s.inbox)
			s.inbox = s.inbox[:0]
		}
	}
}

// learn lets the pipeline's learners learn what was gathered.
func (p *Pipeline) learn(ctx context.Context, log *zerolog.Logger) error {
	for _, s := range p.learners {
		if len(s.inbox) == 0 {
			continue
		}
		if err := safely(log, func() error { return s.learn.Learn(ctx, s.inbox) }); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}
