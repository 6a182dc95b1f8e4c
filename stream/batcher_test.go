package stream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/stream"
	"ttad/tta"
)

// at is a moment of a clock that only the test moves.
func at(ms int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

// message is a delivery of rows rows whose only value is its sequence.
func message(seq uint64, key string, rows int) (*stream.Delivery, []*accel.Tensor) {
	d := &stream.Delivery{Item: tta.Item{ID: fmt.Sprint(seq), Stream: "S", Seq: seq, Key: key, Rows: rows}, Body: make([]byte, 10)}
	x := accel.NewTensor(rows, 1)
	for i := range x.Data {
		x.Data[i] = float32(seq)
	}
	return d, []*accel.Tensor{x}
}

func refused(seq uint64) *stream.Delivery {
	return &stream.Delivery{Item: tta.Item{Seq: seq}, Body: make([]byte, 10), Refused: stream.Refusef(stream.BadJSON, "x")}
}

func batchConfig(change func(*stream.BatchConfig)) stream.BatchConfig {
	cfg := stream.BatchConfig{MaxRows: 4, MaxDelay: 20 * time.Millisecond, MaxBytes: 1000, GroupBy: "none", MaxKeys: 2}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// shape tells what batches hold: why they closed and the sequences in them.
func shape(parcels []*stream.Parcel) []string {
	var out []string
	for _, p := range parcels {
		text := p.Closed + ":"
		for _, d := range p.Deliveries {
			text += fmt.Sprintf(" %d", d.Item.Seq)
		}
		out = append(out, text)
	}
	return out
}

func TestBatchClosesOnRows(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), false)
	add := func(seq uint64, rows int) []string {
		d, x := message(seq, "", rows)
		return shape(b.Add(at(0), d, x))
	}
	assert.Empty(t, add(1, 1))
	assert.Empty(t, add(2, 2))
	assert.Equal(t, []string{"rows: 1 2"}, add(3, 2), "a message is never split")
	assert.Equal(t, []string{"rows: 3 4"}, add(4, 2), "a full batch does not wait")
	assert.Equal(t, []string{"rows: 5"}, add(5, 4))
}

func TestBatchClosesOnBytes(t *testing.T) {
	b := stream.NewBatcher(batchConfig(func(c *stream.BatchConfig) { c.MaxBytes = 25 }), false)
	d1, x1 := message(1, "", 1)
	d2, x2 := message(2, "", 1)
	d3, x3 := message(3, "", 1)
	assert.Empty(t, b.Add(at(0), d1, x1))
	assert.Empty(t, b.Add(at(0), d2, x2))
	assert.Equal(t, []string{"bytes: 1 2"}, shape(b.Add(at(0), d3, x3)))
}

func TestBatchClosesOnTheAgeOfItsOldestRow(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), false)
	_, open := b.NextDue()
	assert.False(t, open)
	d1, x1 := message(1, "", 1)
	d2, x2 := message(2, "", 1)
	assert.Empty(t, b.Add(at(5), d1, x1))
	assert.Empty(t, b.Add(at(15), d2, x2))
	due, open := b.NextDue()
	require.True(t, open)
	assert.Equal(t, at(25), due)
	assert.Empty(t, b.Due(at(24)))
	assert.Equal(t, []string{"age: 1 2"}, shape(b.Due(at(25))))
	assert.Empty(t, b.Due(at(99)))
}

func TestNoDelayMeansNoWaiting(t *testing.T) {
	b := stream.NewBatcher(batchConfig(func(c *stream.BatchConfig) { c.MaxDelay = 0 }), false)
	d, x := message(1, "", 1)
	assert.Equal(t, []string{"age: 1"}, shape(b.Add(at(0), d, x)))
}

func TestKeysDoNotShareBatches(t *testing.T) {
	b := stream.NewBatcher(batchConfig(func(c *stream.BatchConfig) { c.GroupBy = "key"; c.MaxRows = 2 }), false)
	add := func(seq uint64, key string, ms int) []string {
		d, x := message(seq, key, 1)
		return shape(b.Add(at(ms), d, x))
	}
	assert.Empty(t, add(1, "a", 0))
	assert.Empty(t, add(2, "b", 1))
	assert.Equal(t, []string{"rows: 1 3"}, add(3, "a", 2))
	assert.Empty(t, add(4, "c", 3))
	assert.Equal(t, []string{"key: 2"}, add(5, "d", 4), "one key too many closes the oldest batch")
	assert.Equal(t, []string{"drain: 4", "drain: 5"}, shape(b.Flush("drain")))
}

func TestRowsThatMustNotAdaptKeepToThemselves(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), false)
	for seq, why := range []string{"", "not_finite", "", "not_finite"} {
		d, x := message(uint64(seq), fmt.Sprint("cam", seq), 1)
		d.Item.SourceOnly = why
		require.Empty(t, b.Add(at(0), d, x))
	}
	assert.Equal(t, []string{"drain: 0 2", "drain: 1 3"}, shape(b.Flush("drain")))
}

// Rows that must not adapt wait in a batch of their own, but never past a message
// of the same key, whichever of the two came first.
func TestOrderWithinAKeyOutlastsAChangeOfKind(t *testing.T) {
	for _, groupBy := range []string{"none", "key"} {
		t.Run("group_by "+groupBy, func(t *testing.T) {
			b := stream.NewBatcher(batchConfig(func(c *stream.BatchConfig) { c.GroupBy = groupBy; c.MaxKeys = 9 }), false)
			add := func(seq uint64, key, why string) []string {
				d, x := message(seq, key, 1)
				d.Item.SourceOnly = why
				return shape(b.Add(at(0), d, x))
			}
			assert.Empty(t, add(1, "a", "not_finite"))
			assert.Empty(t, add(2, "b", ""), "another key need not wait")
			assert.Equal(t, []string{"order: 1"}, add(3, "a", ""))
			closed := add(4, "b", "not_finite")
			require.Len(t, closed, 1)
			assert.Contains(t, closed[0], "order: 2")
		})
	}
}

func TestBatchHoldsRowsInOrderOfArrival(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), false)
	d1, x1 := message(7, "", 1)
	d3, x3 := message(9, "", 2)
	b.Add(at(0), d1, x1)
	b.Add(at(0), refused(8), nil)
	closed := b.Add(at(0), d3, x3)
	require.Equal(t, []string{"rows: 7 8 9"}, shape(closed), "a refused message counts as a row and is answered in its place")
	p := closed[0]
	assert.Equal(t, 3, p.Batch.Rows)
	assert.Equal(t, []int{3, 1}, p.Batch.Inputs[0].Shape)
	assert.Equal(t, []float32{7, 9, 9}, p.Batch.Inputs[0].Data)
	require.Len(t, p.Batch.Items, 2)
	assert.Equal(t, uint64(9), p.Batch.Items[1].Seq)
	assert.Equal(t, int64(30), p.Bytes)

	p.Refuse(1, stream.Refusef(stream.ModelError, "no"))
	assert.Nil(t, d1.Refused)
	assert.Equal(t, stream.ModelError, d3.Refused.Code)
}

func TestSuspectSharesItsBatchWithNobody(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), false)
	d1, x1 := message(1, "", 1)
	d2, x2 := message(2, "", 1)
	d2.Alone = true
	b.Add(at(0), d1, x1)
	assert.Equal(t, []string{"alone: 1", "alone: 2"}, shape(b.Add(at(0), d2, x2)))
}

func TestOutputsOfAnotherServerReplaceTheForward(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), true)
	d, x := message(1, "", 4)
	p := b.Add(at(0), d, append(x, accel.NewTensor(4, 3)))[0]
	require.NotNil(t, p.Batch.Given)
	assert.Same(t, p.Batch.Inputs[0], p.Batch.Given.Logits)
	assert.Equal(t, []int{4, 3}, p.Batch.Given.Features.Shape)
}

func TestRecycledBatchesStartClean(t *testing.T) {
	b := stream.NewBatcher(batchConfig(nil), true)
	for seq := uint64(1); seq < 20; seq++ {
		d, x := message(seq, "", 4)
		p := b.Add(at(0), d, x)[0]
		assert.Equal(t, []int{4, 1}, p.Batch.Inputs[0].Shape)
		assert.Equal(t, []float32{float32(seq), float32(seq), float32(seq), float32(seq)}, p.Batch.Inputs[0].Data)
		assert.Len(t, p.Batch.Items, 1)
		b.Recycle(p)
		alone := refused(100)
		alone.Alone = true
		q := b.Add(at(0), alone, nil)[0]
		assert.Zero(t, q.Batch.Rows)
		assert.Nil(t, q.Batch.Given, "nothing is left of the batch before")
		b.Recycle(q)
	}
}

func BenchmarkBatcher(b *testing.B) {
	batcher := stream.NewBatcher(stream.DefaultBatch(), false)
	d := &stream.Delivery{Item: tta.Item{Rows: 1}}
	x := []*accel.Tensor{accel.NewTensor(1, 3, 32, 32)}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range batcher.Add(at(0), d, x) {
			batcher.Recycle(p)
		}
	}
}
