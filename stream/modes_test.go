package stream_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/stream/streamtest"
)

// onCore makes the group use core NATS on both sides.
func (b *bench) onCore() {
	b.o.Input.Stream = "none"
	b.o.Commit.Mode = "none"
}

// subscribe collects what is published on a subject from now on.
func (b *bench) subscribe(subject string) <-chan *nats.Msg {
	b.t.Helper()
	ch := make(chan *nats.Msg, 10_000)
	_, err := b.nc.ChanSubscribe(subject, ch)
	require.NoError(b.t, err)
	require.NoError(b.t, b.nc.Flush())
	return ch
}

func receive(t testing.TB, from <-chan *nats.Msg) *nats.Msg {
	t.Helper()
	select {
	case m := <-from:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no message within 20s")
		return nil
	}
}

// ready waits until the worker's subscription is known to the server.
func (b *bench) ready(out <-chan *nats.Msg) {
	b.t.Helper()
	streamtest.Eventually(b.t, "the worker answers", func() bool {
		require.NoError(b.t, b.nc.Publish("tta.g.in.probe", request(0)))
		select {
		case <-out:
			return true
		case <-time.After(20 * time.Millisecond):
			return false
		}
	})
}

func TestCoreNATSInAndOut(t *testing.T) {
	b := newBench(t)
	b.onCore()
	probe := b.subscribe("tta.g.out.probe")
	out, dead := b.subscribe("tta.g.out.cam"), b.subscribe("tta.g.dlq")
	w := b.start(echo)
	b.ready(probe)
	for v := 1; v <= 3; v++ {
		require.NoError(t, b.nc.Publish("tta.g.in.cam", request(v)))
	}
	require.NoError(t, b.nc.Publish("tta.g.in.cam", []byte("garbage")))
	for v := 1; v <= 3; v++ {
		m := receive(t, out)
		got := decodeOutput(t, m.Data)
		assert.Equal(t, v, got.Rows[0].Class)
		assert.NotEmpty(t, got.ID)
		assert.Empty(t, m.Header.Get("Ttad-Src-Stream"))
	}
	assert.Equal(t, "bad_json", receive(t, dead).Header.Get("Ttad-Error-Code"))
	require.NoError(t, w.stop())
	assert.Empty(t, w.input.Stream())
}

func TestCoreNATSDrainAnswersWhatWasTaken(t *testing.T) {
	b := newBench(t)
	b.onCore()
	b.o.Batch.MaxDelay = time.Minute
	b.o.Batch.MaxRows = 10
	out := b.subscribe("tta.g.out.cam")
	w := b.start(echo)
	streamtest.Eventually(t, "a message is taken", func() bool {
		require.NoError(t, b.nc.Publish("tta.g.in.cam", request(1)))
		return w.input.Stats().InFlightRows > 0
	})
	require.NoError(t, w.stop())
	assert.Equal(t, 1, decodeOutput(t, receive(t, out).Data).Rows[0].Class)
}

func TestCoreNATSDropsAreCounted(t *testing.T) {
	b := newBench(t)
	b.onCore()
	b.o.Limits.InFlightRows = 64
	gate := make(chan struct{})
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		<-gate
		return echo(ctx, p, c)
	})
	streamtest.Eventually(t, "messages are dropped and counted", func() bool {
		for range 500 {
			require.NoError(t, b.nc.Publish("tta.g.in.cam", request(1)))
		}
		require.NoError(t, b.nc.Flush())
		return w.input.Stats().InFlightRows == 64 && w.input.Stats().Dropped > 0
	})
	close(gate)
	require.NoError(t, w.stop())
}

func TestUnconfirmedAnswersAcknowledgeStoredInputs(t *testing.T) {
	b := newBench(t)
	b.o.Commit.Mode = "none"
	out := b.subscribe("tta.g.out.cam")
	w := b.start(echo)
	b.publish("cam", 1, 2)
	assert.Equal(t, 1, decodeOutput(t, receive(t, out).Data).Rows[0].Class)
	assert.Equal(t, 2, decodeOutput(t, receive(t, out).Data).Rows[0].Class)
	streamtest.Eventually(t, "everything is acknowledged", func() bool { return b.unanswered() == 0 })
	require.NoError(t, w.stop())
}

// A connection that is closed takes nothing more.
func TestUnconfirmedAnswersThatAreLostAreCounted(t *testing.T) {
	b := newBench(t)
	b.onCore()
	conn := b.connect()
	_, committer, err := stream.Open(context.Background(), conn, b.o)
	require.NoError(t, err)
	p := plainParcel(3)
	p.Refuse(0, stream.Refusef(stream.ModelError, "no"))
	published, err := committer.Commit(context.Background(), p, answers(p, "other"))
	require.NoError(t, err)
	assert.Equal(t, stream.Receipt{Outputs: 4, Challengers: 2, Rows: 2, DeadLetters: map[stream.Code]int{stream.ModelError: 1}}, published)
	require.NoError(t, conn.Close(context.Background()))
	lost, err := committer.Commit(context.Background(), p, answers(p, "other"))
	require.NoError(t, err)
	assert.Equal(t, stream.Receipt{Lost: 5, DeadLetters: map[stream.Code]int{}}, lost)
}

func TestKeysAreAnsweredSeparatelyAndAcknowledgedOneByOne(t *testing.T) {
	b := newBench(t)
	b.o.Batch.GroupBy = "key"
	b.o.Batch.MaxRows = 3
	b.o.Batch.MaxDelay = time.Minute
	mixed := false
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		for _, item := range p.Batch.Items {
			mixed = mixed || item.Key != p.Batch.Items[0].Key
		}
		return echo(ctx, p, c)
	})
	b.publish("slow", 1)
	b.publish("fast", 2, 3, 4)
	b.waitFor("tta.g.out.fast", 3)
	streamtest.Eventually(t, "the slow key alone is unanswered", func() bool { return b.unanswered() == 1 })
	require.NoError(t, w.stop())
	assert.Equal(t, []int{1}, b.classes("tta.g.out.slow"))
	assert.False(t, mixed, "rows of different keys shared a batch")
}

// Somebody listens where the stream was, so publishes are not refused: they just
// get no answer. More of them than may be pending must not block the publisher.
func TestPublishesThatAreNeverConfirmedKeepNoPlace(t *testing.T) {
	const n = 900
	ctx := context.Background()
	b := newBench(t)
	conn := b.connect()
	_, committer, err := stream.Open(ctx, conn, b.o)
	require.NoError(t, err)
	require.NoError(t, stream.Impatient(conn, 50*time.Millisecond))
	s, err := b.js.Stream(ctx, "TTAD_g")
	require.NoError(t, err)
	cfg := s.CachedInfo().Config
	swallowed := b.subscribe("tta.g.out.>")
	require.NoError(t, b.js.DeleteStream(ctx, "TTAD_g"))

	p := plainParcel(n)
	done := make(chan error, 1)
	var receipt stream.Receipt
	go func() {
		var err error
		receipt, err = committer.Commit(ctx, p, answers(p))
		done <- err
	}()
	for range 4 * n {
		receive(t, swallowed)
	}
	_, err = b.js.CreateStream(ctx, cfg)
	require.NoError(t, err)
	require.NoError(t, <-done)
	assert.Equal(t, n, receipt.Outputs)
	assert.Equal(t, n, streamtest.Count(b.js, "TTAD_g", "tta.g.out.>"))
	require.NoError(t, conn.Close(ctx))
}

func TestCommitPublishesNothingOnceItsTimeIsOver(t *testing.T) {
	b := newBench(t)
	conn := b.connect()
	_, committer, err := stream.Open(context.Background(), conn, b.o)
	require.NoError(t, err)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	p := plainParcel(3)
	_, err = committer.Commit(over, p, answers(p))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, conn.Close(context.Background()))
	assert.Zero(t, streamtest.Count(b.js, "TTAD_g", "tta.g.out.>"))
}

// plainParcel is a closed batch of n messages of one row.
func plainParcel(n int) *stream.Parcel {
	batcher := stream.NewBatcher(stream.BatchConfig{MaxRows: n, MaxBytes: 1 << 30, MaxDelay: time.Hour, MaxKeys: 1}, false)
	for seq := 1; ; seq++ {
		d, x := message(uint64(seq), "cam", 1)
		if closed := batcher.Add(at(0), d, x); len(closed) > 0 {
			return closed[0]
		}
	}
}

// marks lists what stands on the consumer about messages that run alone.
func (b *bench) marks() (out []string) {
	b.t.Helper()
	c, err := b.js.Consumer(context.Background(), "IN_g", "ttad-g-0")
	require.NoError(b.t, err)
	for name := range c.CachedInfo().Config.Metadata {
		if strings.HasPrefix(name, "ttad-") {
			out = append(out, name)
		}
	}
	return out
}

// The third delivery of a message runs alone and the fourth is given up, so that
// only the message that kills the process ends as a dead letter.
func TestMessageThatKillsTheProcessBecomesPoisonAndItsNeighboursDoNot(t *testing.T) {
	b := newBench(t)
	b.o.Batch.MaxRows = 4
	b.provision()
	// Longer than a dying worker's last request stays with the server, which would
	// count as another delivery.
	b.expireAcks(1500 * time.Millisecond)
	b.publish("cam", 1, 2, 666, 4, 5)
	killed := errors.New("killed")
	var sizes []int
	victims := make(chan *worker, 1)
	kill := func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		for i := range p.Batch.Items {
			if p.Batch.Inputs[0].Row(i)[0] == 666 {
				sizes = append(sizes, len(p.Batch.Items))
				// A dead process says nothing more to anybody.
				w := <-victims
				require.NoError(t, w.conn.Close(context.Background()))
				return stream.Receipt{}, killed
			}
		}
		return echo(ctx, p, c)
	}
	for range 3 {
		w := b.start(kill)
		victims <- w
		require.Error(t, <-w.done)
	}
	assert.Equal(t, 1, sizes[2], "the third time it is alone")
	assert.Equal(t, []string{"ttad-alone-3"}, b.marks())
	w := b.start(kill)
	b.waitFor("tta.g.dlq", 1)
	b.waitFor("tta.g.out.>", 4)
	require.NoError(t, w.stop())
	dead := b.stored("tta.g.dlq")
	require.Len(t, dead, 1)
	assert.Equal(t, "poison", dead[0].Header.Get("Ttad-Error-Code"))
	assert.Equal(t, "3", dead[0].Header.Get("Ttad-Src-Seq"))
	assert.ElementsMatch(t, []int{1, 2, 4, 5}, b.classes("tta.g.out.>"))
	assert.Empty(t, b.marks())
}

// Deliveries alone prove nothing: runs that end cleanly without an answer, because
// the answers cannot be stored or the time to drain is short, deliver again, too.
func TestMessagesOfCleanRestartsAreNeverPoison(t *testing.T) {
	ctx := context.Background()
	entered, unstored := make(chan int), make(chan struct{})
	for name, e := range map[string]engine{
		"answers cannot be stored": func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
			entered <- p.Deliveries[0].Attempt
			<-unstored
			return echo(ctx, p, c)
		},
		"no time to answer": func(ctx context.Context, p *stream.Parcel, _ stream.Committer) (stream.Receipt, error) {
			entered <- p.Deliveries[0].Attempt
			<-unstored
			<-ctx.Done()
			return stream.Receipt{}, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.provision()
			b.expireAcks(300 * time.Millisecond)
			s, err := b.js.Stream(ctx, "TTAD_g")
			require.NoError(t, err)
			b.publish("cam", 1, 2, 3)
			for attempt := 0; attempt < 5; {
				b.o.DrainTimeout = 10 * time.Millisecond
				w := b.start(e)
				attempt = max(attempt, <-entered)
				require.NoError(t, b.js.DeleteStream(ctx, "TTAD_g"))
				unstored <- struct{}{}
				require.ErrorContains(t, w.stop(), "drain")
				assert.Empty(t, b.marks(), "a clean end leaves none")
			}
			b.o.DrainTimeout = 0 // ten seconds
			_, err = b.js.CreateStream(ctx, s.CachedInfo().Config)
			require.NoError(t, err)
			w := b.start(echo)
			b.waitFor("tta.g.out.>", 3)
			require.NoError(t, w.stop())
			assert.ElementsMatch(t, upTo(3), b.classes("tta.g.out.>"))
			assert.Empty(t, b.stored("tta.g.dlq"))
		})
	}
}

// The server would deliver again after 200 ms; a batch held five times as long is
// not delivered twice.
func TestMessagesHeldLongAreNotDeliveredAgain(t *testing.T) {
	b := newBench(t)
	b.provision()
	b.expireAcks(200 * time.Millisecond)
	b.o.Batch.MaxDelay = time.Second
	w := b.start(echo)
	b.publish("cam", 1, 2, 3)
	b.waitFor("tta.g.out.>", 3)
	require.NoError(t, w.stop())
	assert.Zero(t, w.input.Stats().Redelivered)
}

// Five times as long as the server waits; there is room for two messages, one more
// is decoded, and one is fetched ahead of them.
func TestMessagesThatWaitBehindASlowModelAreNotDeliveredAgain(t *testing.T) {
	b := newBench(t)
	b.provision()
	b.expireAcks(200 * time.Millisecond)
	b.o.Batch.MaxRows, b.o.Limits.InFlightRows = 1, 2
	first := true
	b.publish("cam", upTo(5)...)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		if first {
			<-time.After(time.Second) // what the model takes
			first = false
		}
		return echo(ctx, p, c)
	})
	b.waitFor("tta.g.out.>", 5)
	require.NoError(t, w.stop())
	assert.Zero(t, w.input.Stats().Redelivered)
}

func TestRecreatedInputStreamIsNotTakenForRepeats(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	w := b.start(echo)
	b.publish("cam", 1)
	b.waitFor("tta.g.out.>", 1)
	require.NoError(t, w.stop())
	require.NoError(t, b.js.DeleteStream(ctx, "IN_g"))
	w = b.start(echo)
	b.publish("cam", 2)
	b.waitFor("tta.g.out.>", 2)
	require.NoError(t, w.stop())
	assert.Equal(t, []int{1, 2}, b.classes("tta.g.out.>"))
}

func TestConsumerTakenAwayEndsTheRun(t *testing.T) {
	b := newBench(t)
	w := b.start(echo)
	b.publish("cam", 1)
	b.waitFor("tta.g.out.>", 1)
	require.NoError(t, b.js.DeleteConsumer(context.Background(), "IN_g", "ttad-g-0"))
	err := <-w.done
	require.ErrorIs(t, err, jetstream.ErrConsumerDeleted)
	assert.ErrorContains(t, err, "receive from stream IN_g")
	require.NoError(t, w.conn.Close(context.Background()))
}

// The same while messages of an earlier run are taken one at a time.
func TestWhatIsTakenAwayAmongSuspectsEndsTheRun(t *testing.T) {
	ctx := context.Background()
	for name, take := range map[string]func(b *bench) error{
		"consumer": func(b *bench) error { return b.js.DeleteConsumer(ctx, "IN_g", "ttad-g-0") },
		"stream":   func(b *bench) error { return b.js.DeleteStream(ctx, "IN_g") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.provision()
			b.publish("cam", 1, 2)
			killed := errors.New("killed")
			w := b.start(func(context.Context, *stream.Parcel, stream.Committer) (stream.Receipt, error) {
				return stream.Receipt{}, killed
			})
			require.ErrorIs(t, <-w.done, killed)
			require.NoError(t, w.conn.Close(ctx))
			require.NotZero(t, b.unanswered())

			w = b.start(echo) // they come back only after 30 s
			require.NoError(t, take(b))
			select {
			case err := <-w.done:
				assert.ErrorContains(t, err, "receive from stream IN_g")
			case <-time.After(20 * time.Second):
				assert.Fail(t, "Run goes on without a "+name)
				assert.NoError(t, w.stop())
			}
			require.NoError(t, w.conn.Close(ctx))
		})
	}
}

func TestLagCountsWhatWaits(t *testing.T) {
	b := newBench(t)
	b.provision()
	b.publish("cam", 1, 2, 3)
	conn := b.connect()
	input, _, err := stream.Open(context.Background(), conn, b.o)
	require.NoError(t, err)
	lag, err := input.Lag(context.Background())
	require.NoError(t, err)
	assert.Equal(t, uint64(3), lag)
	require.NoError(t, conn.Close(context.Background()))
}
