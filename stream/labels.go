package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"ttad/tta"
)

// MaxLabels is the most labels that one message, and one call of a LabelHandle, has.
const MaxLabels = 1000

// LabelUnknown is what becomes of a label whose item never came.
const LabelUnknown tta.LabelState = "unknown"

// LabelOptions is everything a group's label intake is built from. Of the group's
// own options, Ports, Model, Batch and Output are not used.
type LabelOptions struct {
	GroupOptions
	Feedback FeedbackConfig
	Classes  []string // names of classes, by index; nil where labels must be numbers
	// Behind says whether inputs stored before a time are still to be answered.
	// While those before a label's are, it is not given up. Nil is never.
	Behind func(ctx context.Context, stored time.Time) bool
	// Event is told of conflicts and floods; nil is nobody.
	Event func(Event)
}

// LabelHandle takes labels, at most MaxLabels, and says what became of each, in
// their order. Calls come from one goroutine. An error ends Run; the messages of
// that call are delivered again.
type LabelHandle func(ctx context.Context, labels []tta.Label) ([]tta.Learned, error)

// Labels is a group's source of labels.
type Labels struct {
	o      LabelOptions
	codec  atomic.Pointer[labelCodec]
	window atomic.Int64 // feedback.window, in nanoseconds
	source labelSource
	out    poster // of dead letters
	beat   time.Duration
	room   *waitingRoom
	limit  *rate.Limiter
	watch  labelWatch
	stats  labelCounters
}

func (o *LabelOptions) defaults() {
	o.GroupOptions.defaults()
	if o.Feedback.Subject == "" {
		o.Feedback.Subject = o.subjects().Feedback()
	}
	if o.Event == nil {
		o.Event = func(Event) {}
	}
	if o.Behind == nil {
		o.Behind = func(context.Context, time.Time) bool { return false }
	}
}

// OpenLabels finds, or with Provision makes, what the label intake needs on the
// server. What is missing is a *MissingError with the command that makes it.
func OpenLabels(ctx context.Context, conn *Conn, o LabelOptions) (*Labels, error) {
	o.defaults()
	l := &Labels{
		o: o, beat: time.Minute, room: newWaitingRoom(maxWaitingMessages),
		// A whole message passes at once, however low the limit.
		limit: rate.NewLimiter(rate.Limit(o.Limits.FeedbackPerSecond), max(o.Limits.FeedbackPerSecond, MaxLabels)),
		watch: newLabelWatch(o),
	}
	l.Reload(o.Classes, o.Feedback.Window)
	epoch, err := l.attach(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("group %s: feedback: %w", o.Group, err)
	}
	w := newWriter(o.GroupOptions, conn.MaxPayload(), epoch)
	if o.Commit.Mode == "none" {
		l.out = &unconfirmed{writer: w, conn: conn, log: o.Log}
		return l, nil
	}
	if err := ensureOutput(ctx, conn, o.GroupOptions); err != nil {
		return nil, fmt.Errorf("group %s: %w", o.Group, err)
	}
	l.out = newOrdered(w, conn, o.GroupOptions)
	return l, nil
}

// Reload changes the names of classes and feedback.window, from the next message on.
// Any goroutine may call it.
func (l *Labels) Reload(classes []string, window time.Duration) {
	l.codec.Store(newLabelCodec(l.o.Limits.MessageBytes, classes))
	l.window.Store(int64(window))
}

// attach opens the source; epoch tells its stream from an earlier one of the name.
func (l *Labels) attach(ctx context.Context, conn *Conn) (epoch string, err error) {
	if l.o.Feedback.Stream == "none" {
		l.source, err = openCoreLabels(conn, &l.o)
		return "", err
	}
	stream, err := l.o.storage().ensure(ctx, conn)
	if err != nil {
		return "", err
	}
	consumer, err := l.o.consumer().ensure(ctx, stream)
	if err != nil {
		return "", err
	}
	cfg := consumer.CachedInfo().Config
	if cfg.AckWait > 0 {
		l.beat = max(cfg.AckWait/3, 10*time.Millisecond)
	}
	if cfg.MaxAckPending > 0 {
		l.room = newWaitingRoom(cfg.MaxAckPending / 3)
	}
	l.source = &storedLabels{conn: conn, consumer: consumer, o: &l.o}
	return streamEpoch(stream), nil
}

func (o *LabelOptions) storage() storage {
	return storage{
		section: "feedback", named: o.Feedback.Stream, subjects: []string{o.Feedback.Subject}, made: "FB_" + o.Group,
		about: "Labels of ttad group " + o.Group, provision: o.Provision,
	}
}

// consumer lets the server have what waits here out, what an earlier run left
// waiting, and what is new.
func (o *LabelOptions) consumer() durable {
	return durable{
		name: "ttad-" + o.Group + "-feedback", subjects: []string{o.Feedback.Subject}, ackWait: 30 * time.Second,
		pending: 3 * maxWaitingMessages, provision: o.Provision,
	}
}

// Run takes labels until ctx ends or something fails. A message is acknowledged
// once each of its labels has come to something; one with labels that came before
// their items is delivered again later. When ctx ends, what was taken and may not
// be handled yet is given back.
func (l *Labels) Run(ctx context.Context, handle LabelHandle) error {
	defer l.source.close()
	work, stop := outlive(ctx, l.o.DrainTimeout)
	defer stop()
	const firstPause = 100 * time.Millisecond
	for pause := firstPause; ctx.Err() == nil; {
		messages, err := l.source.fetch(ctx)
		if err := l.take(ctx, work, messages, handle); err != nil {
			return err
		}
		if err == nil {
			pause = firstPause
			continue
		}
		if err = l.source.check(ctx, err); fatal(err) {
			return fmt.Errorf("receive labels from %s: %w", l.o.Feedback.Subject, err)
		}
		l.o.Log.Warn().Err(err).Int64("retry_ms", pause.Milliseconds()).Msg("receiving labels interrupted")
		_ = wait(ctx, pause)
		pause = min(2*pause, 5*time.Second)
	}
	return nil
}

// take hands messages on, as many a call as its limit allows.
func (l *Labels) take(ctx, work context.Context, messages []*labelMessage, handle LabelHandle) error {
	for len(messages) > 0 {
		call := l.pack(messages)
		if !l.admit(ctx, call.fresh, messages) {
			giveBack(messages)
			return nil
		}
		if err := l.answer(work, call, handle); err != nil {
			return err
		}
		messages = messages[len(call.messages):]
	}
	return nil
}

// admit waits until the limit on labels a second lets n more in, and tells the
// server meanwhile that the messages here are not forgotten. False when ctx ends
// first.
func (l *Labels) admit(ctx context.Context, n int, messages []*labelMessage) bool {
	if n == 0 {
		return true
	}
	delay := l.limit.ReserveN(time.Now(), min(n, l.limit.Burst())).Delay()
	if delay <= 0 {
		return true
	}
	l.stats.limited.Add(int64(n))
	l.watch.limited(n)
	for ; delay > 0; delay -= l.beat {
		if wait(ctx, min(delay, l.beat)) != nil {
			return false
		}
		for _, m := range messages {
			m.hold()
		}
	}
	return true
}

// giveBack lets the next run have messages at once.
func giveBack(messages []*labelMessage) {
	for _, m := range messages {
		_ = m.again(0) // without it the server waits for the acknowledgement's time to be over
	}
}
