package tta

import (
	"context"
	"errors"
	"fmt"

	"ttad/models"
)

// Step answers a batch: every pipeline's overlay, one forward per distinct one,
// every pipeline's corrections on its own copy of the probabilities, and the
// guard. It changes nothing that outlasts it, so the same batch again gives the
// same answers. Its error means that nobody has an answer: the source model's
// forward failed, the batch contradicts itself, or ctx is done.
func (g *Group) Step(ctx context.Context, b *Batch) (*Result, error) {
	if err := g.checkBatch(b); err != nil {
		return nil, err
	}
	g.begin(b)
	g.prepare(ctx, b)
	if err := g.forwards(ctx, b); err != nil {
		return nil, err
	}
	g.correct(ctx, b)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("step %d: %w", b.Step, err)
	}
	if err := g.judge(ctx, b); err != nil {
		return nil, err
	}
	g.finish()
	return &g.result, nil
}

func (g *Group) checkBatch(b *Batch) error {
	rows := 0
	for _, it := range b.Items {
		rows += it.Rows
	}
	switch {
	case b.Rows < 1:
		return fmt.Errorf("step %d: a batch of %d rows", b.Step, b.Rows)
	case rows != b.Rows:
		return fmt.Errorf("step %d: items have %d rows, the batch %d", b.Step, rows, b.Rows)
	case g.forward == nil && b.Given == nil:
		return fmt.Errorf("step %d: the model is of kind outputs and the batch carries no logits", b.Step)
	}
	return nil
}

func (g *Group) begin(b *Batch) {
	r := &g.result
	*r = Result{Batch: b, Pipelines: r.Pipelines, Champion: g.champion, Timings: r.Timings[:0], Events: r.Events[:0], Started: g.env.Now()}
	g.used, g.settling = 0, true
	for _, p := range g.pipelines {
		p.begin()
	}
}

// prepare asks every pipeline for its overlay, unless an item of the batch must
// not take part in any adaptation.
func (g *Group) prepare(ctx context.Context, b *Batch) {
	why := sourceOnly(b)
	for _, p := range g.pipelines {
		if why != "" {
			p.tripped(TripSourceOnly, why)
			continue
		}
		start := g.env.Now()
		p.prepare(ctx, b, &g.env.Log)
		p.took += g.env.Now().Sub(start)
	}
}

// sourceOnly returns why a batch is answered from the source view: one such item
// is enough, for a batch's rows share their statistics.
func sourceOnly(b *Batch) string {
	for i := range b.Items {
		if why := b.Items[i].SourceOnly; why != "" {
			return why
		}
	}
	return ""
}

// forwards runs the model once per distinct overlay, the source model first.
func (g *Group) forwards(ctx context.Context, b *Batch) error {
	if g.sourceView || g.guard.compares() {
		g.sourceSlot(models.Keep{})
	}
	for _, p := range g.pipelines {
		keep := p.keep
		if p.trip != TripNone {
			keep = models.Keep{}
		}
		p.slot = g.claim(&p.overlay, keep)
	}
	for _, s := range g.slots[:g.used] {
		s.err = g.run(ctx, b, s)
		if s.err != nil && (s.key == "" || ctx.Err() != nil) {
			return fmt.Errorf("step %d: %w", b.Step, withCause(ctx, s.err))
		}
	}
	return nil
}

// withCause makes sure that an error met under a context that is done says so.
func withCause(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// correct lets every pipeline that still answers for itself do so.
func (g *Group) correct(ctx context.Context, b *Batch) {
	source := g.ranSource()
	for _, p := range g.pipelines {
		start := g.env.Now()
		switch {
		case p.trip != TripNone:
		case p.slot.err != nil:
			p.failed("forward", p.slot.err)
		default:
			p.correct(ctx, b, source, &g.env.Log)
		}
		p.took += g.env.Now().Sub(start)
	}
}

// ranSource returns the source model's slot if its forward is part of the step.
func (g *Group) ranSource() *slot {
	for _, s := range g.slots[:g.used] {
		if s.key == "" {
			return s
		}
	}
	return nil
}

// judge lets the guard look at every answer, and has the source view ready
// where it must answer.
func (g *Group) judge(ctx context.Context, b *Batch) error {
	source := g.ranSource()
	g.answerSource(source)
	for _, p := range g.pipelines {
		if p.trip == TripNone {
			p.check(g.guard, g.result.Source)
		}
		if p.trip == TripNone || source != nil {
			continue
		}
		source = g.sourceSlot(models.Keep{})
		if err := g.run(ctx, b, source); err != nil {
			return fmt.Errorf("step %d: the guard wants the source view: %w", b.Step, err)
		}
		g.answerSource(source)
	}
	return nil
}

// answerSource fills the source view.
func (g *Group) answerSource(s *slot) {
	if s == nil {
		return
	}
	v := &g.source
	v.Probs = &s.probs
	v.Class, v.Score = grown(v.Class, s.probs.Rows()), grown(v.Score, s.probs.Rows())
	answer(v.Probs, v.Class, v.Score)
	g.result.Source = v
}

// finish writes the pipelines' results.
func (g *Group) finish() {
	r := &g.result
	for i, p := range g.pipelines {
		out := &r.Pipelines[i]
		*out = PipelineResult{
			Name: p.name, Role: p.role, View: p.answered(), Labels: p.labels(g.labels),
			Trail: p.trail, Guard: GuardOK, NoAnswer: out.NoAnswer[:0], Took: p.took,
		}
		if r.Batch.Given == nil {
			out.Forwards = 1 + *p.extra
		}
		if d := p.decider(); d != nil {
			out.Decided = d.name
		}
		if p.trip != TripNone {
			out.View, out.Decided, out.Labels, out.Trail = *r.Source, "", g.labels, nil
			out.Trip, out.Guard = p.trip, "source: "+p.reason
		}
		out.NoAnswer = unanswered(out.NoAnswer, out.View)
		r.Events = p.watch.transition(r.Events, p)
	}
	r.Took = g.env.Now().Sub(r.Started)
}

// unanswered lists the rows that are not finite.
func unanswered(rows []int, v View) []int {
	for i := range v.Class {
		if Argmax(v.Probs.Row(i)) < 0 {
			rows = append(rows, i)
		}
	}
	return rows
}
