package daemon

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"ttad/stream"
	"ttad/tta"
)

// engine answers the parcels of one group and takes its labels. Input.Run and
// Labels.Run call it from a goroutine each.
type engine struct {
	// turn is held for a whole parcel or a whole call of labels. Who holds it owns
	// the group's adaptation state and everything below but what is atomic.
	turn sync.Mutex

	group     *Group
	committer stream.Committer
	metrics   *groupMetrics
	published publisher      // of events
	restraint restraint      // of those about pipelines
	labels    *stream.Labels // nil where none are taken
	scores    scoreboard
	changes   uint64 // how often state may have moved, for the scoreboard
	log       zerolog.Logger
	step      uint64

	generation uint64
	next       atomic.Pointer[swap] // what Reload left for the next batch
}

// onParcel steps, commits and settles: state moves only after the answer is stored.
func (e *engine) onParcel(ctx context.Context, p *stream.Parcel) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	e.onSwap()
	defer e.group.Model.lookAhead(p)()
	p.Generation = e.generation
	e.metrics.took(p)
	var a answered
	if p.Batch.Rows > 0 {
		e.step++
		p.Batch.Step = e.step
		a = e.answer(ctx, p)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("batch %d: %w", e.step, err)
	}
	e.group.Model.stageNext()
	start := time.Now()
	receipt, err := e.committer.Commit(ctx, p, e.predictions(p, a))
	if err != nil {
		return fmt.Errorf("commit batch %d: %w", e.step, err)
	}
	e.metrics.committed(p, receipt, time.Since(start))
	e.report(p, receipt, a.result)
	if a.result == nil {
		return nil
	}
	return e.settle(ctx, a.result)
}

// predictions lists, per item of the parcel, the champion's and the challengers'
// answers. An item the champion has no finite answer for becomes a dead letter.
func (e *engine) predictions(p *stream.Parcel, a answered) [][]tta.Prediction {
	r := a.result
	if r == nil {
		return nil
	}
	answers := make([][]tta.Prediction, len(p.Batch.Items))
	for i := range r.Pipelines {
		if r.Pipelines[i].Role == tta.Shadow {
			continue
		}
		for place, pred := range r.Predictions(i) {
			item := a.items[place]
			switch {
			case len(pred.NoAnswer) == 0:
				answers[item] = append(answers[item], pred)
			case i == r.Champion:
				p.Refuse(item, notFinite(pred.NoAnswer[0]))
			}
		}
	}
	return answers
}

// settle lets strategies learn. What panics here has already been answered, so
// the pipelines start over rather than go on from a half-written state.
func (e *engine) settle(ctx context.Context, r *tta.Result) (err error) {
	defer func() {
		if v := recover(); v != nil {
			e.startOver(v, "settle panicked; pipelines are reset")
		}
	}()
	stepEvents := len(r.Events)
	if err := e.group.Pipelines.Settle(ctx, r); err != nil {
		return fmt.Errorf("settle batch %d: %w", e.step, err)
	}
	e.happened(r.Events[stepEvents:])
	e.changed()
	return nil
}

func (e *engine) report(p *stream.Parcel, receipt stream.Receipt, r *tta.Result) {
	for code, n := range receipt.DeadLetters {
		e.log.Warn().Str("code", string(code)).Int("messages", n).Str("error", firstRefusal(p, code)).Msg("dead letters")
	}
	if r == nil {
		return
	}
	e.metrics.stepped(r)
	e.happened(r.Events)
	e.log.Debug().Uint64("batch", e.step).Int("rows", r.Batch.Rows).Str("closed", p.Closed).
		Int("forwards", r.Forwards).Float64("took_ms", ms(r.Took)).Msg("batch answered")
}

// firstRefusal is an example for the log; every message has its own reason in its
// dead letter.
func firstRefusal(p *stream.Parcel, code stream.Code) string {
	for _, d := range p.Deliveries {
		if d.Refused != nil && d.Refused.Code == code {
			return d.Refused.Message
		}
	}
	return ""
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
