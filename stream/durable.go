package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// durable is a consumer that outlives the process: what it has delivered and nobody
// acknowledged comes again.
type durable struct {
	name      string
	subjects  []string
	ackWait   time.Duration
	pending   int // messages out at the same time
	provision bool
}

func (o GroupOptions) inputConsumer() durable {
	return durable{
		name: o.consumerName(), subjects: o.Input.Subjects, ackWait: ackWait(o.Limits), pending: o.maxAckPending(),
		provision: o.Provision,
	}
}

// consumerName is that of the group's durable consumer of inputs.
func (o GroupOptions) consumerName() string { return "ttad-" + o.Group + "-0" }

// ackWait is how long the server waits for an answer before it delivers again:
// several times what a batch may take, since a message may wait behind others.
func ackWait(l LimitsConfig) time.Duration { return max(30*time.Second, 6*l.Deadline) }

// maxAckPending lets the server have as many messages out as rows may be in
// flight and prefetched.
func (o GroupOptions) maxAckPending() int { return 2 * max(o.Limits.InFlightRows, o.Batch.MaxRows) }

// ensure returns the consumer on the stream.
func (d durable) ensure(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	streamName := stream.CachedInfo().Config.Name
	consumer, err := stream.Consumer(ctx, d.name)
	switch {
	case err == nil:
		return consumer, d.check(consumer.CachedInfo().Config, streamName)
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return nil, fmt.Errorf("look up consumer %s of stream %s: %w", d.name, streamName, err)
	case !d.provision:
		return nil, missingf("stream %s has no consumer %s; set bus.provision: true, or run\n  %s", streamName, d.name, d.command(streamName))
	}
	consumer, err = stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: d.name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: d.ackWait, MaxDeliver: -1,
		MaxAckPending: d.pending, FilterSubjects: d.subjects, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("create consumer %s of stream %s: %w", d.name, streamName, err)
	}
	return consumer, nil
}

// command makes the consumer.
func (d durable) command(stream string) string {
	filters := make([]string, len(d.subjects))
	for i, s := range d.subjects {
		filters[i] = fmt.Sprintf("--filter '%s'", s)
	}
	return fmt.Sprintf("nats consumer add %s %s --pull --ack explicit --deliver all --wait %s --max-deliver=-1 --max-pending %d %s --defaults",
		stream, d.name, d.ackWait, d.pending, strings.Join(filters, " "))
}

// check refuses a consumer that would lose messages or take others.
func (d durable) check(cfg jetstream.ConsumerConfig, stream string) error {
	wrong := ""
	have := cfg.FilterSubjects
	if cfg.FilterSubject != "" {
		have = []string{cfg.FilterSubject}
	}
	switch {
	case cfg.AckPolicy != jetstream.AckExplicitPolicy:
		wrong = fmt.Sprintf("ack policy %v, expected explicit", cfg.AckPolicy)
	case cfg.MaxDeliver > 0:
		wrong = fmt.Sprintf("max deliver %d, expected -1: messages would be lost after that many tries", cfg.MaxDeliver)
	case len(have) > 0 && !sameSet(have, d.subjects):
		wrong = fmt.Sprintf("filter %v, expected %v", have, d.subjects)
	}
	if wrong == "" {
		return nil
	}
	return fmt.Errorf("consumer %s of stream %s has %s; remove it with 'nats consumer rm %s %s' and run\n  %s",
		cfg.Durable, stream, wrong, stream, cfg.Durable, d.command(stream))
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// look asks for the consumer's state. A server that is just going away answers
// nothing, which is no reason to wait long.
func look(ctx context.Context, c jetstream.Consumer) (*jetstream.ConsumerInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	info, err := c.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up the consumer: %w", err)
	}
	return info, nil
}

// gone tells a consumer that does not exist any more from a server that does not
// answer for a moment: to a request both are silence.
func gone(ctx context.Context, c jetstream.Consumer, err error) error {
	if !errors.Is(err, nats.ErrNoResponders) {
		return err
	}
	if _, reason := look(ctx, c); fatal(reason) {
		return reason
	}
	return err
}

// fatal says whether receiving cannot come back by itself.
func fatal(err error) bool {
	return errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, jetstream.ErrConnectionClosed)
}
