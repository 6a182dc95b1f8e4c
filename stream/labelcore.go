package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// coreLabels takes labels from core NATS, which does not deliver again: what comes
// early waits here.
type coreLabels struct {
	o     *LabelOptions
	queue chan *nats.Msg
	sub   *nats.Subscription
	count uint64
	lost  atomic.Int64

	late []lateMessage
}

// lateMessage is one to look at again.
type lateMessage struct {
	*labelMessage
	due time.Time
}

// openCoreLabels subscribes. What comes while the queue is full is dropped by the
// client and counted.
func openCoreLabels(conn *Conn, o *LabelOptions) (*coreLabels, error) {
	s := &coreLabels{o: o, queue: make(chan *nats.Msg, 4*maxLabelMessages)}
	var err error
	if s.sub, err = conn.nc.ChanQueueSubscribe(o.Feedback.Subject, "ttad-"+o.Group, s.queue); err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", o.Feedback.Subject, err)
	}
	if err := conn.nc.Flush(); err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", o.Feedback.Subject, err)
	}
	return s, nil
}

// fetch waits for one message and takes what else is there.
func (s *coreLabels) fetch(ctx context.Context) ([]*labelMessage, error) {
	if out := s.due(); len(out) > 0 {
		return out, nil
	}
	timer := time.NewTimer(s.patience())
	defer timer.Stop()
	var out []*labelMessage
	select {
	case msg := <-s.queue:
		out = append(out, s.message(msg))
	case <-timer.C:
	case <-ctx.Done():
	}
	for len(out) > 0 && len(out) < maxLabelMessages {
		select {
		case msg := <-s.queue:
			out = append(out, s.message(msg))
		default:
			return out, nil
		}
	}
	return out, nil
}

// due takes messages whose time to be looked at again has come.
func (s *coreLabels) due() (out []*labelMessage) {
	now, left := s.o.Now(), s.late[:0]
	for _, l := range s.late {
		if len(out) < maxLabelMessages && !l.due.After(now) {
			out = append(out, l.labelMessage)
			continue
		}
		left = append(left, l)
	}
	clear(s.late[len(left):])
	s.late = left
	return out
}

// patience is how long to wait for a new message.
func (s *coreLabels) patience() time.Duration {
	wait, now := fetchWait, s.o.Now()
	for _, l := range s.late {
		wait = min(wait, l.due.Sub(now))
	}
	return max(wait, 0)
}

func (s *coreLabels) message(msg *nats.Msg) *labelMessage {
	s.count++
	m := newLabelMessage(msg.Subject, msg.Header, msg.Data, s.o.DLQ.MaxBody)
	m.Item.Seq, m.Item.ID, m.stored = s.count, fmt.Sprintf("feedback:%d", s.count), s.o.Now()
	m.held = len(msg.Data)
	m.again = func(after time.Duration) error {
		m.read = false
		m.Attempt++
		s.late = append(s.late, lateMessage{m, s.o.Now().Add(after)})
		return nil
	}
	return m
}

func (*coreLabels) check(_ context.Context, err error) error { return err }

func (s *coreLabels) dropped() int64 {
	if n, err := s.sub.Dropped(); err == nil {
		s.lost.Store(int64(n))
	}
	return s.lost.Load()
}

func (s *coreLabels) close() {
	s.dropped()
	_ = s.sub.Unsubscribe() // fails only on a closed connection, where nothing more comes
}
