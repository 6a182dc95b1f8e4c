package daemon

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"ttad/stream"
	"ttad/tta"
)

// engine answers the parcels of one group. Input.Run calls it from one
// goroutine, which thereby owns the group's adaptation state.
type engine struct {
	group     *Group
	committer stream.Committer
	metrics   *groupMetrics
	log       zerolog.Logger
	step      uint64

	generation uint64
	next       atomic.Pointer[swap] // what Reload left for the next batch
}

// onParcel steps, commits and settles: state moves only after the answer is stored.
func (e *engine) onParcel(ctx context.Context, p *stream.Parcel) error {
	e.onSwap()
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
			e.log.Error().Interface("panic", v).Bytes("stack", debug.Stack()).Msg("settle panicked; pipelines are reset")
			for _, p := range e.group.Pipelines.Pipelines() {
				p.Reset()
			}
		}
	}()
	stepEvents := len(r.Events)
	if err := e.group.Pipelines.Settle(ctx, r); err != nil {
		return fmt.Errorf("settle batch %d: %w", e.step, err)
	}
	e.metrics.events(r.Events[stepEvents:])
	e.logEvents(r.Events[stepEvents:])
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
	e.metrics.events(r.Events)
	e.logEvents(r.Events)
	e.log.Debug().Uint64("batch", e.step).Int("rows", r.Batch.Rows).Str("closed", p.Closed).
		Int("forwards", r.Forwards).Float64("took_ms", ms(r.Took)).Msg("batch answered")
}

func (e *engine) logEvents(events []tta.Event) {
	for _, ev := range events {
		level := zerolog.WarnLevel
		if ev.Kind == tta.EventRecover {
			level = zerolog.InfoLevel
		}
		e.log.WithLevel(level).Str("event", ev.Kind).Str("pipeline", ev.Pipeline).Uint64("batch", e.step).Msg(ev.Message)
	}
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
