package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
)

func TestEventsAreStoredAsCloudEvents(t *testing.T) {
	b := newBench(t)
	b.provision()
	conn := b.connect()
	at := time.Date(2026, 11, 23, 8, 0, 0, 5000, time.UTC)
	events := stream.NewEvents(conn, stream.Subjects{Prefix: "tta", Group: "g"}, func() time.Time { return at })
	for range 2 {
		events.Publish(stream.Event{
			Kind: "guard.trip", Pipeline: "main", Step: 7, Severity: stream.Warn, Message: "entropy is low", Hint: "look at it",
			Evidence: map[string]any{"entropy": 0.25},
		})
	}
	events.Publish(stream.Event{Kind: "reload.applied", Severity: stream.Info, Message: "2 changes"})
	require.NoError(t, conn.Close(context.Background()))
	b.waitFor("tta.g.events.>", 3)

	stored := b.stored("tta.g.events.>")
	assert.Equal(t, "tta.g.events.guard.trip", stored[0].Subject)
	for name, want := range map[string]string{
		"ce-specversion": "1.0", "ce-type": "ttad.guard.trip", "ce-source": "/tta/g", "ce-time": "2026-11-23T08:00:00.000005Z", "Content-Type": "application/json",
	} {
		assert.Equal(t, []string{want}, stored[0].Header[name], name)
	}
	assert.NotEmpty(t, stored[0].Header["ce-id"])
	assert.NotEqual(t, stored[0].Header["ce-id"], stored[1].Header["ce-id"], "every event has its own id")
	assert.JSONEq(t, `{"time":"2026-11-23T08:00:00.000005Z","group":"g","pipeline":"main","step":7,"severity":"warn",
		"message":"entropy is low","hint":"look at it","evidence":{"entropy":0.25}}`, string(stored[0].Data))
	assert.JSONEq(t, `{"time":"2026-11-23T08:00:00.000005Z","group":"g","step":0,"severity":"info","message":"2 changes"}`, string(stored[2].Data))
	assert.Zero(t, events.Lost())
}

func TestEventsTheConnectionDoesNotTakeAreCounted(t *testing.T) {
	b := newBench(t)
	conn := b.connect()
	require.NoError(t, conn.Close(context.Background()))
	events := stream.NewEvents(conn, stream.Subjects{Prefix: "tta", Group: "g"}, time.Now)
	events.Publish(stream.Event{Kind: "guard.trip"})
	assert.EqualValues(t, 1, events.Lost())
}
