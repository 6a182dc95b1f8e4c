package tta_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
)

// stream settles one-row items numbered from first to last.
func stream(t testing.TB, g *tta.Group, first, last int) {
	t.Helper()
	for i := first; i <= last; i++ {
		settle(t, g, numbered(certain(i%classes), i))
	}
}

func TestTheOldestItemsLeaveFirst(t *testing.T) {
	p := &pupil{}
	g, _ := school(t, 3, champion(p))
	stream(t, g, 1, 3)
	learn(t, g, tta.Label{Seq: 1}) // being looked up keeps nothing alive
	stream(t, g, 4, 5)
	assert.Equal(t, []tta.LabelState{"expired", "expired", "learned", "learned", "early", "expired", "learned", "early"}, states(learn(t, g,
		tta.Label{Seq: 1}, tta.Label{Seq: 2}, tta.Label{Seq: 3}, tta.Label{Seq: 4}, tta.Label{Seq: 6},
		tta.Label{ID: "item-2"}, tta.Label{ID: "item-5"}, tta.Label{ID: "item-6"})))
	s := g.Ledger()
	assert.Equal(t, []any{3, 3, uint64(2)}, []any{s.Items, s.Rows, s.Evicted})
}

func TestItemsLeaveByAge(t *testing.T) {
	g, now := school(t, 100, champion(&pupil{}))
	stream(t, g, 1, 1)
	now.now = now.now.Add(24 * time.Hour)
	stream(t, g, 2, 2)
	assert.Equal(t, tta.LabelLearned, learn(t, g, tta.Label{Seq: 1})[0].State, "just young enough")
	now.now = now.now.Add(time.Second)
	assert.Equal(t, []tta.LabelState{"expired", "learned"}, states(learn(t, g, tta.Label{Seq: 1, Class: 1}, tta.Label{ID: "item-2"})))
	assert.Equal(t, 1, g.Ledger().Items)
}

func TestTheLedgerKeepsToItsBytes(t *testing.T) {
	o, _ := schooling(1000, champion(&pupil{}))
	o.Ledger.Bytes = 10_000
	g := build(t, o)
	for i := 1; i <= 100; i++ {
		settle(t, g, numbered(certain(1), i))
		require.LessOrEqual(t, g.Ledger().Bytes, int64(10_000))
	}
	s := g.Ledger()
	assert.Greater(t, s.Items, 10)
	assert.Equal(t, uint64(100-s.Items), s.Evicted)
}

func TestAnItemLargerThanTheLedgerNeverEntersIt(t *testing.T) {
	g, _ := school(t, 2, champion(&pupil{}))
	stream(t, g, 1, 1)
	b := certain(0, 1, 2)
	b.Items = []tta.Item{{ID: "large", Seq: 2, Rows: 3}}
	settle(t, g, b)
	assert.Equal(t, []tta.LabelState{"expired", "expired", "learned"}, states(learn(t, g, tta.Label{ID: "large"}, tta.Label{Seq: 2}, tta.Label{Seq: 1})))
	assert.Equal(t, uint64(1), g.Ledger().Oversized)

	b.Items[0].ID, b.Items[0].Seq = "item-1", 3
	settle(t, g, b)
	assert.Equal(t, tta.LabelExpired, learn(t, g, tta.Label{ID: "item-1"})[0].State, "its labels are not for the older item of its id")
}

func TestANewerItemTakesOverAnID(t *testing.T) {
	p := &pupil{}
	g, _ := school(t, 100, champion(p))
	b := numbered(certain(0, 1), 1)
	b.Items[1].ID = b.Items[0].ID
	settle(t, g, b)
	learn(t, g, tta.Label{ID: "item-1", Class: 1}, tta.Label{Seq: 1, Class: 0})
	require.Len(t, p.taught, 2)
	assert.Equal(t, []uint64{1, 0}, []uint64{p.taught[0].Row, p.taught[1].Row})
	assert.Equal(t, uint64(1), g.Ledger().Renamed)
}

func TestAnItemAnsweredAgainReplacesItsAnswerUntilALabelCame(t *testing.T) {
	p := &pupil{}
	g, _ := school(t, 100, champion(p))
	settle(t, g, numbered(certain(0), 1))
	settle(t, g, numbered(certain(2), 1))
	assert.Equal(t, 1, g.Ledger().Items)
	learn(t, g, tta.Label{Seq: 1, Class: 1})
	require.Len(t, p.kept, 1)
	assert.Equal(t, []float32{0, 0, 4}, p.kept[0])

	settle(t, g, numbered(certain(1), 1))
	assert.Equal(t, tta.LabelRepeated, learn(t, g, tta.Label{ID: "item-1", Class: 1})[0].State)
	assert.Len(t, p.kept, 1, "taught once")
}

func TestAnItemWithoutASequenceIsFoundByItsID(t *testing.T) {
	g, _ := school(t, 100, champion(&pupil{}))
	b := certain(0, 1)
	b.Items[0].ID, b.Items[1].ID = "a", ""
	settle(t, g, b)
	assert.Equal(t, []tta.LabelState{"learned", "early"}, states(learn(t, g, tta.Label{ID: "a"}, tta.Label{Seq: 1})))
	assert.Equal(t, 2, g.Ledger().Items)
}

// A batch that is larger than the ledger passes through it without mixing up
// whose values are whose.
func TestABatchLargerThanTheLedgerKeepsItsNewestRows(t *testing.T) {
	p := &pupil{}
	g, _ := school(t, 3, champion(p))
	settle(t, g, numbered(certain(0, 1, 2, 0, 1, 2, 2, 1), 1))
	var labels []tta.Label
	for i := 1; i <= 8; i++ {
		labels = append(labels, tta.Label{Seq: uint64(i), Class: 0})
	}
	learn(t, g, labels...)
	assert.Equal(t, [][]float32{{0, 0, 4}, {0, 0, 4}, {0, 4, 0}}, p.kept)
}

// heapInUse is what is reachable.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTheLedgersAccountIsWhatItTakes(t *testing.T) {
	for _, rows := range []int{1, 16} {
		t.Run(fmt.Sprintf("items of %d rows", rows), func(t *testing.T) {
			g, _ := school(t, 1_000_000, champion(&pupil{}))
			before := heapInUse()
			const items = 30_000
			for i := range items / 100 {
				b := certain(make([]int, 100*rows)...)
				b.Items = nil
				for j := range 100 {
					b.Items = append(b.Items, tta.Item{ID: fmt.Sprintf("an-id-of-thirty-two-bytes-%06d", 100*i+j), Seq: uint64(100*i + j + 1), Rows: rows})
				}
				settle(t, g, b)
			}
			took, says := heapInUse()-before, g.Ledger().Bytes
			require.Equal(t, items, g.Ledger().Items)
			t.Logf("%d bytes an item on the heap, %d in the account", took/items, says/items)
			assert.InEpsilon(t, took, says, 0.35)
			runtime.KeepAlive(g)
		})
	}
}

// full is a group whose ledger is full of one-row items, and batches to go on with.
func full(t testing.TB, o tta.GroupOptions) (*tta.Group, func() *tta.Batch) {
	g := build(t, o)
	b := numbered(certain(make([]int, 64)...), 1)
	names := make([]string, 4*o.Ledger.Rows)
	for i := range names {
		names[i] = fmt.Sprintf("item-%d", i)
	}
	at := 0
	next := func() *tta.Batch {
		for i := range b.Items {
			at++
			b.Items[i].Seq, b.Items[i].ID = uint64(at), names[at%len(names)]
		}
		return b
	}
	for range 2*o.Ledger.Rows/64 + 1 { // twice over, so that the maps have their size
		settle(t, g, next())
	}
	return g, next
}

func TestRecordingAnItemInAFullLedgerTakesOneAllocation(t *testing.T) {
	o, _ := schooling(1024, champion(&slate{}))
	g, next := full(t, o)
	allocs := testing.AllocsPerRun(100, func() { settle(t, g, next()) })
	assert.LessOrEqual(t, allocs, 64.0*1.2, "for 64 items, their step's own included")
}

// slate is a learner that forgets what it is taught at once.
type slate struct{ pupil }

func (*slate) Learn(context.Context, []tta.Feedback) error { return nil }

// Each settles 64 items of one row in two pipelines, their step included.
func BenchmarkSettle(b *testing.B) {
	b.Run("without a ledger", func(b *testing.B) {
		g := build(b, options(champion(&change{}), pipe{"plain", tta.Shadow, nil}))
		batch := certain(make([]int, 64)...)
		b.ReportAllocs()
		for b.Loop() {
			settle(b, g, batch)
		}
	})
	b.Run("full ledger of 200,000 rows", func(b *testing.B) {
		g, next := taking(b)
		b.ReportAllocs()
		for b.Loop() {
			settle(b, g, next())
		}
	})
}

// BenchmarkLearn is BenchmarkSettle with a full ledger, and a label for every row.
func BenchmarkLearn(b *testing.B) {
	g, next := taking(b)
	labels := make([]tta.Label, 64)
	b.ReportAllocs()
	for b.Loop() {
		r := settle(b, g, next())
		for i := range labels {
			labels[i] = tta.Label{Seq: r.Batch.Items[i].Seq, Class: i % classes}
		}
		learn(b, g, labels...)
	}
}

func taking(b *testing.B) (*tta.Group, func() *tta.Batch) {
	o, _ := schooling(200_000, champion(&slate{}), pipe{"plain", tta.Shadow, nil})
	return full(b, o)
}
