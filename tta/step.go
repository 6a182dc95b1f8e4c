package tta

import (
	"context"
	"errors"
	"fmt"
	"math"

	"ttad/models"
)

// Step answers a batch: every pipeline's overlay, one forward per distinct one,
// every pipeline's corrections on its own copy of the probabilities, and the
// guard. It changes nothing that outlasts it, so the same batch again gives the
// same answers.
//
// The champion goes first. When ctx's deadline passes while others are at work,
// they trip with TripLate and the champion's answer stands. An error means that
// nobody has an answer: the source model's forward failed, the batch contradicts
// itself, ctx was cancelled, or the champion was too late.
func (g *Group) Step(ctx context.Context, b *Batch) (*Result, error) {
	if err := g.checkBatch(b); err != nil {
		return nil, err
	}
	g.begin(b)
	g.prepare(ctx, b)
	g.claimAll(b)
	g.announce(ctx, b)
	for _, p := range g.order {
		if err := g.answerOf(ctx, b, p); err != nil {
			return nil, fmt.Errorf("step %d: %w", b.Step, err)
		}
	}
	g.finish()
	return &g.result, nil
}

func (g *Group) checkBatch(b *Batch) error {
	rows := 0
	for _, it := range b.Items {
		if it.Rows < 1 {
			return fmt.Errorf("step %d: item %q has %d rows, want at least 1", b.Step, it.ID, it.Rows)
		}
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
	*r = Result{Batch: b, Pipelines: r.Pipelines, Champion: g.champion, Timings: r.Timings[:0], Events: r.Events[:0], Started: g.env.Now(), math: g.math}
	g.used, g.settling = 0, true
	for _, p := range g.pipelines {
		p.begin()
	}
}

// prepare asks every pipeline for its overlay, unless an item of the batch must
// not take part in any adaptation.
func (g *Group) prepare(ctx context.Context, b *Batch) {
	why := sourceOnly(b)
	for _, p := range g.order {
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

// claimAll finds the step's distinct forwards before the first is run, so that
// each keeps what every pipeline on it needs.
func (g *Group) claimAll(b *Batch) {
	if g.sourceView || g.guard.compares() {
		g.sourceSlot(models.Keep{})
	}
	for _, p := range g.order {
		keep := p.keep
		keep.Finish = p.ask(b)
		if p.trip != TripNone {
			keep = models.Keep{}
		}
		p.slot = g.claim(&p.overlay, keep)
	}
}

// answerOf has one pipeline answer. Only the champion may end the step by being
// late.
func (g *Group) answerOf(ctx context.Context, b *Batch, p *Pipeline) error {
	err := ctx.Err()
	if err == nil {
		err = g.attempt(ctx, b, p)
	}
	cause := ctx.Err()
	late := p != g.order[0] && errors.Is(cause, context.DeadlineExceeded)
	switch {
	case late && err != nil && p.trip != TripSourceOnly:
		p.tripped(TripLate, "the batch's deadline passed first")
		return nil
	case late:
		return nil // it did finish, or has the source view already
	case err == nil:
		return cause
	}
	return withCause(ctx, err)
}

// attempt lets a pipeline answer, on forwards it shares with those before it, and
// the guard look at it. The source model's forward comes first where the step has
// it at all, and at the latest where the guard wants its view.
func (g *Group) attempt(ctx context.Context, b *Batch, p *Pipeline) error {
	if s := g.claimedSource(); s != nil {
		if err := g.once(ctx, b, s); err != nil {
			return err
		}
	}
	if p.trip == TripNone {
		if err := g.once(ctx, b, p.slot); err != nil && ctx.Err() != nil {
			return err
		}
		g.correct(ctx, b, p)
	}
	if err := ctx.Err(); err != nil && p.trip != TripNone {
		return err
	}
	if p.trip == TripNone {
		p.check(g.guard, g.result.Source)
	}
	if p.trip == TripNone || g.result.Source != nil {
		return nil
	}
	if err := g.once(ctx, b, g.sourceSlot(models.Keep{})); err != nil {
		return fmt.Errorf("the guard wants the source view: %w", err)
	}
	return nil
}

// once runs a slot's forward unless an earlier pipeline did.
func (g *Group) once(ctx context.Context, b *Batch, s *slot) error {
	if s.ran {
		return s.err
	}
	s.ran, s.err = true, g.run(ctx, b, s)
	if s.key == "" && s.err == nil {
		g.answerSource(s)
	}
	return s.err
}

// withCause makes sure that an error met under a context that is done says so.
func withCause(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// correct lets a pipeline correct what its forward gave, if it gave anything.
func (g *Group) correct(ctx context.Context, b *Batch, p *Pipeline) {
	start := g.env.Now()
	if p.slot.err != nil {
		p.failed("forward", p.slot.err)
	} else {
		p.correct(ctx, b, g.claimedSource(), &g.env.Log)
	}
	p.took += g.env.Now().Sub(start)
}

// claimedSource returns the source model's slot if its forward is part of the step.
func (g *Group) claimedSource() *slot {
	for _, s := range g.slots[:g.used] {
		if s.key == "" {
			return s
		}
	}
	return nil
}

// answerSource fills the source view.
func (g *Group) answerSource(s *slot) {
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
			out.Decided, out.Labels, out.Trail = "", g.labels, nil
			out.Trip, out.Guard = p.trip, "source: "+p.reason
			out.View = g.instead(p)
		}
		out.NoAnswer = unanswered(out.NoAnswer, out.View)
		r.Events = p.watch.transition(r.Events, p)
	}
	r.Took = g.env.Now().Sub(r.Started)
}

// instead returns the source view, or, for a pipeline too late even for that, a
// view without an answer.
func (g *Group) instead(p *Pipeline) View {
	if g.result.Source != nil {
		return *g.result.Source
	}
	rows := g.result.Batch.Rows
	sized(&p.probs, rows, g.classes)
	p.class, p.score = grown(p.class, rows), grown(p.score, rows)
	for i := range p.probs.Data {
		p.probs.Data[i] = float32(math.NaN())
	}
	answer(&p.probs, p.class, p.score)
	return p.answered()
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
