package models_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
)

// overlays are the source model, a blend and given moments.
func overlays(g *models.Graph) []*models.Overlay {
	blend, given := &models.Overlay{}, &models.Overlay{}
	b, v := make([]accel.NormRule, len(g.Norms)), make([]accel.NormRule, len(g.Norms))
	for i, n := range g.Norms {
		b[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.25}
		v[i] = accel.NormRule{Mode: accel.NormGiven, Mean: random(uint64(i), n.Channels), Var: positive(uint64(i), n.Channels)}
	}
	blend.SetNorms("blend", b)
	given.SetNorms("given", v)
	return []*models.Overlay{{}, blend, given}
}

// asksOf are the forwards of a batch, each of which keeps something else.
func asksOf(g *models.Graph) []models.Ask {
	all := overlays(g)
	return []models.Ask{
		{Overlay: all[0], Keep: models.Keep{Features: true}},
		{Overlay: all[1], Keep: models.Keep{Moments: true}},
		{Overlay: all[2]},
	}
}

// alone are the same forwards, one after the other, on a device that waits for each.
func alone(t *testing.T, g *models.Graph, in []*accel.Tensor) []*models.Output {
	t.Helper()
	s := session(t, g, &oracle{}, 8)
	var out []*models.Output
	for _, a := range asksOf(g) {
		o, err := s.Forward(t.Context(), in, in[0].Rows(), a.Overlay, a.Keep)
		require.NoError(t, err)
		out = append(out, o)
	}
	return out
}

// Batches of changing size, every other one staged while the one before is at work,
// collected in another order than queued: the bits are those of forwards one by one.
func TestQueuedForwardsGiveTheBitsOfForwardsOneByOne(t *testing.T) {
	g := smallCNN(t, true)
	d := &deferred{oracle: &oracle{}}
	s := session(t, g, d, 8)
	require.True(t, s.Queues())
	staged := false
	for i, rows := range []int{5, 8, 1, 3, 8, 2} {
		in := batch(uint64(i), rows)
		asks := asksOf(g)
		require.NoError(t, s.Queue(t.Context(), in, rows, staged, asks))
		waits := d.waits
		if staged = i%2 == 0; staged && i < 5 {
			next := batch(uint64(i+1), []int{5, 8, 1, 3, 8, 2}[i+1])
			require.NoError(t, s.Stage(next, next[0].Rows()))
			clear(next[0].Data) // may be reused
		}
		assert.Equal(t, waits, d.waits, "nobody has waited yet")
		want := alone(t, g, batch(uint64(i), rows))
		for _, k := range []int{1, 0, 2} {
			got, err := s.Collect(t.Context(), k)
			require.NoError(t, err)
			assert.Equal(t, want[k], got, "batch %d, ask %d", i, k)
		}
	}
}

// A strategy may run the model on its own between queueing and collecting.
func TestAForwardInBetweenDisturbsNothing(t *testing.T) {
	g := smallCNN(t, true)
	s := session(t, g, &deferred{oracle: &oracle{}}, 8)
	in := batch(1, 4)
	want := alone(t, g, in)
	require.NoError(t, s.Queue(t.Context(), in, 4, false, asksOf(g)))
	require.NoError(t, s.Stage(batch(2, 8), 8))
	first, err := s.Collect(t.Context(), 0)
	require.NoError(t, err)
	between, err := s.Forward(t.Context(), in, 4, asksOf(g)[1].Overlay, models.Keep{Moments: true})
	require.NoError(t, err)
	assert.Equal(t, want[1], between)
	last, err := s.Collect(t.Context(), 2)
	require.NoError(t, err)
	assert.Equal(t, want[0], first)
	assert.Equal(t, want[2], last)
	require.NoError(t, s.Queue(t.Context(), batch(2, 8), 8, true, asksOf(g)[:1]))
	got, err := s.Collect(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, alone(t, g, batch(2, 8))[0], got, "what was staged is still there")
}

// What nobody collects is forgotten, with its error, and a batch that was staged and
// never came is too.
func TestWhatIsNotCollectedIsForgotten(t *testing.T) {
	g := smallCNN(t, true)
	d := &deferred{oracle: &oracle{}}
	s := session(t, g, d, 8)
	d.fail = accel.ErrLost
	require.NoError(t, s.Queue(t.Context(), batch(1, 4), 4, false, asksOf(g)))
	require.NoError(t, s.Stage(batch(7, 2), 2))
	in := batch(2, 3)
	require.NoError(t, s.Queue(t.Context(), in, 3, false, asksOf(g)[:1]), "the error is that of what nobody wants")
	d.fail = nil
	got, err := s.Collect(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, alone(t, g, in)[0], got)
}

func TestAnErrorOfOneQueuedForwardIsBelievedOfAll(t *testing.T) {
	g := smallCNN(t, true)
	d := &deferred{oracle: &oracle{}}
	s := session(t, g, d, 8)
	d.fail = accel.ErrLost
	require.NoError(t, s.Queue(t.Context(), batch(1, 4), 4, false, asksOf(g)))
	_, err := s.Collect(t.Context(), 0)
	require.ErrorIs(t, err, accel.ErrLost)
	d.fail = nil
	_, err = s.Collect(t.Context(), 1)
	require.Error(t, err)

	in := batch(3, 4)
	require.NoError(t, s.Queue(t.Context(), in, 4, false, asksOf(g)))
	got, err := s.Collect(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, alone(t, g, in)[1], got, "the next batch is none the worse")
}

func TestCollectingStopsWithTheContext(t *testing.T) {
	g := smallCNN(t, true)
	s := session(t, g, &deferred{oracle: &oracle{}}, 8)
	in := batch(1, 4)
	require.NoError(t, s.Queue(t.Context(), in, 4, false, asksOf(g)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Collect(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
	got, err := s.Collect(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, alone(t, g, in)[0], got)
}

func TestQueueRefusesWhatAForwardWould(t *testing.T) {
	g := smallCNN(t, true)
	s := session(t, g, &deferred{oracle: &oracle{}}, 8)
	require.ErrorContains(t, s.Queue(t.Context(), batch(1, 9), 9, false, asksOf(g)), "9 rows: the plan takes 1 to 8")
	require.ErrorContains(t, s.Stage(batch(1, 9), 9), "9 rows: the plan takes 1 to 8")
}

// What a session has on its device for queueing is given back: session() checks.
func TestOnlyOneAsynchronousPartQueues(t *testing.T) {
	g := smallCNN(t, true)
	assert.False(t, session(t, g, &oracle{}, 8).Queues())
	processor, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	assert.False(t, session(t, g, processor, 8).Queues(), "the processor does the work at once")

	first, second := &deferred{oracle: &oracle{refuse: "Relu"}}, &deferred{oracle: &oracle{}}
	plan, err := models.NewPlan(g, []accel.Device{first, second}, 8)
	require.NoError(t, err)
	s, err := plan.NewSession()
	require.NoError(t, err)
	assert.False(t, s.Queues(), "parts wait for each other")
	in := batch(1, 4)
	got, err := s.Forward(t.Context(), in, 4, nil, models.Keep{Features: true})
	require.NoError(t, err)
	assert.Equal(t, alone(t, g, in)[0], got)
	require.NoError(t, s.Close())
	require.NoError(t, plan.Close())
}
