package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// ahead is what a session has given a device to do without waiting for it: forwards of
// one batch, queued back to back, and the inputs of the next batch on their way.
type ahead struct {
	queued []*pending // of the batch at hand, in order
	spare  []*pending // memory of earlier ones
	// interrupted says that an error came since, which may be that of any of these.
	interrupted bool

	uploader accel.Marker   // a queue of its own, so that copies go beside the computing
	other    []accel.Buffer // inputs of the next batch; they and the leg's take turns
	staged   accel.Mark     // behind the uploads; nil where nothing was staged
}

// pending is a forward that was queued.
type pending struct {
	lane
	mark accel.Mark
	rows int
	keep Keep
	out  Output
}

// Ask is one forward of a batch.
type Ask struct {
	Overlay *Overlay
	Keep    Keep
}

// errForgotten is of a forward that was queued and never asked for.
var errForgotten = errors.New("the forward was not collected")

// Queues says whether forwards can be queued: the plan is in one part, on a device that
// works while its caller does something else. Anywhere else Queue and Stage would only
// wait earlier.
func (s *Session) Queues() bool {
	if len(s.legs) != 1 {
		return false
	}
	_, ok := s.legs[0].stream.(accel.Marker)
	return ok
}

// Queue gives the device a batch and a forward of it for every ask, and returns while
// it works; Collect brings them home. With staged the batch is what Stage was last
// given, and in is looked at no more. What an earlier Queue left is forgotten.
func (s *Session) Queue(ctx context.Context, in []*accel.Tensor, rows int, staged bool, asks []Ask) error {
	err := s.forget(ctx)
	for i := 0; i < len(asks) && err == nil; i++ {
		err = s.check(in, rows, asks[i].Overlay)
	}
	if err == nil {
		err = s.supply(ctx, in, staged)
	}
	for i := 0; i < len(asks) && err == nil; i++ {
		err = s.queue(rows, asks[i])
	}
	if err != nil {
		err = errors.Join(err, s.forget(ctx))
		return fmt.Errorf("queue forwards of %s: %w", s.plan.graph.Name, err)
	}
	return nil
}

// supply has the batch in the leg's inputs before what is queued from here on.
func (s *Session) supply(ctx context.Context, in []*accel.Tensor, staged bool) error {
	l, a := &s.legs[0], &s.ahead
	if !staged || a.staged == nil {
		s.layInputs(in)
		return l.upload(l.stream, l.inputs, s.at)
	}
	mark := a.staged
	a.staged = nil
	if err := mark.Wait(ctx); err != nil {
		return errors.Join(err, a.uploader.Sync(context.WithoutCancel(ctx)))
	}
	l.inputs, a.other = a.other, l.inputs
	return nil
}

func (s *Session) queue(rows int, ask Ask) error {
	l := &s.legs[0]
	p, err := s.ahead.take(l.part)
	if err != nil {
		return err
	}
	s.ahead.queued = append(s.ahead.queued, p)
	p.rows, p.keep = rows, ask.Keep
	p.out.shape(s.plan.graph, rows, ask.Keep)
	clear(s.at)
	s.layOutputs(&p.out)
	if err := l.queue(&p.lane, s.at, rows, ask.Overlay.Norms(), ask.Keep); err != nil {
		return err
	}
	p.mark, err = l.stream.(accel.Marker).Mark()
	return err
}

// take returns memory for one more forward.
func (a *ahead) take(part *part) (*pending, error) {
	if n := len(a.spare); n > 0 {
		p := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return p, nil
	}
	p := &pending{}
	if err := p.lane.alloc(part); err != nil {
		return nil, errors.Join(err, p.lane.free())
	}
	return p, nil
}

// Collect waits for the forward of an ask of the last Queue, by its place. The output
// is good until the next Queue.
func (s *Session) Collect(ctx context.Context, ask int) (*Output, error) {
	p := s.ahead.queued[ask]
	err := s.await(ctx, p)
	p.end(err)
	if err != nil {
		return nil, fmt.Errorf("forward of %s: %w", s.plan.graph.Name, err)
	}
	if p.keep.Moments {
		s.plan.measured(p.host, 0, p.rows, &p.out)
	}
	return &p.out, nil
}

// await waits for a queued forward. The stream tells an error once: after one, none of
// those queued with it is believed. A context that ends makes the wait fail, but only
// after the device has said whether it is still there: see leg.sync.
func (s *Session) await(ctx context.Context, p *pending) (err error) {
	var ended error
	if err = p.mark.Wait(ctx); err != nil && ctx.Err() != nil {
		ended, err = ctx.Err(), p.mark.Wait(context.WithoutCancel(ctx))
	}
	switch {
	case err != nil:
		s.ahead.interrupted = true
		if whole := s.legs[0].sync(context.WithoutCancel(ctx)); whole != nil {
			err = whole // which has the error of the mark
		}
	case s.ahead.interrupted:
		err = errors.New("an error came between queueing and collecting")
	}
	return errors.Join(ended, err)
}

// end tells who had more done behind a forward, once.
func (p *pending) end(err error) {
	for _, f := range p.keep.Finish {
		f.End(err)
	}
	p.keep.Finish = nil
}

// Stage sends the device the inputs of the batch after the one at hand, beside what it
// computes. in may be reused when it returns.
func (s *Session) Stage(in []*accel.Tensor, rows int) error {
	if err := s.check(in, rows, &Overlay{}); err != nil {
		return fmt.Errorf("stage a batch for %s: %w", s.plan.graph.Name, err)
	}
	a, l := &s.ahead, &s.legs[0]
	a.staged = nil
	err := a.open(l.part)
	if err == nil {
		s.layInputs(in)
		err = l.upload(a.uploader, a.other, s.at)
	}
	if err == nil {
		a.staged, err = a.uploader.Mark()
	}
	if err != nil {
		return fmt.Errorf("stage a batch for %s: %w", s.plan.graph.Name, err)
	}
	return nil
}

// open makes what staging needs, at the first time.
func (a *ahead) open(part *part) error {
	if a.uploader != nil {
		return nil
	}
	other, err := part.allocInputs()
	if err != nil {
		return errors.Join(err, free(other))
	}
	stream, err := part.device.NewStream()
	if err != nil {
		return errors.Join(err, free(other))
	}
	a.other, a.uploader = other, stream.(accel.Marker)
	return nil
}

// forget waits until nothing writes to the memory of what was queued any more.
func (s *Session) forget(ctx context.Context) error {
	a := &s.ahead
	a.interrupted = false
	if len(a.queued) == 0 {
		return nil
	}
	_ = s.legs[0].stream.Sync(context.WithoutCancel(ctx)) // nobody asks for these any more
	for _, p := range a.queued {
		p.end(errForgotten)
	}
	a.spare, a.queued = append(a.spare, a.queued...), a.queued[:0]
	return ctx.Err()
}

func (a *ahead) close() error {
	var errs []error
	if a.uploader != nil {
		errs = append(errs, a.uploader.Close(), free(a.other))
	}
	for _, p := range slices.Concat(a.queued, a.spare) {
		errs = append(errs, p.lane.free())
	}
	return errors.Join(errs...)
}
