package stream

import (
	"fmt"
	"strings"
	"time"
)

// Bounds of what waits for items that have not come. Beyond them an early label is
// given up at once: it must not be able to hold up the others.
const (
	maxWaitingMessages = 10_000
	maxWaitingLabels   = 100_000
	maxWaitingBytes    = 16 << 20 // core NATS, where messages wait in this process
)

// Delays between two looks for an item.
const (
	firstEarlyDelay = time.Second
	lastEarlyDelay  = 30 * time.Second
)

// waiting is what is known of a message between two deliveries: which of its labels
// have come to something must not be told to the group again.
type waiting struct {
	stored time.Time // on the server, by its clock
	since  time.Time // when its labels were first found early
	seen   time.Time // when it last was here
	tries  int
	open   []uint16 // places of the labels still early
	wrong  wrongLabels
	bytes  int
}

// wrongLabels are the labels of a message that fit no row or no class: how many,
// and why the first.
type wrongLabels struct {
	count int
	first string
}

func (w *wrongLabels) add(at int, why string) {
	if w.count == 0 {
		w.first = fmt.Sprintf("labels[%d]: %s", at, why)
	}
	w.count++
}

// reason of a dead letter, for a message of so many labels.
func (w wrongLabels) reason(of int) *CodedError {
	switch {
	case of == 1:
		return Refusef(BadLabel, "%s", strings.TrimPrefix(w.first, "labels[0]: "))
	case w.count == 1:
		return Refusef(BadLabel, "%s; the other %d labels were taken", w.first, of-1)
	}
	return Refusef(BadLabel, "%s, and %d more; the other %d labels were taken", w.first, w.count-1, of-w.count)
}

// waitingRoom remembers messages whose labels came before their items, by their
// sequence. One goroutine uses it.
type waitingRoom struct {
	messages map[uint64]*waiting
	labels   int
	bytes    int
	most     int // messages
}

func newWaitingRoom(most int) *waitingRoom {
	return &waitingRoom{messages: map[uint64]*waiting{}, most: min(max(most, 1), maxWaitingMessages)}
}

// take returns what is known of a message and forgets it; nil on its first delivery.
// A stream made anew counts from 1 again: what is known of another message of the
// sequence is only forgotten.
func (r *waitingRoom) take(seq uint64, stored time.Time) *waiting {
	w := r.messages[seq]
	if w == nil {
		return nil
	}
	r.forget(seq, w)
	if !w.stored.Equal(stored) {
		return nil
	}
	return w
}

func (r *waitingRoom) forget(seq uint64, w *waiting) {
	delete(r.messages, seq)
	r.labels -= len(w.open)
	r.bytes -= w.bytes
}

// put remembers a message; false when there is no room.
func (r *waitingRoom) put(seq uint64, w *waiting, now time.Time) bool {
	if !r.fits(w) {
		r.sweep(now)
		if !r.fits(w) {
			return false
		}
	}
	w.seen = now
	r.messages[seq] = w
	r.labels += len(w.open)
	r.bytes += w.bytes
	return true
}

func (r *waitingRoom) fits(w *waiting) bool {
	return len(r.messages) < r.most && r.labels+len(w.open) <= maxWaitingLabels && r.bytes+w.bytes <= maxWaitingBytes
}

// sweep forgets messages that have not come again long after they should have: the
// server does not have them any more.
func (r *waitingRoom) sweep(now time.Time) {
	for seq, w := range r.messages {
		if now.Sub(w.seen) > 10*lastEarlyDelay {
			r.forget(seq, w)
		}
	}
}

// delay until the next look, longer each time but not beyond the end of the wait.
// After that, who waits on because inputs are left looks as seldom as before.
func (w *waiting) delay(now time.Time, maxWait time.Duration) time.Duration {
	d := lastEarlyDelay
	if w.tries < 5 {
		d = firstEarlyDelay << w.tries
	}
	if left := w.since.Add(maxWait).Sub(now); left > 0 {
		d = min(d, left)
	}
	return max(d, 10*time.Millisecond)
}
