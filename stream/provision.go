package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// duplicateWindow is how long the server remembers message ids; JetStream's own
// default, stated because "once" in commit mode ordered holds within it.
const duplicateWindow = 2 * time.Minute

// findStream names the stream that stores a subject, or "" when none does.
func findStream(ctx context.Context, conn *Conn, subject string) (string, error) {
	name, err := conn.js.StreamNameBySubject(ctx, subject)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up the stream of %q: %w", subject, err)
	}
	return name, nil
}

// ensureOutput makes sure that a stream stores what the group publishes.
func ensureOutput(ctx context.Context, conn *Conn, o GroupOptions) error {
	s := o.subjects()
	missing := ""
	for _, subject := range []string{s.Out("x"), s.Alt("x", "x"), s.DLQ()} {
		name, err := findStream(ctx, conn, subject)
		if err != nil {
			return err
		}
		if name == "" {
			missing = subject
			break
		}
	}
	if missing == "" {
		return nil
	}
	name := "TTAD_" + o.Group
	if !o.Provision {
		return missingf("no stream stores %s; set bus.provision: true, or run\n  nats stream add %s --subjects %s --storage file --dupe-window 2m --defaults",
			missing, name, quoted(s.Stored()))
	}
	_, err := conn.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: s.Stored(), Storage: jetstream.FileStorage, Duplicates: duplicateWindow,
		AllowDirect: true, AllowAtomicPublish: true,
		Description: "Predictions, dead letters and events of ttad group " + o.Group,
	})
	if err != nil {
		return fmt.Errorf("create stream %s for %v: %w", name, s.Stored(), err)
	}
	return nil
}

// ensureInput returns the stream that stores all of the group's input subjects.
func ensureInput(ctx context.Context, conn *Conn, o GroupOptions) (jetstream.Stream, error) {
	name := o.Input.Stream
	for _, subject := range o.Input.Subjects {
		found, err := findStream(ctx, conn, subject)
		if err != nil {
			return nil, err
		}
		switch {
		case found == "" || o.Input.Stream != "":
			// A stream named in the configuration is looked up by that name below.
		case name != "" && name != found:
			return nil, fmt.Errorf("input.subjects are in two streams, %s and %s; a group reads one", name, found)
		default:
			name = found
		}
	}
	if name != "" {
		stream, err := conn.js.Stream(ctx, name)
		if err == nil {
			return stream, checkStored(stream.CachedInfo().Config, o.Input.Subjects)
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, fmt.Errorf("look up stream %s: %w", name, err)
		}
	} else {
		name = "IN_" + o.Group
	}
	if !o.Provision {
		return nil, missingf("no stream stores %s; set bus.provision: true, set input.stream: none for core NATS, or run\n  nats stream add %s --subjects %s --storage file --defaults",
			quoted(o.Input.Subjects), name, quoted(o.Input.Subjects))
	}
	stream, err := conn.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: o.Input.Subjects, Storage: jetstream.FileStorage, Duplicates: duplicateWindow, AllowDirect: true,
		Description: "Input of ttad group " + o.Group,
	})
	if err != nil {
		return nil, fmt.Errorf("create stream %s for %v: %w", name, o.Input.Subjects, err)
	}
	return stream, nil
}

// checkStored refuses a stream that misses one of the subjects. A stream that only
// mirrors or sources others has no subjects of its own to compare.
func checkStored(cfg jetstream.StreamConfig, subjects []string) error {
	if cfg.Mirror != nil || len(cfg.Sources) > 0 {
		return nil
	}
	for _, want := range subjects {
		if !slices.ContainsFunc(cfg.Subjects, func(have string) bool { return covers(have, want) }) {
			return fmt.Errorf("stream %s stores %v, not input subject %q; run\n  nats stream edit %s --subjects %s",
				cfg.Name, cfg.Subjects, want, cfg.Name, quoted(append(slices.Clone(cfg.Subjects), want)))
		}
	}
	return nil
}

// covers reports whether every subject matching the pattern inner matches outer.
func covers(outer, inner string) bool {
	out, in := splitSubject(outer), splitSubject(inner)
	for i, token := range out {
		if token == ">" {
			return i < len(in)
		}
		if i >= len(in) || in[i] == ">" || token != "*" && token != in[i] {
			return false
		}
	}
	return len(out) == len(in)
}

// ackWait is how long the server waits for an answer before it delivers again:
// several times what a batch may take, since a message may wait behind others.
func ackWait(l LimitsConfig) time.Duration { return max(30*time.Second, 6*l.Deadline) }

// ensureConsumer returns the group's durable consumer on the stream.
func ensureConsumer(ctx context.Context, conn *Conn, stream jetstream.Stream, o GroupOptions) (jetstream.Consumer, error) {
	name, streamName := o.consumerName(), stream.CachedInfo().Config.Name
	consumer, err := stream.Consumer(ctx, name)
	switch {
	case err == nil:
		return consumer, checkConsumer(consumer.CachedInfo().Config, streamName, o)
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return nil, fmt.Errorf("look up consumer %s of stream %s: %w", name, streamName, err)
	case !o.Provision:
		return nil, missingf("stream %s has no consumer %s; set bus.provision: true, or run\n  %s", streamName, name, consumerCommand(streamName, name, o))
	}
	consumer, err = stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait(o.Limits), MaxDeliver: -1,
		MaxAckPending: o.maxAckPending(), FilterSubjects: o.Input.Subjects, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("create consumer %s of stream %s: %w", name, streamName, err)
	}
	return consumer, nil
}

// consumerName is that of the group's durable consumer.
func (o GroupOptions) consumerName() string { return "ttad-" + o.Group + "-0" }

// maxAckPending lets the server have as many messages out as rows may be in
// flight and prefetched.
func (o GroupOptions) maxAckPending() int { return 2 * max(o.Limits.InFlightRows, o.Batch.MaxRows) }

func consumerCommand(stream, name string, o GroupOptions) string {
	filters := make([]string, len(o.Input.Subjects))
	for i, s := range o.Input.Subjects {
		filters[i] = fmt.Sprintf("--filter '%s'", s)
	}
	return fmt.Sprintf("nats consumer add %s %s --pull --ack explicit --deliver all --wait %s --max-deliver=-1 --max-pending %d %s --defaults",
		stream, name, ackWait(o.Limits), o.maxAckPending(), strings.Join(filters, " "))
}

// checkConsumer refuses a consumer that would break the promise of one answer an
// input.
func checkConsumer(cfg jetstream.ConsumerConfig, stream string, o GroupOptions) error {
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
	case len(have) > 0 && !sameSet(have, o.Input.Subjects):
		wrong = fmt.Sprintf("filter %v, expected %v", have, o.Input.Subjects)
	case len(have) == 0 && len(o.Input.Subjects) > 0 && o.Input.Stream == "":
		return nil // no filter: everything the stream stores, which was found by subject
	}
	if wrong == "" {
		return nil
	}
	return fmt.Errorf("consumer %s of stream %s has %s; remove it with 'nats consumer rm %s %s' and run\n  %s",
		cfg.Durable, stream, wrong, stream, cfg.Durable, consumerCommand(stream, cfg.Durable, o))
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func quoted(subjects []string) string { return "'" + strings.Join(subjects, ",") + "'" }
