package errmem

import (
	"fmt"
	"math"
)

// Entry is one labelled row.
type Entry struct {
	Row    uint64    // the caller's name for the row, by which it can be revised
	Key    []float32 // [Dim] what it looked like; its length does not matter, its direction does
	Label  int       // the true class, 0 to Classes-1
	Base   []float32 // [Classes] the probabilities given for it then, finite; unused where bases are not kept
	Weight float32   // how much to make of it, finite and not negative; 0 is 1
}

// mustFit panics on an entry that is a programming error: of other widths, without a
// class, or with numbers that would spoil every mean they enter.
func (e *Entry) mustFit(dim, classes int, bases bool) {
	weight := float64(e.Weight)
	switch {
	case len(e.Key) != dim || e.Label < 0 || e.Label >= classes:
		panic(fmt.Sprintf("errmem: entry with key of %d and label %d for memory of keys of %d, %d classes", len(e.Key), e.Label, dim, classes))
	case bases && (len(e.Base) != classes || !finite(e.Base)):
		panic(fmt.Sprintf("errmem: entry with base %v for memory of %d classes", e.Base, classes))
	case !(weight >= 0) || math.IsInf(weight, 0):
		panic(fmt.Sprintf("errmem: entry of weight %v", weight))
	}
}

// Memory is a bounded memory of labelled rows with one owner. Reading leaves no
// trace: Snapshot is the same before and after.
//
// Keys and queries that are zero or not finite have no direction. Such a key is
// not stored and such a query has no neighbours.
type Memory interface {
	// Read fills out for n queries [n Dim], each a feature row as it comes.
	Read(queries []float32, n int, out *Reading)
	// Write remembers a row and reports whether it had a direction.
	Write(e Entry) bool
	// Revise gives a remembered row another label, and reports whether the memory
	// could: Exact, while the row is in it; Sketch never, for it keeps no rows.
	Revise(row uint64, label int) bool
	// Len is how many rows are remembered; for Sketch, all since it was reset.
	Len() int
	// Reset forgets everything.
	Reset()
	// Snapshot returns the whole state.
	Snapshot() []byte
	// Restore takes over a state of a memory built alike. It fails, and changes
	// nothing, on anything else.
	Restore(state []byte) error
}

// Index finds the keys most similar to queries; accel.Index is one. See there
// for what the methods promise.
type Index interface {
	Set(slot int, key []float32)
	Key(slot int, key []float32)
	Search(queries []float32, n, k, live int, slots []int32, similarities []float32)
}
