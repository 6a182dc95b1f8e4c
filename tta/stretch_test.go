package tta_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
)

// lessons settles and labels so many rows with the same label; the source model
// answers class 0, a taught pupil the class it was taught last.
func lessons(t *testing.T, g *tta.Group, first, rows, label int) (events []tta.Event) {
	t.Helper()
	for i := first; i < first+rows; i++ {
		settle(t, g, numbered(certain(0), i))
		learn(t, g, tta.Label{Seq: uint64(i), Class: label})
		events = append(events, g.LearnEvents()...)
	}
	return events
}

func TestAPipelineBehindTheSourceModelIsTold(t *testing.T) {
	o, _ := schooling(100, champion(&pupil{}))
	o.Ledger.ScoreRows = 300
	g := build(t, o)
	assert.Empty(t, lessons(t, g, 1, 300, 1), "the pupil is right and the source wrong")

	// The pupil now trails by one row whenever the label alternates, and the source
	// is right every other row.
	var events []tta.Event
	for i := range 300 {
		events = append(events, lessons(t, g, 301+i, 1, i%2)...)
	}
	if assert.Len(t, events, 1) {
		assert.Equal(t, tta.EventBehind, events[0].Kind)
		assert.Equal(t, "main", events[0].Pipeline)
		assert.Contains(t, events[0].Message, "over the last 300 labelled rows -50.0 points of accuracy")
	}

	events = lessons(t, g, 601, 600, 1)
	if assert.Len(t, events, 1, "told once") {
		assert.Equal(t, tta.EventCaughtUp, events[0].Kind)
	}
}

func TestTooFewLabelsSayNothingOfFallingBehind(t *testing.T) {
	o, _ := schooling(100, champion(&pupil{}))
	o.Ledger.ScoreRows = 10
	g := build(t, o)
	var events []tta.Event
	for i := range 255 {
		events = append(events, lessons(t, g, 1+i, 1, i%2)...)
	}
	assert.Empty(t, events)
}
