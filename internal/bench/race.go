package main

import (
	"context"
	"fmt"
	"time"

	"ttad/accel"
	"ttad/models"
)

// racer is a device at work on a batch, with the speeds of its rounds so far.
type racer struct {
	batch   batch
	rows    int
	batches int // a round
	rates   []float64
	spent   float64 // seconds
}

// run does so many batches.
func (r *racer) run(ctx context.Context, batches int) (seconds float64, err error) {
	start := time.Now()
	for range batches {
		if _, err := r.batch(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds(), nil
}

// patience is how long a device may take for its rounds: some take many seconds a
// batch, and tell enough in one.
const patience = 5 * time.Second

// turn does a round.
func (r *racer) turn(ctx context.Context) error {
	if r.spent > patience.Seconds() {
		return nil
	}
	seconds, err := r.run(ctx, r.batches)
	r.spent += seconds
	r.rates = append(r.rates, float64(r.rows*r.batches)/seconds)
	return err
}

// pace does a batch and chooses how many of them fill a round. Everything is warm by
// then, so that a batch that takes longer than a round is one.
func (r *racer) pace(ctx context.Context, round time.Duration) error {
	r.batches = 1
	if err := r.turn(ctx); err != nil {
		return err
	}
	if r.batches = int(round.Seconds() / r.spent); r.batches > 1 {
		r.rates, r.spent = nil, 0
	}
	r.batches = max(1, r.batches)
	return nil
}

// takeTurns fills up the rounds.
func takeTurns(ctx context.Context, rounds int, racers ...*racer) error {
	for range rounds {
		for _, r := range racers {
			if err := r.turn(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// race lets the engine and, if there is one, the other device do the same batches.
func (c *compared) race(ctx context.Context, o deviceOptions, g *models.Graph, in *accel.Tensor, engine, device accel.Device) error {
	overlay := overlayOf(c.task(), g)
	return onPlan(g, engine, c.rows, func(_ *models.Plan, s *models.Session) error {
		ours := &racer{batch: forward(s, in, overlay), rows: c.rows}
		want, err := ours.batch(ctx)
		if err != nil {
			return err
		}
		if err := ours.pace(ctx, o.round); err != nil {
			return err
		}
		if device == nil {
			err := takeTurns(ctx, o.rounds, ours)
			c.engine = median(ours.rates)
			return err
		}
		return onPlan(g, device, c.rows, func(_ *models.Plan, s *models.Session) error {
			theirs := &racer{batch: forward(s, in, overlay), rows: c.rows}
			return c.against(ctx, o, ours, theirs, want, device.(accel.Metered))
		})
	})
}

// against compares answers, counts, and measures.
func (c *compared) against(ctx context.Context, o deviceOptions, ours, theirs *racer, want []float32, device accel.Metered) error {
	got, err := theirs.batch(ctx)
	if err != nil {
		return err
	}
	if err := agree(want, got); err != nil {
		return fmt.Errorf("the OpenCL device: %w", err)
	}
	if c.asked, err = counted(device, func() error { return theirs.pace(ctx, o.round) }); err != nil {
		return err
	}
	if err := takeTurns(ctx, o.rounds, ours, theirs); err != nil {
		return err
	}
	c.engine, c.card = median(ours.rates), median(theirs.rates)
	return nil
}
