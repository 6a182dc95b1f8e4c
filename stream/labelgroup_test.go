package stream_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/stream/streamtest"
	"ttad/tta"
)

// learner stands in for a group: it knows some items of one row each, and ten
// classes.
type learner struct {
	mu     sync.Mutex
	items  map[string]bool
	known  map[string]int // labels by item
	told   []tta.Label    // everything it was ever handed, in order
	fail   error
	events []stream.Event
}

func newLearner(items ...string) *learner {
	l := &learner{items: map[string]bool{}, known: map[string]int{}}
	for _, id := range items {
		l.items[id] = true
	}
	return l
}

func (l *learner) answered(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items[id] = true
}

func (l *learner) event(e stream.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *learner) learn(_ context.Context, labels []tta.Label) ([]tta.Learned, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return nil, l.fail
	}
	out := make([]tta.Learned, len(labels))
	for i, label := range labels {
		l.told = append(l.told, label)
		out[i] = l.one(label)
	}
	return out, nil
}

func (l *learner) one(label tta.Label) tta.Learned {
	id := label.ID
	if label.Seq != 0 {
		id = fmt.Sprintf("#%d", label.Seq)
	}
	before, labelled := l.known[id]
	switch {
	case !l.items[id]:
		return tta.Learned{State: tta.LabelEarly}
	case label.Row > 0:
		return tta.Learned{State: tta.LabelInvalid, Why: fmt.Sprintf("row %d of an item of 1", label.Row)}
	case !labelled:
		l.known[id] = label.Class
		return tta.Learned{State: tta.LabelLearned}
	case before == label.Class:
		return tta.Learned{State: tta.LabelRepeated}
	case label.Revise:
		l.known[id] = label.Class
		return tta.Learned{State: tta.LabelRevised}
	}
	return tta.Learned{State: tta.LabelConflict, Why: fmt.Sprintf("class %d, known as %d", label.Class, before)}
}

func (l *learner) times(id string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, label := range l.told {
		if label.ID == id {
			n++
		}
	}
	return n
}

// intake is a running label intake of group g.
type intake struct {
	t      testing.TB
	conn   *stream.Conn
	labels *stream.Labels
	cancel context.CancelFunc
	done   chan error
}

func (b *bench) labelOptions() stream.LabelOptions {
	return stream.LabelOptions{GroupOptions: b.o, Feedback: stream.DefaultFeedback()}
}

func (b *bench) openLabels(o stream.LabelOptions) (*stream.Conn, *stream.Labels) {
	b.t.Helper()
	conn := b.connect()
	labels, err := stream.OpenLabels(context.Background(), conn, o)
	require.NoError(b.t, err)
	return conn, labels
}

func (b *bench) startLabels(o stream.LabelOptions, handle stream.LabelHandle) *intake {
	b.t.Helper()
	conn, labels := b.openLabels(o)
	ctx, cancel := context.WithCancel(context.Background())
	in := &intake{t: b.t, conn: conn, labels: labels, cancel: cancel, done: make(chan error, 1)}
	go func() { in.done <- labels.Run(ctx, handle) }()
	return in
}

func (in *intake) stop() error {
	in.cancel()
	err := <-in.done
	require.NoError(in.t, in.conn.Close(context.Background()))
	return err
}

// label stores a message on the feedback subject.
func (b *bench) label(body string) { b.put("tta.g.feedback", nil, []byte(body)) }

// labelsSettled waits until everything stored is acknowledged. Numbers of what is
// pending do not tell: a consumer learns a little later that something was stored.
func (b *bench) labelsSettled() {
	b.t.Helper()
	streamtest.Eventually(b.t, "every label message is acknowledged", func() bool {
		s, err := b.js.Stream(context.Background(), "FB_g")
		if err != nil {
			return false
		}
		c, err := s.Consumer(context.Background(), "ttad-g-feedback")
		if err != nil {
			return false
		}
		info := c.CachedInfo()
		return info.AckFloor.Stream >= s.CachedInfo().State.LastSeq && info.NumAckPending == 0 && info.NumPending == 0
	})
}

func (in *intake) counts(want map[tta.LabelState]int64) {
	in.t.Helper()
	assert.Equal(in.t, want, in.labels.Stats().States)
}

func (b *bench) updateLabelConsumer(change func(*jetstream.ConsumerConfig)) {
	b.t.Helper()
	c, err := b.js.Consumer(context.Background(), "FB_g", "ttad-g-feedback")
	require.NoError(b.t, err)
	cfg := c.CachedInfo().Config
	change(&cfg)
	_, err = b.js.UpdateConsumer(context.Background(), "FB_g", cfg)
	require.NoError(b.t, err)
}
