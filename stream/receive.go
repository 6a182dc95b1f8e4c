package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"golang.org/x/sync/errgroup"
)

// receive sends messages to out until receiving ends, and then those the client
// holds already; work ends it at once.
func (in *Input) receive(receiving, work context.Context, out chan<- *Delivery) error {
	if in.consumer == nil {
		return in.receiveCore(receiving, work, out)
	}
	const firstPause = 100 * time.Millisecond
	cleared := false // nothing is left of an earlier run
	for pause := firstPause; receiving.Err() == nil && work.Err() == nil; {
		var err error
		if cleared {
			err = in.fetchStored(work, out)
		} else {
			err = in.receiveSuspects(receiving, work, out)
		}
		if err == nil {
			cleared, pause = true, firstPause
			continue
		}
		if err = gone(receiving, in.consumer, err); fatal(err) {
			return fmt.Errorf("receive from stream %s: %w", in.stream, err)
		}
		in.o.Log.Warn().Err(err).Int64("retry_ms", pause.Milliseconds()).Msg("receiving interrupted")
		_ = wait(receiving, pause)
		pause = min(2*pause, 5*time.Second)
	}
	return nil
}

// fetchWait is how long a request for messages stays with the server when none
// come, and so the most a drain waits for it.
const fetchWait = 500 * time.Millisecond

// maxFetchBytes bounds what one request brings, and so what waits undecoded.
const maxFetchBytes = 16 << 20

// fetchStored asks the durable consumer for some messages and passes them on. It
// never leaves while its request is out: what the server sends to somebody who has
// stopped listening counts as delivered, and comes back only when its time for an
// acknowledgement is over, behind newer messages.
func (in *Input) fetchStored(work context.Context, out chan<- *Delivery) error {
	if !in.conn.Connected() {
		return nats.ErrDisconnected
	}
	ahead := min(max(in.o.Limits.InFlightRows/2, 1), 500)
	// A request that the next message does not fit would never be answered.
	most := max(maxFetchBytes, 2*int(in.conn.MaxPayload()))
	batch, err := in.consumer.Fetch(ahead, jetstream.FetchMaxWait(fetchWait), jetstream.FetchMaxBytes(most))
	if err != nil {
		return err
	}
	// What comes is taken off the client at once, so that holdOn knows of it while it
	// waits here; there is room for all of it.
	var g errgroup.Group
	queue := make(chan *Delivery, ahead)
	g.Go(func() error {
		defer close(queue)
		for msg := range batch.Messages() {
			d, err := in.stored(msg)
			if err != nil {
				return err
			}
			queue <- d
		}
		return batch.Error()
	})
	open := true
	for d := range queue {
		open = open && in.pass(work, out, d)
	}
	if err := g.Wait(); open {
		return err
	}
	return nil
}

func closedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// receiveSuspects takes messages one at a time while some that an earlier run took
// and never answered are still out: one of them may have killed it. Only a message
// that is asked for counts as delivered, so fetching ahead would make suspects of
// the innocent ones behind it.
func (in *Input) receiveSuspects(receiving, work context.Context, out chan<- *Delivery) error {
	info, err := look(receiving, in.consumer)
	if err != nil {
		return closedBy(receiving, err)
	}
	last := info.Delivered.Stream
	if info.NumAckPending > 0 {
		in.o.Log.Info().Int("messages", info.NumAckPending).Msg("an earlier run left messages unanswered; taking them one at a time")
	}
	for info.NumAckPending > 0 && info.AckFloor.Stream < last && receiving.Err() == nil {
		for range 64 {
			d, err := in.fetchOne(receiving)
			if err != nil {
				return err
			}
			if d == nil {
				break
			}
			if !in.pass(work, out, d) {
				return nil
			}
		}
		if info, err = look(receiving, in.consumer); err != nil {
			return closedBy(receiving, err)
		}
	}
	return nil
}

// fetchOne returns the next message, or nil when there is none for a moment.
func (in *Input) fetchOne(ctx context.Context) (*Delivery, error) {
	batch, err := in.consumer.Fetch(1, jetstream.FetchMaxWait(fetchWait))
	if err != nil {
		return nil, closedBy(ctx, err)
	}
	for msg := range batch.Messages() {
		return in.stored(msg)
	}
	if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) {
		return nil, closedBy(ctx, err)
	}
	return nil, nil
}

// receiveCore subscribes on core NATS, sharing the work with other instances.
// What comes while the queue is full is dropped by the client and counted.
func (in *Input) receiveCore(receiving, work context.Context, out chan<- *Delivery) error {
	queue := make(chan *nats.Msg, max(in.o.Limits.InFlightRows, 64))
	var subs []*nats.Subscription
	for _, subject := range in.o.Input.Subjects {
		s, err := in.conn.nc.ChanQueueSubscribe(subject, "ttad-"+in.o.Group, queue)
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		subs = append(subs, s)
	}
	in.stats.subs.Store(&subs)
	if err := in.conn.nc.Flush(); err != nil {
		return fmt.Errorf("subscribe to %v: %w", in.o.Input.Subjects, err)
	}
	run := nuid.Next()
	for n := 1; ; n++ {
		select {
		case msg := <-queue:
			if !send(work, out, in.plain(msg, fmt.Sprintf("%s:%d", run, n))) {
				return nil
			}
			continue
		case <-receiving.Done():
		}
		return in.leave(subs, queue, work, out, run, n)
	}
}

// leave unsubscribes and passes on what is queued already.
func (in *Input) leave(subs []*nats.Subscription, queue chan *nats.Msg, work context.Context, out chan<- *Delivery, run string, n int) error {
	in.stats.dropped.Store(dropped(subs))
	in.stats.subs.Store(nil)
	for _, s := range subs {
		_ = s.Unsubscribe() // fails only on a closed connection, where nothing more comes
	}
	for ; ; n++ {
		select {
		case msg := <-queue:
			if !send(work, out, in.plain(msg, fmt.Sprintf("%s:%d", run, n))) {
				return nil
			}
		default:
			return nil
		}
	}
}

// dropped adds up what the client threw away because the queue was full.
func dropped(subs []*nats.Subscription) (total int64) {
	for _, s := range subs {
		if n, err := s.Dropped(); err == nil {
			total += int64(n)
		}
	}
	return total
}

func send(ctx context.Context, out chan<- *Delivery, d *Delivery) bool {
	select {
	case out <- d:
		return true
	case <-ctx.Done():
		return false
	}
}
