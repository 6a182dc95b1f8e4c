package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// Input is a group's source of parcels.
type Input struct {
	o        GroupOptions
	conn     *Conn
	codec    *Codec
	consumer jetstream.Consumer // nil on core NATS
	stream   string
	created  string        // when the stream was made, part of answers' ids
	beat     time.Duration // between two words to the server about messages held
	held     *holdings
	stats    inputCounters
}

type inputCounters struct {
	inFlight, messages, redelivered, dropped atomic.Int64
	position                                 atomic.Int64 // when the newest answered message was stored, in Unix nanoseconds
	// subs are asked for what they dropped; dropped is their last word.
	subs atomic.Pointer[[]*nats.Subscription]
}

// InputStats are counters since Run began.
type InputStats struct {
	InFlightRows int64 // rows taken and not yet answered
	Messages     int64 // messages taken
	Redelivered  int64 // of those, delivered more than once
	Dropped      int64 // core NATS: messages that came faster than they were taken
}

// Handle answers one parcel. It is called by one goroutine at a time, in the order
// parcels closed. Its context outlives the one given to Run by the drain timeout.
// An error ends Run, and inputs that were not committed are delivered again.
type Handle func(ctx context.Context, p *Parcel) error

// Stats may be read at any time.
func (in *Input) Stats() InputStats {
	lost := in.stats.dropped.Load()
	if subs := in.stats.subs.Load(); subs != nil {
		lost = dropped(*subs)
	}
	return InputStats{
		InFlightRows: in.stats.inFlight.Load(), Messages: in.stats.messages.Load(),
		Redelivered: in.stats.redelivered.Load(), Dropped: lost,
	}
}

// Stream names the JetStream stream, empty on core NATS.
func (in *Input) Stream() string { return in.stream }

// Lag asks the server how many messages have not been delivered yet; 0 on core NATS.
func (in *Input) Lag(ctx context.Context) (uint64, error) {
	if in.consumer == nil {
		return 0, nil
	}
	info, err := in.consumer.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("read lag of %s: %w", in.stream, err)
	}
	return info.NumPending, nil
}

// Behind says whether messages stored before a time, by the server's clock, are
// still to be answered, or may be: the server does not say, or has delivered some
// that nobody has acknowledged, as after a crash. Core NATS stores none.
func (in *Input) Behind(ctx context.Context, stored time.Time) bool {
	if in.consumer == nil || in.stats.position.Load() >= stored.UnixNano() {
		return false
	}
	if in.stats.inFlight.Load() > 0 {
		return true
	}
	info, err := look(ctx, in.consumer)
	return err != nil || info.NumPending > 0 || info.NumAckPending > 0
}

// answered notes how far answers have come. Batches of several keys finish out of
// order, so that an older message may be left: as long as it takes to fill a batch.
func (c *inputCounters) answered(stored time.Time) {
	if at := stored.UnixNano(); !stored.IsZero() && at > c.position.Load() {
		c.position.Store(at)
	}
}

// attach finds the stream and the durable consumer.
func (in *Input) attach(ctx context.Context) error {
	s, err := in.o.inputStorage().ensure(ctx, in.conn)
	if err != nil {
		return err
	}
	in.stream = s.CachedInfo().Config.Name
	in.created = streamEpoch(s)
	if in.consumer, err = in.o.inputConsumer().ensure(ctx, s); err != nil {
		return err
	}
	if wait := in.consumer.CachedInfo().Config.AckWait; wait > 0 {
		in.beat = max(wait/3, 10*time.Millisecond)
	}
	return nil
}

// streamEpoch tells a stream from an earlier one of the same name.
func streamEpoch(s jetstream.Stream) string {
	return strconv.FormatInt(s.CachedInfo().Created.UnixMilli(), 36)
}

// Run receives, decodes and batches until ctx ends or something fails, and gives
// every parcel to handle. When ctx ends it takes nothing more from the server,
// hands over what it holds, and returns nil once that is answered; what is not
// answered within the drain timeout stays with the server.
func (in *Input) Run(ctx context.Context, handle Handle) error {
	work, stop := outlive(ctx, in.o.DrainTimeout)
	defer stop()
	g, work := errgroup.WithContext(work)
	receiving, stopReceiving := context.WithCancel(work)
	defer stopReceiving()
	defer context.AfterFunc(ctx, stopReceiving)()

	in.held = newHoldings()
	arrivals := make(chan *Delivery)
	k := newIntake(in, arrivals)
	g.Go(func() error {
		defer close(arrivals)
		return in.receive(receiving, work, arrivals)
	})
	g.Go(func() error { return k.run(work) })
	g.Go(func() error { return k.serve(work, handle) })
	err := g.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return fmt.Errorf("drain: not everything was answered within %v: %w", in.o.DrainTimeout, err)
	}
	return err
}

// outlive returns a context that ends a while after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timer := make(chan *time.Timer, 1)
	stop := context.AfterFunc(ctx, func() { timer <- time.AfterFunc(by, cancel) })
	return out, func() {
		if !stop() {
			(<-timer).Stop()
		}
		cancel()
	}
}
