package tta

import (
	"context"
	"fmt"
)

// Settle learns from the last step's result, after it was published: the ledger
// records it, strategies update, the guard's windows move on, and a pipeline that tripped too often in
// a row starts over. A tripped batch updates nothing. Its error is ctx's.
//
// A step whose result is never settled leaves no trace.
func (g *Group) Settle(ctx context.Context, r *Result) error {
	if r != &g.result || !g.settling {
		panic("tta: Settle wants the result of the last Step, once")
	}
	g.settling = false
	if g.ledger != nil && ctx.Err() == nil {
		g.record()
	}
	for _, p := range g.pipelines {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("settle step %d: %w", r.Batch.Step, err)
		}
		if err := g.settle(ctx, p); err != nil {
			return fmt.Errorf("settle step %d: pipeline %q: %w", r.Batch.Step, p.name, err)
		}
	}
	return nil
}

func (g *Group) settle(ctx context.Context, p *Pipeline) error {
	if p.startedOver {
		return nil // who answered is no more
	}
	switch p.trip {
	case TripSourceOnly:
		return nil
	case TripNone:
		p.watch.tripping, p.watch.wasOK = 0, true
		if err := p.update(ctx, g.result.Batch, &g.env.Log); err != nil {
			if ctx.Err() != nil {
				return err
			}
			g.reset(p, TripError, fmt.Sprintf("update: %v; its state may be half written", err))
		}
	default:
		p.watch.wasOK = false
		if p.blamed(g.result.Source) {
			p.watch.tripping++
		}
	}
	if p.watch.capacity > 0 && p.judged() {
		p.watch.commit(p.class, g.result.Source.Class)
	}
	if n := g.guard.ResetAfter; n > 0 && p.watch.tripping >= n && p.Stateful() {
		g.reset(p, p.trip, fmt.Sprintf("%d batches in a row tripped, the last because %s", p.watch.tripping, p.reason))
	}
	return nil
}

// judged reports whether the pipeline's own classes are known for the batch.
func (p *Pipeline) judged() bool {
	return p.trip == TripNone || p.trip == TripClassEntropy || p.trip == TripDisagreement
}

// blamed reports whether a trip tells something about the pipeline's state. Being
// late does not, nor do rows that the source model cannot answer either.
func (p *Pipeline) blamed(source *View) bool {
	if p.trip != TripNonFinite {
		return p.trip != TripLate
	}
	for i := range p.class {
		if Argmax(p.probs.Row(i)) < 0 && source.Class[i] >= 0 {
			return true
		}
	}
	return false
}

func (g *Group) reset(p *Pipeline, t Trip, why string) {
	p.Reset()
	g.result.Events = append(g.result.Events, Event{Kind: EventReset, Pipeline: p.name, Trip: t, Message: why})
}
