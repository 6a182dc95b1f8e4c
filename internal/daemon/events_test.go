package daemon

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/stream"
	"ttad/tta"
)

func TestEventsOfPipelinesAreWarningsUnlessTheyAreGoodNews(t *testing.T) {
	e := &engine{step: 7}
	for kind, severity := range map[string]stream.Severity{
		tta.EventTrip: stream.Warn, tta.EventReset: stream.Warn, tta.EventBehind: stream.Warn,
		tta.EventRecover: stream.Info, tta.EventCaughtUp: stream.Info,
	} {
		ev := e.eventOf(tta.Event{Kind: kind, Pipeline: "main", Message: "what was seen"}, 0)
		assert.Equal(t, severity, ev.Severity, kind)
		assert.Equal(t, severity == stream.Warn, ev.Hint != "", "%s: a warning says what to do", kind)
		assert.Equal(t, "what was seen", ev.Message)
		assert.EqualValues(t, 7, ev.Step)
	}
}
