package accel

import "context"

// Marker is a Stream that works while its owner does something else: Upload, Run and
// Download return when the work is queued. A stream that is none does the work before
// it returns, so that nothing is gained by queueing ahead.
type Marker interface {
	Stream
	// Mark returns a place in the queue, behind everything queued so far, and has the
	// device begin with it.
	Mark() (Mark, error)
}

// Mark is a place in a stream's queue. It is used before its stream is closed.
type Mark interface {
	// Wait returns when everything queued before the mark is done; the destinations of
	// downloads among it are valid then. Its error is the first of that work since the
	// last Sync, which Sync will report again.
	Wait(ctx context.Context) error
}
