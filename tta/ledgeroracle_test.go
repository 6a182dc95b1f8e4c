package tta_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ttad/tta"
)

// plainLedger says what becomes of labels by looking through lists.
type plainLedger struct {
	rows   int
	maxAge time.Duration
	held   []*plainItem // the oldest first
	gone   []string     // ids in the order they left, the last rows of them
	newest uint64
}

type plainItem struct {
	tta.Item
	at     time.Time
	owns   bool // its id; no newer item has taken it
	labels []int
}

func (l *plainLedger) remove(i int) {
	if it := l.held[i]; it.owns {
		l.leave(it.ID)
	}
	l.held = slices.Delete(l.held, i, i+1)
}

func (l *plainLedger) leave(id string) {
	l.gone = append(l.gone, id)
	l.gone = l.gone[max(len(l.gone)-l.rows, 0):]
}

func (l *plainLedger) expire(now time.Time) {
	for len(l.held) > 0 && now.Sub(l.held[0].at) > l.maxAge {
		l.remove(0)
	}
}

func (l *plainLedger) record(it tta.Item, now time.Time) {
	if it.Rows > l.rows {
		l.takeID(it.ID)
		l.leave(it.ID)
		l.newest = max(l.newest, it.Seq)
		return
	}
	if i := slices.IndexFunc(l.held, func(h *plainItem) bool { return h.Seq == it.Seq }); i >= 0 {
		if slices.ContainsFunc(l.held[i].labels, func(c int) bool { return c >= 0 }) {
			return
		}
		l.remove(i)
	}
	l.expire(now)
	for total := it.Rows; ; total = it.Rows {
		for _, h := range l.held {
			total += h.Rows
		}
		if total <= l.rows {
			break
		}
		l.remove(0)
	}
	l.takeID(it.ID)
	l.newest = max(l.newest, it.Seq)
	l.held = append(l.held, &plainItem{it, now, true, slices.Repeat([]int{-1}, it.Rows)})
}

func (l *plainLedger) takeID(id string) {
	for _, h := range l.held {
		h.owns = h.owns && h.ID != id
	}
}

func (l *plainLedger) judge(lb tta.Label, now time.Time) tta.LabelState {
	l.expire(now)
	i := slices.IndexFunc(l.held, func(h *plainItem) bool {
		return lb.ID != "" && h.owns && h.ID == lb.ID || lb.ID == "" && h.Seq == lb.Seq
	})
	switch {
	case i < 0 && lb.ID == "" && lb.Seq > l.newest, i < 0 && lb.ID != "" && !slices.Contains(l.gone, lb.ID):
		return tta.LabelEarly
	case i < 0:
		return tta.LabelExpired
	case lb.Row >= l.held[i].Rows:
		return tta.LabelInvalid
	}
	known := &l.held[i].labels[lb.Row]
	switch {
	case *known < 0:
		*known = lb.Class
		return tta.LabelLearned
	case *known == lb.Class:
		return tta.LabelRepeated
	case lb.Revise:
		*known = lb.Class
		return tta.LabelRevised
	}
	return tta.LabelConflict
}

func TestTheLedgerAgreesWithLookingThroughLists(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 107))
			const rows = 12
			g, now := school(t, rows, champion())
			plain := &plainLedger{rows: rows, maxAge: tta.DefaultLedger().MaxAge}
			for range 300 {
				now.now = now.now.Add(time.Duration(r.IntN(4)) * time.Hour)
				b := randomItems(r)
				settle(t, g, b)
				for _, it := range b.Items {
					plain.record(it, now.now)
				}
				for range r.IntN(6) {
					lb := tta.Label{Row: r.IntN(2), Class: r.IntN(classes), Revise: r.IntN(3) == 0}
					if lb.Seq = uint64(1 + r.IntN(90)); r.IntN(2) == 0 {
						lb.ID = fmt.Sprint(r.IntN(45))
					}
					require.Equal(t, plain.judge(lb, now.now), learn(t, g, lb)[0].State, "%+v", lb)
				}
				held := 0
				for _, h := range plain.held {
					held += h.Rows
				}
				require.Equal(t, held, g.Ledger().Rows)
				require.Equal(t, len(plain.held), g.Ledger().Items)
			}
		})
	}
}

// randomItems is a batch of items, some too large, some answered before, some
// whose id another has.
func randomItems(r *rand.Rand) *tta.Batch {
	var items []tta.Item
	total := 0
	for range 1 + r.IntN(4) {
		it := tta.Item{ID: fmt.Sprint(r.IntN(45)), Seq: uint64(1 + r.IntN(90)), Rows: 1 + r.IntN(3)}
		if r.IntN(20) == 0 {
			it.Rows = 13
		}
		items, total = append(items, it), total+it.Rows
	}
	b := certain(make([]int, total)...)
	b.Items = items
	return b
}
