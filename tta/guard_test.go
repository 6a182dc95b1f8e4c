package tta_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// spoil is a strategy that makes row 0 NaN while on.
func spoil(on *bool) *change {
	return &change{correct: func(_ *tta.Batch, _ *models.Output, p *accel.Tensor) error {
		if *on {
			p.Data[0] = float32(math.NaN())
		}
		return nil
	}}
}

func kinds(events []tta.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.Kind+" "+e.Pipeline)
	}
	return out
}

func TestWhatGoesWrongIsAnsweredFromTheSourceView(t *testing.T) {
	fails := func(err error) *change {
		return &change{correct: func(*tta.Batch, *models.Output, *accel.Tensor) error { return err }}
	}
	on := true
	for name, c := range map[string]struct {
		strategies []tta.Strategy
		trip       tta.Trip
		guard      string
	}{
		"a row that is not finite": {[]tta.Strategy{spoil(&on)}, tta.TripNonFinite, "source: row 0 is not finite"},
		"an error":                 {[]tta.Strategy{fails(errors.New("no memory left"))}, tta.TripError, "source: error: main0: no memory left"},
		"a panic": {[]tta.Strategy{&change{correct: func(*tta.Batch, *models.Output, *accel.Tensor) error { panic("index 9 of 3") }}},
			tta.TripError, "source: error: main0: panic: index 9 of 3"},
		"a forward that fails": {[]tta.Strategy{shift{"x", float32(math.Inf(1))}}, tta.TripError, `source: error: forward: overlay "x": device lost`},
	} {
		t.Run(name, func(t *testing.T) {
			other := &change{}
			g := build(t, options(champion(c.strategies...), pipe{"b", tta.Shadow, []tta.Strategy{other}}))
			r := settle(t, g, certain(1))
			p := r.Pipelines[0]
			assert.Equal(t, c.trip, p.Trip)
			assert.Equal(t, c.guard, p.Guard)
			require.NotNil(t, r.Source)
			assert.Equal(t, r.Source.Probs.Data, p.View.Probs.Data)
			assert.Empty(t, p.NoAnswer)
			assert.Equal(t, []string{"guard.trip main"}, kinds(r.Events))
			assert.Equal(t, tta.GuardOK, r.Pipelines[1].Guard, "the other goes on")
			assert.Equal(t, 1, other.updates)
			if s, ok := c.strategies[0].(*change); ok {
				assert.Zero(t, s.updates, "a tripped batch teaches nothing")
			}
		})
	}
}

func TestTheSourceForwardIsRunOnlyWhenTheGuardNeedsIt(t *testing.T) {
	on := false
	g := build(t, options(champion(shift{"x", 1}, spoil(&on))))
	r := settle(t, g, certain(1))
	assert.Nil(t, r.Source)
	assert.Equal(t, 1, r.Forwards)
	on = true
	r = settle(t, g, certain(1))
	assert.NotNil(t, r.Source)
	assert.Equal(t, 2, r.Forwards)
	on = false
	r = settle(t, g, certain(1))
	assert.Equal(t, []string{"guard.recover main"}, kinds(r.Events))
}

func TestAPipelineThatKeepsTrippingStartsOver(t *testing.T) {
	on := false
	s := spoil(&on)
	o := options(champion(s))
	o.Guard.ResetAfter = 2
	g := build(t, o)
	settle(t, g, certain(1))
	require.Equal(t, 1, s.updates)
	on = true
	settle(t, g, certain(1))
	require.Equal(t, 1, s.updates, "one trip is not enough")
	step(t, g, certain(1))
	r := settle(t, g, certain(1)) // the step before was not settled and does not count
	assert.Zero(t, s.updates)
	assert.Equal(t, []string{"pipeline.reset main"}, kinds(r.Events), "the trip itself was reported when it began")
	assert.Contains(t, r.Events[0].Message, "2 batches in a row tripped, the last because row 0 is not finite")
}

func TestRowsTheSourceCannotAnswerEitherAreListedAndBlameNobody(t *testing.T) {
	s := &change{}
	o := options(champion(s))
	o.Guard.ResetAfter = 1
	g := build(t, o)
	settle(t, g, certain(0))
	nan := float32(math.NaN())
	r := settle(t, g, batch(0, 9, 0, nan, 0, 0, 0, 0, 9))
	p := r.Pipelines[0]
	assert.Equal(t, tta.TripNonFinite, p.Trip)
	assert.Equal(t, []int{1}, p.NoAnswer)
	assert.Equal(t, []int32{1, -1, 2}, p.View.Class)
	assert.Equal(t, 1, s.updates, "neither updated nor reset")
	preds := r.Predictions(0)
	assert.Equal(t, []int{0}, preds[1].NoAnswer)
	assert.Empty(t, preds[0].NoAnswer)
}

func TestTheGuardCanBeToldToLetNonFiniteRowsPass(t *testing.T) {
	on := true
	o := options(champion(spoil(&on)))
	o.Guard.NonFinite = false
	p := settle(t, build(t, o), certain(0, 1)).Pipelines[0]
	assert.Equal(t, tta.GuardOK, p.Guard)
	assert.Equal(t, []int{0}, p.NoAnswer, "they still must not be published")
}

func TestItemsCanAskForTheSourceView(t *testing.T) {
	s := &change{}
	g := build(t, options(champion(shift{"x", 9}, s), pipe{"b", tta.Shadow, nil}))
	b := certain(1, 2)
	b.Items[1].SourceOnly = "input not finite"
	r := settle(t, g, b)
	for _, p := range r.Pipelines {
		assert.Equal(t, "source: input not finite", p.Guard)
		assert.Equal(t, []int32{1, 2}, p.View.Class)
	}
	assert.Equal(t, 1, r.Forwards)
	assert.Zero(t, s.updates)
	assert.Empty(t, r.Events, "nothing went wrong")
}

func TestSourceDisagreementTripsOverTheWindow(t *testing.T) {
	always := answerOne(0)
	o := options(champion(always))
	o.Guard.MaxSourceDisagreement, o.Guard.WindowRows, o.Guard.ResetAfter = 0.5, 8, 0
	g := build(t, o)
	assert.Equal(t, tta.GuardOK, settle(t, g, certain(1)).Pipelines[0].Guard, "one row is no evidence")
	p := settle(t, g, certain(0, 1, 1)).Pipelines[0]
	assert.Equal(t, tta.TripDisagreement, p.Trip)
	assert.Equal(t, "source: 0.750 of the last 4 rows changed class, more than max_source_disagreement 0.5", p.Guard)
	assert.Equal(t, []int32{0, 1, 1}, p.View.Class)
	settle(t, g, certain(0, 0, 0, 0))
	p = settle(t, g, certain(0)).Pipelines[0]
	assert.Equal(t, tta.GuardOK, p.Guard, "2 of the last 8 rows: the window moved on")
}

func TestClassEntropyTripsOnlyWhereTheSourceKeepsItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		batch *tta.Batch
		want  tta.Trip
	}{
		"the pipeline alone collapsed":   {certain(0, 1, 2, 0), tta.TripClassEntropy},
		"the stream itself is one class": {certain(1, 1, 1, 1), tta.TripNone},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(champion(answerOne(1)))
			o.Guard.MinClassEntropy, o.Guard.WindowRows = 0.3, 8
			p := settle(t, build(t, o), c.batch).Pipelines[0]
			assert.Equal(t, c.want, p.Trip)
		})
	}
}

func TestTheGuardsWindowCountsWhatPassedThroughIt(t *testing.T) {
	// A window against a plain recount, over batches shorter and longer than it.
	own := 0
	o := options(champion(&change{correct: func(b *tta.Batch, _ *models.Output, p *accel.Tensor) error {
		clear(p.Data)
		for i := range b.Rows {
			p.Row(i)[(own+i)%2] = 1
		}
		return nil
	}}))
	o.Guard.MaxSourceDisagreement, o.Guard.WindowRows, o.Guard.ResetAfter = 0.5, 5, 0
	g := build(t, o)
	var differ []bool
	for n, size := range []int{1, 2, 3, 7, 1, 1, 4, 5, 6, 2} {
		own = n
		class := make([]int, size)
		for i := range class {
			class[i] = (n * i) % 3
			differ = append(differ, class[i] != (own+i)%2)
		}
		last := differ[max(len(differ)-5, 0):]
		count := 0
		for _, d := range last {
			if d {
				count++
			}
		}
		want := tta.TripNone
		if 4*len(last) >= 5 && float64(count)/float64(len(last)) > 0.5 {
			want = tta.TripDisagreement
		}
		assert.Equal(t, want, settle(t, g, certain(class...)).Pipelines[0].Trip, "batch %d", n)
	}
}

func TestAnUpdateThatFailsResetsItsPipeline(t *testing.T) {
	s := &change{}
	g := build(t, options(champion(s)))
	settle(t, g, certain(0))
	s.update = func() error { panic("half way") }
	r := settle(t, g, certain(0))
	assert.Zero(t, s.updates)
	assert.Equal(t, []string{"pipeline.reset main"}, kinds(r.Events))
	assert.Contains(t, r.Events[0].Message, "panic: half way")

	ctx, cancel := context.WithCancel(context.Background())
	s.update = func() error { cancel(); return ctx.Err() }
	r = step(t, g, certain(0))
	assert.ErrorIs(t, g.Settle(ctx, r), context.Canceled)
}
