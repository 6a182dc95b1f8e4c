package tta

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/rs/zerolog"
)

// begin forgets the step before.
func (p *Pipeline) begin() {
	p.overlay.Reset()
	p.slot, p.trip, p.reason, p.took = nil, TripNone, "", 0
	p.trail = p.trail[:0]
	p.startedOver = false
	*p.extra = 0
}

// tripped makes the source view answer this batch in the pipeline's place.
func (p *Pipeline) tripped(t Trip, reason string) {
	p.trip, p.reason = t, reason
	p.overlay.Reset()
}

// failed trips the pipeline because one of its strategies, or a forward under
// its overlay, did.
func (p *Pipeline) failed(what string, err error) {
	p.tripped(TripError, fmt.Sprintf("error: %s: %v", what, err))
}

// prepare collects the overlay.
func (p *Pipeline) prepare(ctx context.Context, b *Batch, log *zerolog.Logger) {
	for i := range p.stages {
		s := &p.stages[i]
		if s.prepare == nil {
			continue
		}
		if err := safely(log, func() error { return s.prepare.Prepare(ctx, b, &p.overlay) }); err != nil {
			p.failed(s.name, err)
			return
		}
	}
}

// correct turns the forward's output into the pipeline's own answer.
func (p *Pipeline) correct(ctx context.Context, b *Batch, source *slot, log *zerolog.Logger) {
	if p.keep.Features && p.slot.out.Features == nil {
		p.failed("features", errors.New("the batch carries none"))
		return
	}
	rows, classes := b.Rows, p.slot.probs.RowLen()
	sized(&p.probs, rows, classes)
	copy(p.probs.Data, p.slot.probs.Data)
	p.class, p.score = grown(p.class, rows), grown(p.score, rows)
	p.trailForward(source)
	p.offload.collect()
	for i := range p.stages {
		if err := p.apply(ctx, b, &p.stages[i], log); err != nil {
			p.failed(p.stages[i].name, err)
			return
		}
	}
	if p.decider() == nil {
		answer(&p.probs, p.class, p.score)
	}
}

// trailForward records what happened inside the forward, under the name of the
// last strategy that prepared it; several cannot be told apart afterwards.
func (p *Pipeline) trailForward(source *slot) {
	if source == nil {
		return
	}
	for i := len(p.stages) - 1; i >= 0; i-- {
		if p.stages[i].prepare != nil {
			p.record(p.stages[i].name, source.probs.Data)
			return
		}
	}
}

// apply lets one stage correct or decide.
func (p *Pipeline) apply(ctx context.Context, b *Batch, s *stage, log *zerolog.Logger) error {
	if s.correct != nil {
		before := p.before()
		made, err := p.correctBy(ctx, b, s, log)
		if err != nil {
			return err
		}
		p.record(s.name, before)
		p.trail[len(p.trail)-1].Device = made
	}
	if s.decide != nil {
		err := safely(log, func() error {
			return s.decide.Decide(ctx, b, &p.slot.out, &p.probs, p.class, p.score)
		})
		if err != nil {
			return err
		}
		if err := p.checkClasses(len(s.decide.Labels())); err != nil {
			return err
		}
		p.record(s.name, p.probs.Data)
		copy(p.trail[len(p.trail)-1].Class, p.class)
	}
	return nil
}

// correctBy lets one stage correct, by what the device has made of the batch where
// there is that.
func (p *Pipeline) correctBy(ctx context.Context, b *Batch, s *stage, log *zerolog.Logger) (device bool, err error) {
	made := p.offload.madeOf(s, &p.probs)
	if made == nil {
		return false, safely(log, func() error { return s.correct.Correct(ctx, b, &p.slot.out, &p.probs) })
	}
	err = safely(log, func() error { return s.self.(Offloader).Adopt(b, &p.slot.out, &p.probs, made) })
	p.offload.follow(&p.probs, made)
	return true, err
}

// checkClasses holds a decider to the classes it can answer with.
func (p *Pipeline) checkClasses(answers int) error {
	if answers == 0 {
		answers = p.probs.RowLen()
	}
	for i, c := range p.class {
		if c < -1 || int(c) >= answers {
			return fmt.Errorf("row %d: answered class %d of %d", i, c, answers)
		}
	}
	return nil
}

// before copies the probabilities into the memory record compares with.
func (p *Pipeline) before() []float32 {
	p.previous = append(p.previous[:0], p.probs.Data...)
	return p.previous
}

// record appends a trail entry: the class now, and the shift from before.
func (p *Pipeline) record(name string, before []float32) {
	rows, classes := p.probs.Rows(), p.probs.RowLen()
	n := len(p.trail)
	if n < cap(p.trail) {
		p.trail = p.trail[:n+1] // an entry of an earlier step lends its memory
	} else {
		p.trail = append(p.trail, TrailStep{})
	}
	t := &p.trail[n]
	t.Device = false
	t.Strategy, t.Class, t.Shift = name, grown(t.Class, rows), grown(t.Shift, rows)
	for i := range rows {
		now := p.probs.Row(i)
		t.Class[i] = int32(Argmax(now))
		t.Shift[i] = totalVariation(now, before[i*classes:(i+1)*classes])
	}
}

// update lets the strategies learn from the batch, after publishing.
func (p *Pipeline) update(ctx context.Context, b *Batch, log *zerolog.Logger) error {
	for i := range p.stages {
		s := &p.stages[i]
		if s.update == nil {
			continue
		}
		if err := safely(log, func() error { return s.update.Update(ctx, b, &p.slot.out, &p.probs) }); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// answered is the pipeline's own view.
func (p *Pipeline) answered() View {
	return View{Probs: &p.probs, Class: p.class, Score: p.score}
}

// safely turns a panic of a strategy into an error, so that one pipeline's
// mistake stays its own.
func safely(log *zerolog.Logger, f func() error) (err error) {
	defer func() { recovered(recover(), log, &err) }()
	return f()
}

// recovered logs what a panic left, for its stack fits no message.
func recovered(cause any, log *zerolog.Logger, err *error) {
	if cause == nil {
		return
	}
	log.Error().Interface("panic", cause).Bytes("stack", debug.Stack()).Msg("recovered from a panic of a strategy")
	*err = fmt.Errorf("panic: %v", cause)
}
