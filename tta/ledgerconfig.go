package tta

import (
	"errors"
	"fmt"
	"time"
)

// LedgerConfig bounds what a group remembers of its answers while their labels
// are out. The oldest items leave first, on whichever bound is met first.
//
// An item takes about 400 bytes and, for each of its rows, 4 bytes for every class
// of every pipeline and of the source view, and for every value a learner
// remembers. With many classes it is the bytes that bind: 256 MiB hold 21,000
// one-row items of 1,000 classes in two pipelines.
type LedgerConfig struct {
	Rows   int
	Bytes  int64
	MaxAge time.Duration
	// ScoreRows is how many labelled rows the scores' window looks back on.
	ScoreRows int
}

// DefaultLedger suits a stream of a few hundred rows a second whose labels come
// within minutes.
func DefaultLedger() LedgerConfig {
	return LedgerConfig{Rows: 200_000, Bytes: 256 << 20, MaxAge: 24 * time.Hour, ScoreRows: 2000}
}

// check names every bound that bounds nothing.
func (c LedgerConfig) check() error {
	var problems []error
	for _, b := range []struct {
		name  string
		value int64
	}{{"rows", int64(c.Rows)}, {"bytes", c.Bytes}, {"max age", int64(c.MaxAge)}, {"score rows", int64(c.ScoreRows)}} {
		if b.value < 1 {
			problems = append(problems, fmt.Errorf("the ledger's %s are %d, want more than 0", b.name, b.value))
		}
	}
	return errors.Join(problems...)
}
