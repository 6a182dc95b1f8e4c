package tta

import (
	"context"
	"fmt"
	"time"
)

// Learn takes labels in the order they came, at most once each: it scores what was
// answered then, and hands learners the rows they had a part in. It returns what
// became of each label, in the same order. Nothing about a label is an error: the
// error is ctx's, and leaves labels counted that nobody was taught. It panics in a
// group without a ledger.
//
// A learner that fails or panics resets its pipeline; LearnEvents tells that, and
// when a pipeline has fallen behind the source model.
func (g *Group) Learn(ctx context.Context, labels []Label) ([]Learned, error) {
	if g.ledger == nil {
		panic("tta: Learn in a group without a ledger; set GroupOptions.Ledger")
	}
	g.learnEvents = g.learnEvents[:0]
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("learn %d labels: %w", len(labels), err)
	}
	defer g.dropInboxes()
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
	e, refused := g.locate(lb)
	if e == nil {
		return refused
	}
	was := e.known(lb.Row)
	state := lb.against(was)
	switch state {
	case LabelLearned:
		g.score(e, lb)
	case LabelRevised:
		g.rescore(e, lb, int(was.class))
	case LabelConflict:
		return Learned{State: state, Why: fmt.Sprintf("row %d of item %q has class %d since its first label, now class %d came; say revise to replace it",
			lb.Row, e.id, was.class, lb.Class)}
	default:
		return Learned{State: state}
	}
	g.gather(e, lb, int(was.class))
	e.label(lb.Row, truth{class: int32(lb.Class), from: lb.From})
	return Learned{State: state, Delay: max(now.Sub(e.answered), 0)}
}

// locate finds the item a label is for, or nil and what to say of the label.
func (g *Group) locate(lb *Label) (*entry, Learned) {
	if why := g.invalid(lb); why != "" {
		return nil, Learned{State: LabelInvalid, Why: why}
	}
	e, state := g.ledger.find(lb)
	switch {
	case e == nil:
		return nil, Learned{State: state}
	case lb.Row < 0 || lb.Row >= e.rows:
		return nil, Learned{State: LabelInvalid, Why: fmt.Sprintf("row %d of an item of %d rows; rows count from 0", lb.Row, e.rows)}
	}
	return e, Learned{}
}

// against compares a label with what is known of its row.
func (lb *Label) against(was truth) LabelState {
	equal := int(was.class) == lb.Class
	switch {
	case was.class == unlabelled:
		return LabelLearned
	case equal && lb.From != 0 && was.from == lb.From:
		return LabelAgain
	case equal:
		return LabelRepeated
	case lb.Revise:
		return LabelRevised
	}
	return LabelConflict
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
			if source != nil {
				g.compare(p, o, *source)
			}
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
