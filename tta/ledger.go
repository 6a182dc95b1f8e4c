package tta

import (
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// ledger holds a group's answers while their labels are out. Items are only ever
// peeked at, so the list that orders them by use orders them by age and the oldest
// leave first. Recording, finding and evicting an item each take constant time.
type ledger struct {
	LedgerConfig
	held   *simplelru.LRU[uint64, *entry] // by number of the item's first row
	byID   map[string]uint64
	bySeq  map[uint64]uint64
	gone   goneIDs
	newest uint64 // largest sequence recorded
	next   uint64 // number of the next row
	rows   int
	bytes  int64
	spare  *entry // the last to leave, whose memory the next may use
	stats  LedgerStats
}

// LedgerStats is what a ledger holds, and what became of items since it began.
type LedgerStats struct {
	Items int   `json:"items"`
	Rows  int   `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Evicted items left by age or for want of room.
	Evicted uint64 `json:"evicted"`
	// Renamed counts items whose id a newer item has taken; labels find them by
	// sequence only.
	Renamed uint64 `json:"renamed"`
	// Oversized items were larger than the whole ledger and never entered it.
	Oversized uint64 `json:"oversized"`
}

func newLedger(c LedgerConfig) *ledger {
	l := &ledger{LedgerConfig: c, byID: map[string]uint64{}, bySeq: map[uint64]uint64{}, gone: newGoneIDs(c.Rows)}
	held, err := simplelru.NewLRU(c.Rows, l.left)
	if err != nil {
		panic(err) // the number of rows was checked
	}
	l.held = held
	return l
}

// open makes room for an item and enters it, ready to be filled with values. It
// returns nil where nothing is to be recorded: the item is larger than the ledger,
// or it was answered before and labelled since, so that learners have seen it.
func (l *ledger) open(it *Item, step uint64, now time.Time, values, parts int) *entry {
	number := l.next
	l.next += uint64(it.Rows)
	size := entryBytes(it, values, parts)
	if it.Rows > l.LedgerConfig.Rows || size > l.LedgerConfig.Bytes {
		l.pass(it)
		return nil
	}
	if !l.again(it) {
		return nil
	}
	l.expire(now)
	for l.held.Len() > 0 && (l.rows+it.Rows > l.LedgerConfig.Rows || l.bytes+size > l.LedgerConfig.Bytes) {
		l.held.RemoveOldest()
		l.stats.Evicted++
	}
	e := l.blank(values)
	e.id, e.key, e.seq, e.rows, e.step = it.ID, it.Key, it.Seq, it.Rows, step
	e.row, e.answered, e.bytes = number, now, size
	l.enter(e)
	return e
}

// pass notes an item that never enters: labels for it come too late, and its id no
// longer stands for an older item.
func (l *ledger) pass(it *Item) {
	l.stats.Oversized++
	l.newest = max(l.newest, it.Seq)
	delete(l.byID, it.ID)
	l.gone.add(it.ID)
}

// again reports whether an item's answer is to be recorded though one with the
// same sequence was: it takes the place of an answer no label has come for.
func (l *ledger) again(it *Item) bool {
	number, ok := l.bySeq[it.Seq]
	if it.Seq == 0 || !ok {
		return true
	}
	if e, _ := l.held.Peek(number); e.labelled() {
		return false
	}
	l.held.Remove(number)
	return true
}

// blank returns an empty entry whose values have the given capacity.
func (l *ledger) blank(values int) *entry {
	if e := l.spare; e != nil && cap(e.values) == values {
		l.spare = nil
		*e = entry{values: e.values[:0], parts: e.parts[:0], truth: e.truth[:0]}
		return e
	}
	return &entry{values: make([]float32, 0, values)}
}

func (l *ledger) enter(e *entry) {
	l.rows += e.rows
	l.bytes += e.bytes
	l.newest = max(l.newest, e.seq)
	if e.seq != 0 {
		l.bySeq[e.seq] = e.row
	}
	if e.id != "" {
		if _, taken := l.byID[e.id]; taken {
			l.stats.Renamed++
		}
		l.byID[e.id] = e.row
	}
	l.held.Add(e.row, e)
}

// left keeps the books when an entry leaves, however it does.
func (l *ledger) left(number uint64, e *entry) {
	l.rows -= e.rows
	l.bytes -= e.bytes
	if at, ok := l.bySeq[e.seq]; ok && at == number {
		delete(l.bySeq, e.seq)
	}
	if at, ok := l.byID[e.id]; ok && at == number {
		delete(l.byID, e.id)
		l.gone.add(e.id)
	}
	l.spare = e
}

// expire lets items leave that are older than MaxAge.
func (l *ledger) expire(now time.Time) {
	for {
		_, e, ok := l.held.GetOldest()
		if !ok || now.Sub(e.answered) <= l.MaxAge {
			return
		}
		l.held.RemoveOldest()
		l.stats.Evicted++
	}
}

// find returns the item a label is for, or what to say of the label.
func (l *ledger) find(lb *Label) (*entry, LabelState) {
	number, ok := l.byID[lb.ID]
	if lb.ID == "" {
		number, ok = l.bySeq[lb.Seq]
	}
	switch {
	case ok:
		e, _ := l.held.Peek(number)
		return e, ""
	case lb.ID == "" && lb.Seq > l.newest, lb.ID != "" && !l.gone.has(lb.ID):
		return nil, LabelEarly
	default:
		return nil, LabelExpired
	}
}

// configure changes the bounds.
func (l *ledger) configure(c LedgerConfig) {
	l.LedgerConfig = c
	for l.held.Len() > 0 && (l.rows > c.Rows || l.bytes > c.Bytes) {
		l.held.RemoveOldest()
		l.stats.Evicted++
	}
	l.held.Resize(c.Rows)
	l.gone.resize(c.Rows)
}

func (l *ledger) read() LedgerStats {
	s := l.stats
	s.Items, s.Rows, s.Bytes = l.held.Len(), l.rows, l.bytes
	return s
}
