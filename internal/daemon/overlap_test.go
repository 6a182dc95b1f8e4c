package daemon

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit/shaky"
	"ttad/models"
	"ttad/tta"
)

// lateDesk is a desk whose device works while its caller does something else.
func lateDesk(t *testing.T) *desk {
	t.Helper()
	device := shaky.New(t)
	device.Late = true
	return seat(t, device, 8)
}

func batchOf(rows int) *tta.Batch { return &tta.Batch{Rows: rows, Inputs: rowsOf(rows)} }

// A step's forwards are queued before the first is asked for, and the next batch is on
// its way then; answers and their order are those of one forward after the other.
func TestForwardsAreQueuedAndTheNextBatchSentAhead(t *testing.T) {
	d := lateDesk(t)
	source, half := &models.Overlay{}, halfBatch(d.graph)
	asks := []models.Ask{{Overlay: source}, {Overlay: &half, Keep: models.Keep{Moments: true}}}
	batches := []*tta.Batch{batchOf(3), batchOf(8), batchOf(1), batchOf(5)}
	for i, b := range batches {
		d.overlap.upcoming = func() *tta.Batch {
			if i+1 < len(batches) {
				return batches[i+1]
			}
			return nil
		}
		d.begin(t.Context(), b, asks)
		assert.Same(t, b, d.overlap.batch)
		assert.Same(t, d.overlap.upcoming(), d.overlap.staged)
		for k := range asks {
			want, err := d.placing.processor.session.Forward(t.Context(), b.Inputs, b.Rows, asks[k].Overlay, asks[k].Keep)
			require.NoError(t, err)
			got, err := d.forward(t.Context(), b, asks[k].Overlay, asks[k].Keep)
			require.NoError(t, err)
			assert.Equal(t, want, got, "batch %d, forward %d", i, k)
		}
		assert.Equal(t, -1, d.queued(b, source), "each is collected once")
	}
	assert.Empty(t, d.faults)
}

func TestABatchForTheCPUIsNeitherQueuedNorSentAhead(t *testing.T) {
	d := lateDesk(t)
	d.few = 2
	d.overlap.upcoming = func() *tta.Batch { return batchOf(2) }
	d.begin(t.Context(), batchOf(2), []models.Ask{{Overlay: &models.Overlay{}}})
	assert.Nil(t, d.overlap.batch)
	d.begin(t.Context(), batchOf(3), []models.Ask{{Overlay: &models.Overlay{}}})
	assert.NotNil(t, d.overlap.batch)
	assert.Nil(t, d.overlap.staged)
}

// A batch that was sent ahead and whose memory another takes before it comes to be
// stepped must not be answered with the old rows.
func TestWhatWasSentAheadIsForgottenWithItsBatch(t *testing.T) {
	d := lateDesk(t)
	b := batchOf(4)
	d.overlap.upcoming = func() *tta.Batch { return b }
	d.begin(t.Context(), batchOf(3), []models.Ask{{Overlay: &models.Overlay{}}})
	require.Same(t, b, d.overlap.staged)
	d.overlap.upcoming = nil
	other := batchOf(2)
	d.begin(t.Context(), other, []models.Ask{{Overlay: &models.Overlay{}}})
	clear(b.Inputs[0].Data)
	o := &models.Overlay{}
	d.begin(t.Context(), b, []models.Ask{{Overlay: o}})
	got, err := d.forward(t.Context(), b, o, models.Keep{})
	require.NoError(t, err)
	assert.Equal(t, d.expected(t, b.Inputs), got.Logits.Data)
}

// All forwards of a step that were queued fail together, and count as one failure.
func TestAStepsFailuresCountOnce(t *testing.T) {
	d := lateDesk(t)
	d.device.Suffer(crowded)
	asks := []models.Ask{{Overlay: &models.Overlay{}}, {Overlay: &models.Overlay{}}, {Overlay: &models.Overlay{}}}
	for range maxFailures - 1 {
		b := batchOf(4)
		d.begin(t.Context(), b, asks)
		for _, a := range asks {
			got, err := d.forward(t.Context(), b, a.Overlay, a.Keep)
			require.NoError(t, err)
			assert.Equal(t, d.expected(t, b.Inputs), got.Logits.Data)
		}
	}
	assert.Equal(t, maxFailures-1, d.failures)
	require.NotNil(t, d.placing.device)
	b := batchOf(4)
	d.begin(t.Context(), b, asks)
	for _, a := range asks {
		_, err := d.forward(t.Context(), b, a.Overlay, a.Keep)
		require.NoError(t, err)
	}
	assert.Nil(t, d.placing.device)
}

func TestADeadlineEndsTheWaitForAQueuedForward(t *testing.T) {
	d := lateDesk(t)
	b, o := batchOf(4), &models.Overlay{}
	d.begin(t.Context(), b, []models.Ask{{Overlay: o}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.forward(ctx, b, o, models.Keep{})
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, d.faults)
}
