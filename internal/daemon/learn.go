package daemon

import (
	"context"
	"runtime/debug"

	"ttad/tta"
)

// onLabels lets the group learn. It and onParcel take turns: whoever has the turn
// owns the group's adaptation state, so that labels come between two batches.
func (e *engine) onLabels(ctx context.Context, labels []tta.Label) ([]tta.Learned, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	learned, err := e.learn(ctx, labels)
	if err != nil {
		return nil, err
	}
	e.metrics.learned(learned)
	e.happened(e.group.Pipelines.LearnEvents())
	e.changed()
	return learned, nil
}

// learn turns a panic into labels that fit nothing: their message becomes a dead
// letter instead of coming again to do the same.
func (e *engine) learn(ctx context.Context, labels []tta.Label) (learned []tta.Learned, err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		e.startOver(v, "learning from labels panicked; pipelines are reset")
		learned = make([]tta.Learned, len(labels))
		for i := range learned {
			learned[i] = tta.Learned{State: tta.LabelInvalid, Why: "internal error while learning, see the log"}
		}
	}()
	return e.group.Pipelines.Learn(ctx, labels)
}

// startOver resets every pipeline rather than go on from half-written state.
func (e *engine) startOver(cause any, what string) {
	e.log.Error().Interface("panic", cause).Bytes("stack", debug.Stack()).Msg(what)
	var resets []tta.Event
	for _, p := range e.group.Pipelines.Pipelines() {
		p.Reset()
		resets = append(resets, tta.Event{Kind: tta.EventReset, Pipeline: p.Name(), Trip: tta.TripError, Message: what})
	}
	e.happened(resets)
	e.changed()
}
