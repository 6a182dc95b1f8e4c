package tta

import (
	"fmt"
	"math"
)

// compares reports whether the guard looks at the source view in every step.
func (c GuardConfig) compares() bool {
	return c.MinClassEntropy > 0 || c.MaxSourceDisagreement < 1
}

// check trips the pipeline when its answer cannot be right. It reads the window
// and writes nothing to it. source is nil where the guard does not compare.
func (p *Pipeline) check(c GuardConfig, source *View) {
	if c.NonFinite {
		for i := range p.class {
			if Argmax(p.probs.Row(i)) < 0 {
				p.tripped(TripNonFinite, fmt.Sprintf("row %d is not finite", i))
				return
			}
		}
	}
	if !c.compares() {
		return
	}
	w := &p.watch
	w.look(p.class, source.Class)
	if !w.filled() {
		return
	}
	n := w.ahead.seen
	if share := w.ahead.disagreement(); share > c.MaxSourceDisagreement {
		p.tripped(TripDisagreement, fmt.Sprintf("%.3f of the last %d rows changed class, more than max_source_disagreement %g", share, n, c.MaxSourceDisagreement))
		return
	}
	own, theirs := entropyShare(w.ahead.own, n, w.classes), entropyShare(w.ahead.source, n, w.classes)
	if own < c.MinClassEntropy && theirs >= c.MinClassEntropy {
		p.tripped(TripClassEntropy, fmt.Sprintf("class entropy %.3f over the last %d rows is below min_class_entropy %g; the source view's is %.3f", own, n, c.MinClassEntropy, theirs))
	}
}

// watch is what the guard remembers of a pipeline: the classes of the last rows,
// its own and the source view's, and how many batches in a row have tripped. It
// holds what the pipeline would have answered, so that a tripped pipeline can
// recover. look only reads; commit writes, in Settle.
type watch struct {
	capacity int
	classes  int    // of the model, for the entropy's scale
	ring     []pair // the last rows, the oldest at next once full
	next     int
	counts   tally // of ring
	tripping int   // consecutive tripped batches
	wasOK    bool

	ahead tally // of the window as it would be with the batch looked at
}

// pair is one row's class in the pipeline and in the source view.
type pair struct{ own, source int32 }

// tally counts the rows of a window.
type tally struct {
	own, source []int // by class
	differ      int
	seen        int
}

// newWatch makes the window of a guard that compares; any other keeps none.
// answers is the number of classes a decider brings, or 0.
func newWatch(c GuardConfig, answers, classes int) watch {
	w := watch{wasOK: true, classes: classes}
	if c.compares() {
		w.capacity = max(c.WindowRows, 1)
		w.counts, w.ahead = newTally(max(answers, classes)), newTally(max(answers, classes))
	}
	return w
}

func newTally(classes int) tally {
	return tally{own: make([]int, classes), source: make([]int, classes)}
}

// add counts a row n times; -1 takes it away. A row without an answer says nothing.
func (t *tally) add(p pair, n int) {
	if p.own < 0 || p.source < 0 {
		return
	}
	t.seen += n
	t.own[p.own] += n
	t.source[p.source] += n
	if p.own != p.source {
		t.differ += n
	}
}

func (t *tally) copyFrom(u *tally) {
	copy(t.own, u.own)
	copy(t.source, u.source)
	t.differ, t.seen = u.differ, u.seen
}

func (w *watch) reset() {
	w.ring, w.next, w.tripping = w.ring[:0], 0, 0
	clear(w.counts.own)
	clear(w.counts.source)
	w.counts.differ, w.counts.seen = 0, 0
}

// look counts the window as it would be with a batch at its end.
func (w *watch) look(own, source []int32) {
	w.ahead.copyFrom(&w.counts)
	own, source = lastOf(own, w.capacity), lastOf(source, w.capacity)
	drop := max(len(w.ring)+len(own)-w.capacity, 0)
	for i := range drop {
		w.ahead.add(w.ring[(w.next+i)%len(w.ring)], -1)
	}
	for i := range own {
		w.ahead.add(pair{own[i], source[i]}, 1)
	}
}

func lastOf(s []int32, n int) []int32 { return s[max(len(s)-n, 0):] }

// filled reports whether the window holds enough to judge by: a quarter of what
// it can, since a handful of rows of one class is no collapse.
func (w *watch) filled() bool { return 4*w.ahead.seen >= w.capacity }

func (t *tally) disagreement() float64 { return float64(t.differ) / float64(max(t.seen, 1)) }

// entropyShare is the entropy of class counts as a share of ln(classes).
func entropyShare(counts []int, n, classes int) float64 {
	h := 0.0
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / float64(n)
			h -= p * math.Log(p)
		}
	}
	return h / math.Log(float64(classes))
}

// commit moves the window on by a batch.
func (w *watch) commit(own, source []int32) {
	own, source = lastOf(own, w.capacity), lastOf(source, w.capacity)
	for i := range own {
		p := pair{own[i], source[i]}
		w.counts.add(p, 1)
		if len(w.ring) < w.capacity {
			w.ring = append(w.ring, p)
			continue
		}
		w.counts.add(w.ring[w.next], -1)
		w.ring[w.next] = p
		w.next = (w.next + 1) % w.capacity
	}
}

// transition appends an event where the guard's verdict differs from the one
// before. Batches that asked for the source view are no verdict.
func (w *watch) transition(events []Event, p *Pipeline) []Event {
	switch {
	case p.trip == TripSourceOnly:
	case p.trip != TripNone && w.wasOK:
		return append(events, Event{Kind: EventTrip, Pipeline: p.name, Trip: p.trip, Message: p.reason})
	case p.trip == TripNone && !w.wasOK:
		return append(events, Event{Kind: EventRecover, Pipeline: p.name, Message: "answers for itself again"})
	}
	return events
}
