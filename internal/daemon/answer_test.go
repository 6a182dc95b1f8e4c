package daemon

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

const outOfVocabulary = 999999

// picky is a model that fails on a batch with a row out of its vocabulary, as an
// embedding does, and counts its forwards and their rows.
type picky struct{ forwards, rows int }

func (m *picky) forward(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	m.forwards++
	m.rows += b.Rows
	for i := range b.Rows {
		if b.Inputs[0].Row(i)[0] == outOfVocabulary {
			return nil, fmt.Errorf("row %d is out of range", i)
		}
	}
	return rowsPlainly(ctx, b, o, keep)
}

var (
	good   = []float32{2, 0}
	better = []float32{0, 3}
	guilty = []float32{outOfVocabulary, 0}
	nan    = []float32{float32(math.NaN()), 0}
)

func TestMessagesTheModelFailsOnAreRefusedAlone(t *testing.T) {
	const ok, bad = stream.Code(""), stream.ModelError
	tests := []struct {
		name string
		rows [][]float32
		want []stream.Code
	}{
		{"one fails the forward", [][]float32{good, guilty, better, good}, []stream.Code{ok, bad, ok, ok}},
		{"the first and the last do", [][]float32{guilty, good, better, guilty}, []stream.Code{bad, ok, ok, bad}},
		{"one has no finite answer", [][]float32{good, better, nan}, []stream.Code{ok, ok, bad}},
		{"one of either kind", [][]float32{nan, good, guilty, better}, []stream.Code{bad, ok, bad, ok}},
		{"one among refused ones", [][]float32{nil, good, nil, guilty, better}, []stream.Code{stream.BadJSON, ok, stream.BadJSON, bad, ok}},
		{"all do", [][]float32{guilty, nan, guilty}, []stream.Code{bad, bad, bad}},
		{"a batch of one", [][]float32{guilty}, []stream.Code{bad}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			s.forward = (&picky{}).forward
			p := s.parcel(tt.rows...)
			require.NoError(t, s.engine.onParcel(t.Context(), p))
			assert.Equal(t, tt.want, codes(p))

			var alone [][]float32
			item := 0
			for i, row := range tt.rows {
				if tt.want[i] == ok {
					alone = append(alone, row)
					require.Len(t, s.answers[item], 2, "champion and challenger")
					for _, a := range s.answers[item] {
						assert.Equal(t, p.Deliveries[i].Item.Seq, a.Item.Seq)
						assert.Equal(t, tta.GuardOK, a.Rows[0].Guard)
						assert.EqualValues(t, 1, a.Step)
						assert.Equal(t, row[1] > row[0], a.Rows[0].Class == 1)
					}
				}
				if row != nil {
					item++
				}
			}
			if len(alone) == 0 {
				assert.Empty(t, s.learned)
				return
			}
			assert.Equal(t, [][][]float32{alone}, s.learned, "as if the others had never been there")
		})
	}
}

func TestEveryMessageAtFaultHasItsOwnReason(t *testing.T) {
	s := newScene(t)
	s.forward = (&picky{}).forward
	p := s.parcel(good, guilty, nan, guilty)
	require.NoError(t, s.engine.onParcel(t.Context(), p))
	assert.Contains(t, p.Deliveries[1].Refused.Message, "row 0 is out of range")
	assert.Contains(t, p.Deliveries[2].Refused.Message, "logits for row 0 are not finite")
	assert.Contains(t, p.Deliveries[3].Refused.Message, "row 0 is out of range")
}

// The price of one message at fault among 64: the failed forward, two halves on
// each of six levels, and the rest.
func TestLookingForTheMessageAtFaultIsBounded(t *testing.T) {
	rows := make([][]float32, 64)
	for i := range rows {
		rows[i] = good
	}
	rows[37] = guilty
	s, m := newScene(t), &picky{}
	s.forward = m.forward
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel(rows...)))
	assert.Equal(t, 1+2*6+1, m.forwards)
	assert.Equal(t, 64+2*63+63, m.rows)

	for i := range rows {
		rows[i] = guilty
	}
	s, m = newScene(t), &picky{}
	s.forward = m.forward
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel(rows...)))
	assert.Equal(t, 1+2*63, m.forwards)
}

// A model that fails on a batch but on no part of it leaves nobody to blame.
func TestABatchNobodyIsToBlameForIsRefusedWhole(t *testing.T) {
	s := newScene(t)
	s.forward = func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
		if b.Rows > 2 {
			return nil, errors.New("out of memory")
		}
		return rowsPlainly(ctx, b, o, keep)
	}
	p := s.parcel(good, better, good)
	require.NoError(t, s.engine.onParcel(t.Context(), p))
	assert.Equal(t, []stream.Code{stream.ModelError, stream.ModelError, stream.ModelError}, codes(p))
	assert.Contains(t, p.Deliveries[0].Refused.Message, "out of memory")
	assert.Empty(t, s.learned)
}

// What was found before the search ran out of time is refused; the rest is asked again.
func TestASearchOutOfTimeKeepsWhatItFound(t *testing.T) {
	s, m := newScene(t), &picky{}
	s.engine.group.Config.Limits.Deadline = 200 * time.Millisecond
	s.forward = func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
		if m.forwards == 3 { // the whole, its first half, that one's first message
			<-ctx.Done()
		}
		return m.forward(ctx, b, o, keep)
	}
	p := s.parcel(guilty, good, better, guilty)
	require.NoError(t, s.engine.onParcel(t.Context(), p))
	assert.Equal(t, []stream.Code{stream.ModelError, "", "", stream.ModelError}, codes(p))
	assert.Equal(t, [][][]float32{{good, better}}, s.learned)
}
