package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"ttad/stream"
	"ttad/tta"
)

// maxRounds bounds how often a batch is stepped. Rows that the source model
// cannot answer are found at the first attempt, and the second does without them;
// a third is for strategies that break other rows when some are missing.
const maxRounds = 3

// answered is what a parcel's batch came to.
type answered struct {
	result *tta.Result // nil when nothing has an answer
	items  []int       // the places in the parcel's batch of the result's items
}

// fault is an item, by its place in a batch, and why it has no answer.
type fault struct {
	item int
	why  *stream.CodedError
}

// answer steps the group. Items the model has no answer for are refused and the
// rest is stepped again: a step leaves no trace before Settle, so their neighbours
// are answered, and learned from, as if those had never been in the batch.
func (e *engine) answer(ctx context.Context, p *stream.Parcel) answered {
	batch, items := &p.Batch, make([]int, len(p.Batch.Items))
	for i := range items {
		items[i] = i
	}
	for round := 1; ; round++ {
		result, err := e.stepInTime(ctx, batch)
		if ctx.Err() != nil {
			return answered{}
		}
		faults := e.faults(ctx, batch, result, err)
		last := len(faults) == 0 || round == maxRounds
		if last && err == nil {
			return answered{result, items}
		}
		if last {
			e.refuseRest(p, items, err)
			return answered{}
		}
		for _, f := range faults {
			p.Refuse(items[f.item], f.why)
		}
		if items = without(items, faults); len(items) == 0 {
			return answered{}
		}
		batch = p.Batch.Keep(items)
	}
}

// faults lists, in order, the items that keep a batch from being answered as one.
func (e *engine) faults(ctx context.Context, b *tta.Batch, r *tta.Result, err error) []fault {
	var crash *panicError
	switch {
	case err == nil:
		return unfinished(r)
	case errors.Is(err, context.DeadlineExceeded):
		return nil // slow is not an item's fault
	case errors.As(err, &crash):
		e.log.Error().Interface("panic", crash.value).Bytes("stack", crash.stack).Uint64("batch", e.step).Msg("step panicked")
	}
	e.log.Warn().Err(err).Uint64("batch", e.step).Int("rows", b.Rows).Msg("step failed; looking for the messages at fault")
	ctx, cancel := context.WithTimeout(ctx, e.group.Config.Limits.Deadline)
	defer cancel()
	all := make([]int, len(b.Items))
	for i := range all {
		all[i] = i
	}
	return e.blame(ctx, b, all, err, nil)
}

// blame finds the items that make the source model fail, by halving what failed:
// for one among n that is 2 log n forwards of 2n rows in all. Where time is up it
// returns what is known; the next round goes on without those.
func (e *engine) blame(ctx context.Context, b *tta.Batch, items []int, cause error, found []fault) []fault {
	if len(items) == 1 {
		return append(found, fault{items[0], stream.Refusef(stream.ModelError, "%v", cause)})
	}
	half := len(items) / 2
	for _, part := range [][]int{items[:half], items[half:]} {
		r, err := e.safeStep(ctx, sourceOnly(b.Keep(part)))
		switch {
		case ctx.Err() != nil:
			return found
		case err != nil:
			found = e.blame(ctx, b, part, err, found)
		default:
			for _, f := range unfinished(r) {
				found = append(found, fault{part[f.item], f.why})
			}
		}
	}
	return found
}

// sourceOnly makes a step of a batch a forward of the source model and no more.
func sourceOnly(b *tta.Batch) *tta.Batch {
	for i := range b.Items {
		b.Items[i].SourceOnly = "looking for a message at fault"
	}
	return b
}

// unfinished lists the items with rows the champion has no finite answer for.
func unfinished(r *tta.Result) []fault {
	if len(r.Pipelines[r.Champion].NoAnswer) == 0 {
		return nil
	}
	var found []fault
	for i, pred := range r.Predictions(r.Champion) {
		if len(pred.NoAnswer) > 0 {
			found = append(found, fault{i, notFinite(pred.NoAnswer[0])})
		}
	}
	return found
}

func notFinite(row int) *stream.CodedError {
	return stream.Refusef(stream.ModelError, "the model's logits for row %d are not finite; look at the input's range and the model", row)
}

// without leaves the faulty places out.
func without(items []int, faults []fault) []int {
	var left []int
	for i, item := range items {
		if len(faults) > 0 && faults[0].item == i {
			faults = faults[1:]
			continue
		}
		left = append(left, item)
	}
	return left
}

// refuseRest gives up on what no single item can be blamed for.
func (e *engine) refuseRest(p *stream.Parcel, items []int, err error) {
	why := stream.Refusef(stream.ModelError, "%v", err)
	if errors.Is(err, context.DeadlineExceeded) {
		why = stream.Refusef(stream.DeadlineOver, "batch of %d rows not answered within %v (limits.deadline)", p.Batch.Rows, e.group.Config.Limits.Deadline)
	}
	for _, item := range items {
		p.Refuse(item, why)
	}
	e.log.Error().Err(err).Uint64("batch", e.step).Int("messages", len(items)).Msg("batch has no answer; its messages are dead letters")
}

// stepInTime steps within the deadline of a batch. A device that was lost may have taken
// the time with it; then the CPU has its own.
func (e *engine) stepInTime(ctx context.Context, b *tta.Batch) (*tta.Result, error) {
	hadDevice := e.group.Model.onDevice()
	r, err := e.stepOnce(ctx, b)
	if hadDevice && !e.group.Model.onDevice() && late(r, err) && ctx.Err() == nil {
		return e.stepOnce(ctx, b)
	}
	return r, err
}

// late says that a step, or a pipeline of it, has run out of time.
func late(r *tta.Result, err error) bool {
	if err != nil {
		return errors.Is(err, context.DeadlineExceeded)
	}
	return slices.ContainsFunc(r.Pipelines, func(p tta.PipelineResult) bool { return p.Trip == tta.TripLate })
}

func (e *engine) stepOnce(ctx context.Context, b *tta.Batch) (*tta.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, e.group.Config.Limits.Deadline)
	defer cancel()
	return e.safeStep(ctx, b)
}

// safeStep turns a broken kernel or strategy law into an error of this batch.
func (e *engine) safeStep(ctx context.Context, b *tta.Batch) (r *tta.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, &panicError{v, debug.Stack()}
		}
	}()
	return e.group.Pipelines.Step(ctx, b)
}

// panicError is what a step panicked with. The stack is for the log, once a batch.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("internal error: %v", e.value) }
