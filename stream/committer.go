package stream

import (
	"context"

	"ttad/tta"
)

// Committer answers parcels. Commit returns once the inputs may be forgotten, or
// with an error, after which they will be delivered again.
//
// answers has one entry an item of the parcel's batch, each with one prediction
// of the champion and any of challengers; shadows are left out. Entries of items
// that were refused are ignored and may be nil, as may answers when all were.
//
// Modes ordered and none are implemented here; a mode that stores a batch as one
// atomic message set is another implementation.
type Committer interface {
	Commit(ctx context.Context, p *Parcel, answers [][]tta.Prediction) (Receipt, error)
}

// Receipt counts what one commit did.
type Receipt struct {
	Outputs     int          // messages published on out and alt
	Challengers int          // of those, on alt
	Rows        int          // input rows that messages on out answer
	DeadLetters map[Code]int // by code
	Duplicates  int          // answers the server had already, after a redelivery
	Retries     int          // publishes that had to be repeated
	Lost        int          // mode none: answers and dead letters the connection would not take
}

// poster publishes what a writer composed, and keeps its mode's promise about it.
type poster interface {
	dead(d *Delivery) letter
	post(ctx context.Context, letters []letter, r *Receipt) error
}
