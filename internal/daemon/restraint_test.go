package daemon

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
)

func TestEventsAfterTheFirstFewAreSeldomAndSayHowManyWereHeldBack(t *testing.T) {
	var r restraint
	now, about := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), subject{tta.EventTrip, "main"}
	for range eventBurst {
		held, ok := r.pass(about, now)
		assert.True(t, ok)
		assert.Zero(t, held)
	}
	for range 3 {
		_, ok := r.pass(about, now)
		assert.False(t, ok)
	}
	_, ok := r.pass(subject{tta.EventRecover, "main"}, now)
	assert.True(t, ok, "another kind")
	_, ok = r.pass(subject{tta.EventTrip, "quiet"}, now)
	assert.True(t, ok, "another pipeline")
	held, ok := r.pass(about, now.Add(eventPause))
	assert.True(t, ok)
	assert.Equal(t, 3, held)
}

// A pipeline whose guard trips at every second batch floods neither log nor stream;
// the metric has every trip.
func TestAFlappingGuardIsToldOfSeldom(t *testing.T) {
	const trips = 100
	s, events := school(t, &pupil{})
	for range trips {
		s.engine.happened([]tta.Event{{Kind: tta.EventTrip, Pipeline: "main", Trip: tta.TripError, Message: "error"}})
	}
	require.Len(t, events.events, eventBurst)
	assert.NotContains(t, events.events[0].Evidence, "held_back")
	assert.EqualValues(t, trips, testutil.ToFloat64(s.engine.metrics.guardTrips.WithLabelValues("g", "main", string(tta.TripError))))
}
