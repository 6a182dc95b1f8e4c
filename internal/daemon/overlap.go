package daemon

import (
	"context"

	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// overlap is what a placing has the device do while the host does something else: all
// forwards of a step at once, and the next batch's way to the device.
type overlap struct {
	batch    *tta.Batch   // whose forwards are queued
	asks     []models.Ask // queued, by place; without its overlay where collected
	staged   *tta.Batch   // whose inputs are on their way; the very next to be stepped
	upcoming func() *tta.Batch
}

// begin is called when a step knows its forwards. What cannot be queued is asked for
// one by one, and an error is then dealt with.
func (p *placing) begin(ctx context.Context, b *tta.Batch, asks []models.Ask) {
	o := &p.overlap
	staged := o.staged == b
	o.batch, o.asks, o.staged = nil, o.asks[:0], nil
	p.forgive()
	if !p.queues() || !p.takes(b.Rows) {
		return
	}
	if err := p.guarded(func() error { return p.device.session.Queue(ctx, b.Inputs, b.Rows, staged, asks) }); err != nil {
		p.log.Debug().Err(err).Msg("forwards are not queued ahead")
		return
	}
	o.batch, o.asks = b, append(o.asks, asks...)
	p.stageNext()
}

// queues says whether there is a device that works on its own.
func (p *placing) queues() bool { return p.device != nil && p.device.session.Queues() }

// queued is the place of a forward in the queue, once; -1 where it is in none.
func (p *placing) queued(b *tta.Batch, o *models.Overlay) int {
	if p.overlap.batch != b {
		return -1
	}
	for k := range p.overlap.asks {
		if ask := &p.overlap.asks[k]; ask.Overlay == o {
			ask.Overlay = nil
			return k
		}
	}
	return -1
}

// stageNext sends the next batch's inputs ahead, if there is one and they are not on
// their way. It may be called as often as there is time.
func (p *placing) stageNext() {
	o := &p.overlap
	if o.staged != nil || o.upcoming == nil || !p.queues() {
		return
	}
	next := o.upcoming()
	if next == nil || !p.takes(next.Rows) {
		return
	}
	if err := p.guarded(func() error { return p.device.session.Stage(next.Inputs, next.Rows) }); err != nil {
		p.log.Debug().Err(err).Msg("the next batch is not sent ahead")
		return
	}
	o.staged = next
}

// lookAhead lets the model see the parcel after the one at hand, until the function it
// returns is called. A parcel's memory is used again, so that what is left of it by
// then must not be taken for the next.
func (m *Model) lookAhead(p *stream.Parcel) (done func()) {
	if m == nil || m.placing == nil || !m.placing.queues() {
		return func() {}
	}
	o := &m.placing.overlap
	o.upcoming = func() *tta.Batch {
		if next := p.Next(); next != nil && next.Batch.Rows > 0 {
			return &next.Batch
		}
		return nil
	}
	return func() {
		o.batch, o.upcoming = nil, nil
		if o.staged == &p.Batch {
			o.staged = nil
		}
	}
}

// stageNext uses the time a batch's answers take to be stored.
func (m *Model) stageNext() {
	if m != nil && m.placing != nil {
		m.placing.stageNext()
	}
}
