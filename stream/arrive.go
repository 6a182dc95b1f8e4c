package stream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ttad/tta"
)

// stored makes a delivery of a JetStream message.
func (in *Input) stored(msg jetstream.Msg) (*Delivery, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("read delivery metadata of %s: %w", msg.Subject(), err)
	}
	d := in.arrive(msg.Subject(), msg.Headers(), msg.Data(), fmt.Sprintf("%s:%d", meta.Stream, meta.Sequence.Stream))
	d.Item.Stream, d.Item.Seq, d.stored = meta.Stream, meta.Sequence.Stream, meta.Timestamp
	// The reply subject is all an acknowledgement needs; msg itself would keep a
	// refused body in memory.
	nc, reply := in.conn.nc, msg.Reply()
	d.ack = func() error { return nc.Publish(reply, []byte("+ACK")) }
	d.working = func() error { return nc.Publish(reply, []byte("+WPI")) }
	d.Attempt = int(min(meta.NumDelivered, 1<<30))
	if d.Attempt > 1 {
		in.stats.redelivered.Add(1)
	}
	if d.Attempt >= suspectAfter {
		d.Alone = true
		d.settledCh = make(chan struct{})
	}
	in.held.add(d)
	return d, nil
}

// plain makes a delivery of a core NATS message.
func (in *Input) plain(msg *nats.Msg, id string) *Delivery {
	d := in.arrive(msg.Subject, msg.Header, msg.Data, id)
	d.Attempt = 1
	return d
}

// arrive fills in what the message says about itself, refusing what must not
// travel further. Every message becomes a delivery, whatever is wrong with it.
func (in *Input) arrive(subject string, h nats.Header, body []byte, fallbackID string) *Delivery {
	in.stats.messages.Add(1)
	d := &Delivery{Header: h, Body: body, maxBody: in.o.DLQ.MaxBody, Item: tta.Item{ID: fallbackID, Subject: subject, Key: "_", Received: in.o.Now()}}
	if n := headerBytes(h); n > maxHeaderBytes {
		d.Header = nil
		d.refuse(Refusef(BadHeader, "headers of %d bytes, at most %d", n, maxHeaderBytes))
		return d
	}
	if err := checkSubject(subject); err != nil {
		d.refuse(err)
		return d
	}
	d.Item.Key = in.key(subject)
	d.Item.Header = carried(h, in.o.Output.CopyHeaders)
	id, err := itemID(h)
	if err != nil {
		d.refuse(err)
		return d
	}
	if id != "" {
		d.Item.ID, d.named = id, true
	}
	return d
}

// key returns the tokens that travel from the input's subject to the output's.
func (in *Input) key(subject string) string {
	for _, pattern := range in.o.Input.Subjects {
		if key, ok := keyOf(pattern, subject); ok {
			return key
		}
	}
	return subject
}

// settle tells the receiver that a message taken alone is answered.
func (d *Delivery) settle() {
	if d.settledCh != nil {
		close(d.settledCh)
	}
}

// settled waits until d is answered; false when ctx ended first.
func settled(ctx context.Context, d *Delivery) bool {
	select {
	case <-d.settledCh:
		return true
	case <-ctx.Done():
		return false
	}
}
