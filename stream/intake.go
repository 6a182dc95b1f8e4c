package stream

import (
	"context"
	"time"

	"ttad/accel"
)

// maxBatchesHeld times batch.max_bytes is what the bodies in flight may take
// together. A body is kept until its answer, since it may become a dead letter.
const maxBatchesHeld = 4

// intake decodes and batches. One goroutine owns it; rows in flight, from here
// until their parcel is answered, stay within limits.in_flight_rows, and bytes
// within a few batches'.
type intake struct {
	in       *Input
	arrivals <-chan *Delivery
	parcels  chan *Parcel // to the handler
	answered chan *Parcel // back from it

	batcher  *Batcher
	ready    []*Parcel // closed, not yet taken by the handler
	inFlight int       // rows
	limit    int
	bytes    int64 // of bodies in flight
	maxBytes int64
	seen     seenSet

	// held was decoded when there was no room for it; nothing more is taken until
	// there is.
	held       *Delivery
	heldInputs []*accel.Tensor
}

func newIntake(in *Input, arrivals <-chan *Delivery) *intake {
	limit := max(in.o.Limits.InFlightRows, in.o.Batch.MaxRows)
	return &intake{
		in: in, arrivals: arrivals, limit: limit, maxBytes: maxBatchesHeld * in.o.Batch.MaxBytes,
		parcels: make(chan *Parcel), answered: make(chan *Parcel, 1),
		batcher: NewBatcher(in.o.Batch, in.o.Outputs),
		seen:    newSeenSet(2 * in.o.maxAckPending()),
	}
}

// run ends when arrivals is closed and everything taken is answered, or with ctx.
func (k *intake) run(ctx context.Context) error {
	defer close(k.parcels)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	beat := time.NewTicker(k.in.beat)
	defer beat.Stop()
	arrivals := k.arrivals
	for {
		if arrivals == nil && k.held == nil {
			k.ready = append(k.ready, k.batcher.Flush("drain")...)
			if len(k.ready) == 0 && k.inFlight == 0 {
				return nil
			}
		}
		take := arrivals
		if k.held != nil {
			take = nil
		}
		var out chan<- *Parcel
		var next *Parcel
		if len(k.ready) > 0 {
			out, next = k.parcels, k.ready[0]
		}
		k.arm(timer)
		select {
		case d, ok := <-take:
			if !ok {
				arrivals = nil
				continue
			}
			k.accept(d)
		case <-timer.C:
			k.ready = append(k.ready, k.batcher.Due(k.in.o.Now())...)
		case out <- next:
			k.ready = append(k.ready[:0], k.ready[1:]...)
		case p := <-k.answered:
			k.release(p)
		case <-beat.C:
			k.in.held.holdOn()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// serve gives closed parcels to the handler and takes them back answered. The
// intake may have ended with ctx before it takes one back.
func (k *intake) serve(ctx context.Context, handle Handle) error {
	line := queueing{parcels: k.parcels}
	for p := line.next(); p != nil; p = line.next() {
		p.line = &line
		err := handle(ctx, p)
		p.line = nil
		if err != nil {
			return err
		}
		select {
		case k.answered <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// queueing is the parcels on their way to the handler, of which one may be looked at
// before its turn. One goroutine owns it.
type queueing struct {
	parcels <-chan *Parcel
	peeked  *Parcel
}

// next is the parcel whose turn it is, nil when there are no more.
func (q *queueing) next() *Parcel {
	if p := q.peeked; p != nil {
		q.peeked = nil
		return p
	}
	return <-q.parcels
}

// peek is the parcel after the one at hand, nil where none has closed yet.
func (q *queueing) peek() *Parcel {
	if q.peeked == nil {
		select {
		case q.peeked = <-q.parcels:
		default:
		}
	}
	return q.peeked
}

// arm sets the timer to the age at which the oldest batch closes.
func (k *intake) arm(timer *time.Timer) {
	due, ok := k.batcher.NextDue()
	if !ok {
		timer.Stop()
		return
	}
	timer.Reset(due.Sub(k.in.o.Now()))
}

// accept decodes a message and batches it, or holds it until there is room.
func (k *intake) accept(d *Delivery) {
	if d.Item.Stream != "" && !k.seen.start(d.Item.Seq) {
		// The server asks again for what is being answered, or was. In the first
		// case its answer acknowledges both deliveries.
		if k.seen.done(d.Item.Seq) {
			_ = d.acknowledge()
		}
		k.in.held.remove(d)
		d.settle()
		return
	}
	inputs := k.decode(d)
	if !k.fits(d) {
		k.held, k.heldInputs = d, inputs
		k.ready = append(k.ready, k.batcher.Flush("pressure")...)
		return
	}
	k.add(d, inputs)
}

// fits says whether there is room for d. There always is when nothing else is in
// flight, so that none waits for ever.
func (k *intake) fits(d *Delivery) bool {
	return k.inFlight == 0 || k.inFlight+d.rowCost() <= k.limit && k.bytes+int64(len(d.Body)) <= k.maxBytes
}

func (k *intake) add(d *Delivery, inputs []*accel.Tensor) {
	k.inFlight += d.rowCost()
	k.bytes += int64(len(d.Body))
	k.in.stats.inFlight.Store(int64(k.inFlight))
	k.ready = append(k.ready, k.batcher.Add(k.in.o.Now(), d, inputs)...)
}

func (k *intake) decode(d *Delivery) []*accel.Tensor {
	if d.Refused != nil {
		return nil
	}
	rows, err := k.in.codec.Decode(d.Header, d.Body)
	if err != nil {
		d.refuse(err)
		return nil
	}
	d.Item.Rows, d.Item.SourceOnly, d.RequestID = rows.Rows, rows.SourceOnly, rows.RequestID
	if rows.RequestID != "" && !d.named {
		d.Item.ID = rows.RequestID
	}
	return rows.Inputs
}

// release takes back an answered parcel and lets the message in that waited for it.
func (k *intake) release(p *Parcel) {
	k.inFlight -= p.cost
	k.bytes -= p.Bytes
	k.in.stats.inFlight.Store(int64(k.inFlight))
	for _, d := range p.Deliveries {
		if d.Item.Stream != "" {
			k.seen.finish(d.Item.Seq)
		}
		k.in.stats.answered(d.stored)
		k.in.held.remove(d)
		d.settle()
	}
	k.batcher.Recycle(p)
	if d := k.held; d != nil && k.fits(d) {
		inputs := k.heldInputs
		k.held, k.heldInputs = nil, nil
		k.add(d, inputs)
	}
}
