package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ttad/tta"
)

// maxLabelMessages is how many are asked for at a time.
const maxLabelMessages = 256

// labelMessage is one message of a feedback subject between its arrival and its end.
type labelMessage struct {
	*Delivery
	again func(after time.Duration) error // asks for it once more
	held  int                             // bytes it takes in this process while it waits

	read   bool
	labels []sentLabel
	open   []uint16 // places of the labels that have come to nothing yet
	before *waiting // what an earlier delivery left; nil on the first
	wrong  wrongLabels
}

// labelSource is where label messages come from: a durable consumer, or core NATS.
type labelSource interface {
	// fetch returns the next messages, after a while none. It may return some
	// beside an error.
	fetch(ctx context.Context) ([]*labelMessage, error)
	// check tells an error that ends the intake from one that passes.
	check(ctx context.Context, err error) error
	dropped() int64
	close()
}

// storedLabels is a durable consumer.
type storedLabels struct {
	conn     *Conn
	consumer jetstream.Consumer
	o        *LabelOptions
}

// moreWait is how long to wait for labels behind one that came.
const moreWait = 10 * time.Millisecond

// fetch waits for one message and takes what else is there.
func (s *storedLabels) fetch(context.Context) ([]*labelMessage, error) {
	if !s.conn.Connected() {
		return nil, nats.ErrDisconnected
	}
	out, err := s.request(1, fetchWait)
	if err != nil || len(out) == 0 {
		return out, err
	}
	more, err := s.request(maxLabelMessages-1, moreWait)
	return append(out, more...), err
}

// request stays until it is over, as Input's does: what the server sends to
// somebody who has stopped listening comes back only when its time is over.
func (s *storedLabels) request(n int, patience time.Duration) (out []*labelMessage, err error) {
	most := max(maxFetchBytes, 2*int(s.conn.MaxPayload()))
	batch, err := s.consumer.Fetch(n, jetstream.FetchMaxWait(patience), jetstream.FetchMaxBytes(most))
	if err != nil {
		return nil, err
	}
	for msg := range batch.Messages() {
		m, err := s.message(msg)
		if err != nil {
			return out, err
		}
		out = append(out, m)
	}
	return out, batch.Error()
}

func (s *storedLabels) message(msg jetstream.Msg) (*labelMessage, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("read delivery metadata of %s: %w", msg.Subject(), err)
	}
	nc, reply := s.conn.nc, msg.Reply()
	m := newLabelMessage(msg.Subject(), msg.Headers(), msg.Data(), s.o.DLQ.MaxBody)
	m.Item.Stream, m.Item.Seq, m.stored = meta.Stream, meta.Sequence.Stream, meta.Timestamp
	m.Item.ID = fmt.Sprintf("%s:%d", meta.Stream, meta.Sequence.Stream)
	m.Attempt = int(min(meta.NumDelivered, 1<<30))
	m.ack = func() error { return nc.Publish(reply, []byte("+ACK")) }
	m.working = func() error { return nc.Publish(reply, []byte("+WPI")) }
	m.again = func(after time.Duration) error {
		return nc.Publish(reply, fmt.Appendf(nil, `-NAK {"delay": %d}`, after.Nanoseconds()))
	}
	return m, nil
}

func (s *storedLabels) check(ctx context.Context, err error) error { return gone(ctx, s.consumer, err) }

func (s *storedLabels) dropped() int64 { return 0 }

func (s *storedLabels) close() {}

// hold tells the server that the message is not forgotten.
func (m *labelMessage) hold() {
	if m.working != nil {
		_ = m.working() // on a broken connection the server delivers again
	}
}

func newLabelMessage(subject string, h nats.Header, body []byte, maxBody int64) *labelMessage {
	return &labelMessage{Delivery: &Delivery{Item: tta.Item{Subject: subject}, Header: h, Body: body, Attempt: 1, maxBody: maxBody}}
}
