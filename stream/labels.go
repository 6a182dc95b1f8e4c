package stream

import (
	"context"

	"ttad/tta"
)

// MaxLabels is the most labels one message, and one call of a LabelHandle, has.
const MaxLabels = 1000

// LabelUnknown is what becomes of a label whose item never came.
const LabelUnknown tta.LabelState = "unknown"

// LabelOptions is everything a group's label intake is built from. Of the group's
// own options, Ports, Model, Batch and Output are not used.
type LabelOptions struct {
	GroupOptions
	Feedback FeedbackConfig
	Classes  []string // names of classes, by index; nil where labels must be numbers
	// Behind says whether the group has inputs left to answer on the server. While
	// it has, a label without an item is not given up. Nil is never.
	Behind func(ctx context.Context) bool
	// Event is told of conflicts and floods; nil for nobody.
	Event func(Event)
}

// LabelHandle takes labels, at most MaxLabels, and says what became of each, in
// their order. Calls come from one goroutine.
type LabelHandle func(ctx context.Context, labels []tta.Label) ([]tta.Learned, error)

// LabelStats are counters since Run began.
type LabelStats struct {
	Messages    int64                    // taken
	Redelivered int64                    // of those, delivered more than once
	Limited     int64                    // labels that waited because of limits.feedback_per_second
	Dropped     int64                    // core NATS: messages that came faster than they were taken
	Waiting     int64                    // messages with labels whose items have not come yet
	States      map[tta.LabelState]int64 // labels by what became of them; early ones once
}

// Labels is a group's source of labels.
type Labels struct{}

// OpenLabels finds, or with Provision makes, what the label intake needs on the
// server. What is missing is a *MissingError with the command that makes it.
func OpenLabels(ctx context.Context, conn *Conn, o LabelOptions) (*Labels, error) {
	return &Labels{}, nil
}

// Run takes labels until ctx ends or something fails. A message is acknowledged
// once each of its labels has come to something; one with labels that came before
// their items is delivered again later.
func (l *Labels) Run(ctx context.Context, handle LabelHandle) error { return nil }

// Stats may be read at any time.
func (l *Labels) Stats() LabelStats { return LabelStats{} }
