package tta

import (
	"context"
	"fmt"
	"time"
)

// Learn takes labels in the order they came, at most once each: it scores what was
// answered then, and hands learners the rows they had a part in. It returns what
// became of each label, in the same order. Nothing about a label is an error: the
// error is ctx's. It panics in a group without a ledger.
//
// A learner that fails or panics resets its pipeline; LearnEvents tells.
func (g *Group) Learn(ctx context.Context, labels []Label) ([]Learned, error) {
	if g.ledger == nil {
		panic("tta: Learn in a group without a ledger; set GroupOptions.Ledger")
	}
	g.learnEvents = g.learnEvents[:0]
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("learn %d labels: %w", len(labels), err)
	}
	now := g.env.Now()
	g.ledger.expire(now)
	out := make([]Learned, len(labels))
	for i := range labels {
		out[i] = g.take(&labels[i], now)
	}
	return out, g.teach(ctx)
}

// LearnEvents returns what the last Learn caused that a person may want to know.
func (g *Group) LearnEvents() []Event { return g.learnEvents }

// Ledger tells what the ledger holds; zeros in a group without one.
func (g *Group) Ledger() LedgerStats {
	if g.ledger == nil {
		return LedgerStats{}
	}
	return g.ledger.read()
}

// take judges one label, scores its row and gathers feedback.
func (g *Group) take(lb *Label, now time.Time) Learned {
	if why := g.invalid(lb); why != "" {
		return Learned{State: LabelInvalid, Why: why}
	}
	e, state := g.ledger.find(lb)
	if state != "" {
		return Learned{State: state}
	}
	if lb.Row < 0 || lb.Row >= e.rows {
		return Learned{State: LabelInvalid, Why: fmt.Sprintf("row %d of an item of %d rows; rows count from 0", lb.Row, e.rows)}
	}
	was := e.known(lb.Row)
	switch {
	case was.class == unlabelled:
		g.score(e, lb)
		g.gather(e, lb, unlabelled)
		state = LabelLearned
	case int(was.class) == lb.Class && lb.From != 0 && was.from == lb.From:
		return Learned{State: LabelAgain}
	case int(was.class) == lb.Class:
		return Learned{State: LabelRepeated}
	case !lb.Revise:
		return Learned{State: LabelConflict, Why: fmt.Sprintf("row %d of item %q has class %d since its first label, now class %d came; say revise to replace it",
			lb.Row, e.id, was.class, lb.Class)}
	default:
		g.rescore(e, lb, int(was.class))
		g.gather(e, lb, int(was.class))
		state = LabelRevised
	}
	e.label(lb.Row, truth{class: int32(lb.Class), from: lb.From})
	return Learned{State: state, Delay: max(now.Sub(e.answered), 0)}
}

// invalid says what no item could make right, or nothing.
func (g *Group) invalid(lb *Label) string {
	switch {
	case lb.ID == "" && lb.Seq == 0:
		return "the label names no item; give its id or its sequence in the input stream"
	case lb.Class < 0 || lb.Class >= g.answers:
		return fmt.Sprintf("class %d, there are classes 0 to %d", lb.Class, g.answers-1)
	case !(lb.Weight >= 0 && lb.Weight <= 1):
		return fmt.Sprintf("weight %g, want more than 0 and at most 1", lb.Weight)
	}
	return ""
}

// score counts a row for everybody who answered it.
func (g *Group) score(e *entry, lb *Label) {
	source := g.scoreSource(e, lb.Row, lb.Class)
	if source != nil {
		g.standing.add(*source, nil)
	}
	for _, p := range g.pipelines {
		if o, ok := g.outcome(e, p.owner, lb.Row, lb.Class); ok {
			p.standing.add(o, source)
		}
	}
}

// rescore replaces what a row counted for.
func (g *Group) rescore(e *entry, lb *Label, was int) {
	source := g.scoreSource(e, lb.Row, was)
	if source != nil {
		g.standing.revise(*source, nil, lb.Class)
	}
	for _, p := range g.pipelines {
		if o, ok := g.outcome(e, p.owner, lb.Row, was); ok {
			p.standing.revise(o, source, lb.Class)
		}
	}
}

// scoreSource returns the source model's outcome, or nil where the step had no
// source view.
func (g *Group) scoreSource(e *entry, row, label int) *Outcome {
	o, ok := g.outcome(e, sourceOwner, row, label)
	if !ok {
		return nil
	}
	return &o
}

// gather puts a labelled row before every learner that remembers it. A class only
// a decider knows is no class to learn, and a row without an answer taught nothing.
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
		err := p.learn(ctx, g)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			g.dropInboxes()
			return fmt.Errorf("learn: pipeline %q: %w", p.name, withCause(ctx, err))
		default:
			p.Reset()
			g.learnEvents = append(g.learnEvents, Event{Kind: EventReset, Pipeline: p.name, Trip: TripError,
				Message: fmt.Sprintf("learn: %v; its state may be half written", err)})
		}
	}
	g.dropInboxes()
	return nil
}

func (g *Group) dropInboxes() {
	for _, p := range g.pipelines {
		for _, s := range p.learners {
			clear(s.inbox) // holds on to no entry
			s.inbox = s.inbox[:0]
		}
	}
}

// learn lets the pipeline's learners learn what was gathered.
func (p *Pipeline) learn(ctx context.Context, g *Group) error {
	for _, s := range p.learners {
		if len(s.inbox) == 0 {
			continue
		}
		if err := safely(&g.env.Log, func() error { return s.learn.Learn(ctx, s.inbox) }); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}
