package daemon

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/configs"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// scene is an engine whose model, strategy and committer are the test's, and the
// order in which they were called.
type scene struct {
	t        *testing.T
	calls    []string
	forward  tta.Forward
	commit   error
	onCommit func()
	answers  [][]tta.Prediction // of the last commit
	learned  [][][]float32      // the rows of every batch learned from
	engine   *engine
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, forward: rowsPlainly}
	registry := tta.NewRegistry(tta.Spec{
		Name: "listen", NewConfig: func() any { return &struct{}{} },
		New: func(tta.Env, any) (tta.Strategy, error) { return listener{s}, nil },
	})
	pipelines, err := tta.NewGroup(tta.GroupOptions{
		Registry: registry, Guard: tta.DefaultGuard(),
		Configs: []tta.PipelineConfig{
			{Name: "main", Role: tta.Champion, Strategies: []tta.StrategyConfig{{Name: "listen", Params: &struct{}{}}}},
			{Name: "beside", Role: tta.Challenger}, {Name: "quiet", Role: tta.Shadow},
		},
		Env: tta.Env{Model: "m", Classes: 2, Now: time.Now, Log: zerolog.Nop()},
		Forward: func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
			return s.forward(ctx, b, o, keep)
		},
	})
	require.NoError(t, err)
	g := &Group{Name: "g", Config: configs.DefaultGroup(), Pipelines: pipelines}
	s.engine = &engine{group: g, committer: s, metrics: newMetrics().forGroup("g"), log: zerolog.Nop()}
	return s
}

// rowsPlainly answers with the input as logits.
func rowsPlainly(_ context.Context, b *tta.Batch, _ *models.Overlay, _ models.Keep) (*models.Output, error) {
	return &models.Output{Logits: b.Inputs[0]}, nil
}

// listener is a strategy that only notes when it learns, and from what.
type listener struct{ *scene }

func (listener) Needs() tta.Needs { return tta.Needs{} }

func (l listener) Update(_ context.Context, b *tta.Batch, _ *models.Output, _ *accel.Tensor) error {
	l.calls = append(l.calls, "update")
	var rows [][]float32
	for i := range b.Rows {
		rows = append(rows, b.Inputs[0].Row(i))
	}
	l.learned = append(l.learned, rows)
	return nil
}

// Commit implements stream.Committer.
func (s *scene) Commit(_ context.Context, p *stream.Parcel, answers [][]tta.Prediction) (stream.Receipt, error) {
	s.calls = append(s.calls, "commit")
	s.answers = answers
	if s.onCommit != nil {
		s.onCommit()
	}
	return stream.Receipt{}, s.commit
}

// parcel is a batch of messages of one row each, whose logits are given; a nil row
// is a message that was refused already.
func (s *scene) parcel(rows ...[]float32) *stream.Parcel {
	s.t.Helper()
	b := stream.NewBatcher(stream.BatchConfig{MaxRows: len(rows), MaxDelay: time.Hour, MaxBytes: 1 << 20, GroupBy: "none", MaxKeys: 1}, false)
	for i, row := range rows {
		d := &stream.Delivery{Item: tta.Item{Seq: uint64(i + 1), Rows: 1}, Attempt: 1}
		var inputs []*accel.Tensor
		if row == nil {
			d.Item.Rows, d.Refused = 0, stream.Refusef(stream.BadJSON, "nonsense")
		} else {
			inputs = []*accel.Tensor{accel.TensorOf(row, 1, len(row))}
		}
		if closed := b.Add(time.Now(), d, inputs); len(closed) > 0 {
			return closed[0]
		}
	}
	s.t.Fatal("the batch did not close")
	return nil
}

// codes lists what became of the messages; empty is an answer.
func codes(p *stream.Parcel) []stream.Code {
	out := make([]stream.Code, len(p.Deliveries))
	for i, d := range p.Deliveries {
		if d.Refused != nil {
			out[i] = d.Refused.Code
		}
	}
	return out
}

func TestStateMovesAfterTheAnswerIsStored(t *testing.T) {
	s := newScene(t)
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0}, []float32{0, 1})))
	assert.Equal(t, []string{"commit", "update"}, s.calls)
	require.Len(t, s.answers, 2)
	for i, class := range []int{0, 1} {
		var roles []tta.Role
		for _, a := range s.answers[i] {
			roles = append(roles, a.Role)
			assert.Equal(t, class, a.Rows[0].Class)
		}
		assert.Equal(t, []tta.Role{tta.Champion, tta.Challenger}, roles, "shadows are measured only")
	}
}

func TestACommitThatFailsTeachesNothing(t *testing.T) {
	s := newScene(t)
	s.commit = errors.New("disk full")
	err := s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0}))
	assert.EqualError(t, err, "commit batch 1: disk full")
	assert.Equal(t, []string{"commit"}, s.calls)
}

func TestRowsWithoutAFiniteAnswerAreRefusedAlone(t *testing.T) {
	s := newScene(t)
	p := s.parcel([]float32{2, 0}, []float32{float32(math.NaN()), 0}, []float32{0, 1})
	require.NoError(t, s.engine.onParcel(t.Context(), p))
	assert.Equal(t, []stream.Code{"", stream.ModelError, ""}, codes(p))
	assert.Contains(t, p.Deliveries[1].Refused.Message, "logits for row 0 are not finite")
	assert.Equal(t, "main", s.answers[2][0].Pipeline)
}

func TestABatchWithoutAnswerIsRefusedWhole(t *testing.T) {
	tests := []struct {
		name    string
		forward tta.Forward
		code    stream.Code
		says    string
	}{
		{"the model fails", func(context.Context, *tta.Batch, *models.Overlay, models.Keep) (*models.Output, error) {
			return nil, errors.New("out of memory")
		}, stream.ModelError, "out of memory"},
		{"the model panics", func(context.Context, *tta.Batch, *models.Overlay, models.Keep) (*models.Output, error) {
			panic("index 3 of 2")
		}, stream.ModelError, "internal error: index 3 of 2"},
		{"the model takes too long", func(ctx context.Context, _ *tta.Batch, _ *models.Overlay, _ models.Keep) (*models.Output, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, stream.DeadlineOver, "batch of 2 rows not answered within 10ms (limits.deadline)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			s.forward = tt.forward
			s.engine.group.Config.Limits.Deadline = 10 * time.Millisecond
			p := s.parcel([]float32{2, 0}, nil, []float32{0, 1})
			require.NoError(t, s.engine.onParcel(t.Context(), p))
			assert.Equal(t, []stream.Code{tt.code, stream.BadJSON, tt.code}, codes(p))
			assert.Contains(t, p.Deliveries[0].Refused.Message, tt.says)
			assert.Equal(t, []string{"commit"}, s.calls, "stored as dead letters, learned nothing")

			s.forward, s.calls = rowsPlainly, nil
			s.engine.group.Config.Limits.Deadline = time.Minute
			require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0})))
			assert.Equal(t, []string{"commit", "update"}, s.calls, "the next batch is none the worse")
		})
	}
}

func TestRefusedMessagesNeedNoForward(t *testing.T) {
	s := newScene(t)
	s.forward = nil // a call would panic
	p := s.parcel(nil, nil)
	require.NoError(t, s.engine.onParcel(t.Context(), p))
	assert.Equal(t, []stream.Code{stream.BadJSON, stream.BadJSON}, codes(p))
	assert.Equal(t, []string{"commit"}, s.calls)
	assert.Zero(t, s.engine.step, "no batch was answered")
}

// When the time to drain is over, what has no answer stays with the server.
func TestABatchCutOffByTheDrainIsNotCommitted(t *testing.T) {
	s := newScene(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.forward = func(ctx context.Context, _ *tta.Batch, _ *models.Overlay, _ models.Keep) (*models.Output, error) {
		cancel()
		return nil, ctx.Err()
	}
	p := s.parcel([]float32{2, 0})
	assert.ErrorIs(t, s.engine.onParcel(ctx, p), context.Canceled)
	assert.Empty(t, s.calls)
	assert.Equal(t, []stream.Code{""}, codes(p))
}
