package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/stream/streamtest"
)

func TestAnswersComeInOrderWithWhereTheyCameFrom(t *testing.T) {
	b := newBench(t)
	b.o.Output.CopyHeaders = []string{"X-Camera"}
	w := b.start(echo)
	b.put("tta.g.in.cam7.left", headers("Ttad-Id", "frame-1", "Nats-Msg-Id", "m-1", "X-Camera", "7", "X-Other", "no",
		"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), request(1))
	b.put("tta.g.in.cam8", headers("Nats-Msg-Id", "m-2"), request(2))
	b.put("tta.g.in.cam8", nil, request(3))
	b.put("tta.g.in.cam8", nil, []byte(`{"id":"r-4","inputs":[{"name":"x","datatype":"FP32","shape":[2,1],"data":[4,5]}]}`))
	b.waitFor("tta.g.out.>", 4)
	require.NoError(t, w.stop())

	out := b.stored("tta.g.out.>")
	require.Len(t, out, 4)
	first := decodeOutput(t, out[0].Data)
	assert.Equal(t, "tta.g.out.cam7.left", out[0].Subject)
	assert.Equal(t, "frame-1", first.ID)
	assert.Equal(t, "g", first.Group)
	assert.Equal(t, "main", first.Pipeline)
	assert.Equal(t, "0123456789ab", first.Model)
	assert.Equal(t, 3, first.Generation)
	assert.Equal(t, 1, first.Rows[0].Class)
	assert.Equal(t, [][2]float32{{1, 0.75}, {0, 0.25}}, first.Rows[0].Top)
	assert.Contains(t, first.Timing, "queue_ms")
	for name, want := range map[string]string{
		"Ttad-Id": "frame-1", "Ttad-Src-Stream": "IN_g", "Ttad-Src-Seq": "1", "Ttad-Src-Subject": "tta.g.in.cam7.left",
		"Ttad-Model": "0123456789ab", "Ttad-Generation": "3", "Ttad-Pipeline": "main", "Ttad-Step": "0", "Ttad-Guard": "ok",
		"Content-Type": "application/json", "X-Camera": "7", "X-Other": "",
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	} {
		assert.Equal(t, want, out[0].Header.Get(name), name)
	}
	var ids []string
	for _, m := range out {
		ids = append(ids, decodeOutput(t, m.Data).ID)
	}
	assert.Equal(t, []string{"frame-1", "m-2", "IN_g:3", "r-4"}, ids, "Ttad-Id, else Nats-Msg-Id, else the request's id, else the place in the stream")
	last := decodeOutput(t, out[3].Data)
	require.Len(t, last.Rows, 2, "a message of two rows gives one answer of two rows")
	assert.Equal(t, 5, last.Rows[1].Class)
}

func TestEveryCodeReachesTheDeadLetterSubject(t *testing.T) {
	b := newBench(t)
	b.o.Limits.MessageBytes = 4 << 10
	b.o.Batch.MaxRows = 8
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		for i := range p.Batch.Items {
			switch p.Batch.Inputs[0].Row(i)[0] { // one row a message here
			case 66:
				p.Refuse(i, stream.Refusef(stream.ModelError, "forward: no"))
			case 77:
				p.Refuse(i, stream.Refusef(stream.DeadlineOver, "took 6s, limits.deadline is 5s"))
			}
		}
		return echo(ctx, p, c)
	})
	tensor := func(dtype, shape string) nats.Header {
		return headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", dtype, "Ttad-Shape", shape)
	}
	bad := []struct {
		code    stream.Code
		subject string
		header  nats.Header
		body    []byte
	}{
		{stream.BadCodec, "", headers("Content-Type", "text/csv"), []byte("1")},
		{stream.BadJSON, "", nil, []byte("{garbage")},
		{stream.BadShape, "", tensor("FP32", "2,2"), floats(1, 2, 3, 4)},
		{stream.BadDType, "", headers("Content-Type", stream.ContentNPY), npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 1)},
		{stream.BadSize, "", tensor("FP32", "1"), floats(1)[:3]},
		{stream.NotFinite, "", tensor("FP32", "1"), floats(float32(math.NaN()))},
		{stream.TooLarge, "", nil, make([]byte, 5<<10)},
		{stream.TooManyRows, "", tensor("FP32", "9,1"), floats(1, 2, 3, 4, 5, 6, 7, 8, 9)},
		{stream.UnknownInput, "", nil, []byte(`{"inputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1]}]}`)},
		{stream.BadHeader, "", headers("X-Long", strings.Repeat("x", 17<<10)), request(1)},
		{stream.BadID, "", headers("Ttad-Id", strings.Repeat("i", 201)), request(1)},
		{stream.ModelError, "", nil, request(66)},
		{stream.DeadlineOver, "", nil, request(77)},
	}
	for i, m := range bad {
		b.put("tta.g.in.cam", m.header, m.body)
		b.put("tta.g.in.cam", nil, request(i+1))
	}
	b.waitFor("tta.g.dlq", len(bad))
	b.waitFor("tta.g.out.>", len(bad))
	require.NoError(t, w.stop())

	dead := b.stored("tta.g.dlq")
	require.Len(t, dead, len(bad))
	for i, m := range bad {
		got := dead[i]
		assert.Equal(t, string(m.code), got.Header.Get("Ttad-Error-Code"), got.Header.Get("Ttad-Error"))
		assert.NotEmpty(t, got.Header.Get("Ttad-Error"))
		assert.Equal(t, m.body, got.Data, "the body as it came")
		assert.Equal(t, m.header.Get("Content-Type"), got.Header.Get("Content-Type"))
		assert.Equal(t, fmt.Sprint(2*i+1), got.Header.Get("Ttad-Src-Seq"))
		assert.Equal(t, "tta.g.in.cam", got.Header.Get("Ttad-Src-Subject"))
	}
	assert.Equal(t, upTo(len(bad)), b.classes("tta.g.out.>"), "the neighbours of a bad message are answered, in order")
	total := w.total()
	assert.Equal(t, len(bad), total.Outputs)
	assert.Equal(t, 1, total.DeadLetters[stream.BadJSON])
}

func TestDeadLetterBodyIsCut(t *testing.T) {
	b := newBench(t)
	b.o.DLQ.MaxBody = 5
	w := b.start(echo)
	b.put("tta.g.in.cam", headers("Nats-Expected-Stream", "IN_g", "Nats-Msg-Id", "m", "X-Any", "kept"), []byte("0123456789"))
	b.waitFor("tta.g.dlq", 1)
	require.NoError(t, w.stop())
	dead := b.stored("tta.g.dlq")[0]
	assert.Equal(t, "01234", string(dead.Data))
	assert.Equal(t, "kept", dead.Header.Get("X-Any"))
	assert.Equal(t, "m", dead.Header.Get("Ttad-Id"))
	assert.Empty(t, dead.Header.Get("Nats-Expected-Stream"), "orders to the server are not repeated")
}

func TestAnswerNoMessageCanHoldBecomesADeadLetter(t *testing.T) {
	b := newBench(t)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		a := answers(p, "other")
		for i := range a {
			for j := range a[i] {
				a[i][j].Rows[0].Label = strings.Repeat("x", 1<<20)
			}
		}
		return c.Commit(ctx, p, a)
	})
	b.publish("cam", 1)
	b.waitFor("tta.g.dlq", 1)
	require.NoError(t, w.stop())
	assert.Equal(t, "too_large", b.stored("tta.g.dlq")[0].Header.Get("Ttad-Error-Code"))
	assert.Empty(t, b.stored("tta.g.out.>"))
}

func TestChallengersAnswerBeside(t *testing.T) {
	b := newBench(t)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		return c.Commit(ctx, p, answers(p, "plain"))
	})
	b.publish("cam", 1, 2)
	b.waitFor("tta.g.alt.plain.cam", 2)
	require.NoError(t, w.stop())
	assert.Equal(t, []int{1, 2}, b.classes("tta.g.alt.plain.cam"))
	assert.Equal(t, []int{1, 2}, b.classes("tta.g.out.cam"))
	assert.Equal(t, "plain", b.stored("tta.g.alt.>")[0].Header.Get("Ttad-Pipeline"))
}

func TestCommitRefusesAnswersThatDoNotMatchTheBatch(t *testing.T) {
	b := newBench(t)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		return c.Commit(ctx, p, nil)
	})
	b.publish("cam", 1)
	assert.ErrorContains(t, <-w.done, "0 answers for 1 items")
	require.NoError(t, w.conn.Close(context.Background()))
}

// A crash between storing an answer and acknowledging its input: the first worker
// commits and then fails, so that its acknowledgements never leave.
func TestRepeatAfterACrashGivesOneAnswer(t *testing.T) {
	b := newBench(t)
	b.o.Batch.MaxRows = 4
	crashed := errors.New("killed")
	b.provision()
	b.publish("cam", upTo(10)...)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		for _, d := range p.Deliveries {
			stream.ForgetAck(d)
		}
		r, err := echo(ctx, p, c)
		if err == nil {
			err = crashed
		}
		return r, err
	})
	require.ErrorIs(t, <-w.done, crashed)
	require.NoError(t, w.conn.Close(context.Background()))
	require.Equal(t, 4, streamtest.Count(b.js, "TTAD_g", "tta.g.out.>"))

	b.expireAcks(200 * time.Millisecond)
	w = b.start(echo)
	b.waitFor("tta.g.out.>", 10)
	streamtest.Eventually(t, "everything is acknowledged", func() bool { return b.unanswered() == 0 })
	require.NoError(t, w.stop())
	assert.ElementsMatch(t, upTo(10), b.classes("tta.g.out.>"), "one answer each")
	assert.Equal(t, 4, w.total().Duplicates)
}

func TestConsumerContinuesWhereItStopped(t *testing.T) {
	b := newBench(t)
	w := b.start(echo)
	b.publish("cam", 1, 2, 3)
	b.waitFor("tta.g.out.>", 3)
	require.NoError(t, w.stop())
	b.publish("cam", 4, 5)
	w = b.start(echo)
	b.waitFor("tta.g.out.>", 5)
	require.NoError(t, w.stop())
	assert.Equal(t, upTo(5), b.classes("tta.g.out.>"))
	assert.Zero(t, w.total().Duplicates, "what was acknowledged is not asked for again")
}

func TestDrainAnswersWhatWasTaken(t *testing.T) {
	b := newBench(t)
	b.o.Batch.MaxDelay = time.Minute // only the drain can close the batch
	w := b.start(echo)
	b.publish("cam", upTo(7)...)
	streamtest.Eventually(t, "all seven are held", func() bool { return w.input.Stats().InFlightRows == 7 })
	assert.Zero(t, streamtest.Count(b.js, "TTAD_g", "tta.g.out.>"))
	require.NoError(t, w.stop())
	assert.Equal(t, upTo(7), b.classes("tta.g.out.>"))
	streamtest.Eventually(t, "everything is acknowledged", func() bool { return b.unanswered() == 0 })
}

func TestDrainHasADeadline(t *testing.T) {
	b := newBench(t)
	b.o.DrainTimeout = 10 * time.Millisecond
	entered := make(chan struct{})
	w := b.start(func(ctx context.Context, _ *stream.Parcel, _ stream.Committer) (stream.Receipt, error) {
		close(entered)
		<-ctx.Done()
		return stream.Receipt{}, ctx.Err()
	})
	b.publish("cam", 1)
	<-entered
	assert.ErrorContains(t, w.stop(), "drain")
	assert.Equal(t, 1, b.unanswered(), "the message stays with the server")
}

// When receiving fails, the intake ends while the handler may still be answering
// what it was given; nobody takes that back, and Run must end all the same.
func TestHandlerEndsWhenNobodyTakesItsParcelsBack(t *testing.T) {
	failed := errors.New("receiving failed")
	ctx, fail := context.WithCancelCause(context.Background())
	fail(failed)
	parcels := []*stream.Parcel{{}, {}, {}}
	err := stream.Serve(ctx, parcels, 1, func(context.Context, *stream.Parcel) error { return nil })
	assert.ErrorIs(t, err, failed)
}

// A handler that looks ahead sees the next parcel before its turn, and gets it, once,
// in its turn; behind the last there is none.
func TestLookingAheadTakesNobodysTurn(t *testing.T) {
	parcels := []*stream.Parcel{{}, {}, {}, {}}
	var handled []*stream.Parcel
	err := stream.Serve(t.Context(), parcels, len(parcels), func(_ context.Context, p *stream.Parcel) error {
		i := len(handled)
		handled = append(handled, p)
		switch {
		case i == 3:
			assert.Nil(t, p.Next())
		case i != 1: // one of them does not look
			assert.Same(t, parcels[i+1], p.Next())
			assert.Same(t, parcels[i+1], p.Next(), "as often as it likes")
		}
		if i > 0 {
			assert.Nil(t, parcels[i-1].Next(), "one that is answered has no next")
		}
		return nil
	})
	assert.NoError(t, err)
	require.Len(t, handled, 4)
	for i, p := range parcels {
		assert.Same(t, p, handled[i])
	}
}

// The same over a server, with every answer stored once and in order.
func TestAllAreAnsweredInOrderByAnEngineThatLooksAhead(t *testing.T) {
	b := newBench(t)
	const n = 400
	b.o.Batch.MaxRows = 4
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		p.Next()
		r, err := echo(ctx, p, c)
		p.Next()
		return r, err
	})
	b.publish("cam", upTo(n)...)
	b.waitFor("tta.g.out.>", n)
	streamtest.Eventually(t, "everything is acknowledged", func() bool { return b.unanswered() == 0 })
	require.NoError(t, w.stop())
	assert.Equal(t, upTo(n), b.classes("tta.g.out.>"))
}

func TestSlowEngineHoldsTheServerBack(t *testing.T) {
	b := newBench(t)
	b.o.Limits.InFlightRows = 6
	b.o.Batch.MaxRows = 4
	gate := make(chan struct{})
	most := 0
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		<-gate
		return echo(ctx, p, c)
	})
	b.publish("cam", upTo(100)...)
	streamtest.Eventually(t, "the limit is reached", func() bool { return w.input.Stats().InFlightRows == 6 })
	close(gate)
	streamtest.Eventually(t, "all are answered", func() bool {
		most = max(most, int(w.input.Stats().InFlightRows))
		return streamtest.Count(b.js, "TTAD_g", "tta.g.out.>") == 100
	})
	require.NoError(t, w.stop())
	assert.LessOrEqual(t, most, 6)
	assert.Equal(t, upTo(100), b.classes("tta.g.out.>"))
}

func TestBodiesInFlightStayWithinAFewBatches(t *testing.T) {
	b := newBench(t)
	b.o.Batch.MaxBytes = 1000
	padded := append(request(7), make([]byte, 900)...)
	for i := len(padded) - 900; i < len(padded); i++ {
		padded[i] = ' '
	}
	gate := make(chan struct{})
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		<-gate
		return echo(ctx, p, c)
	})
	for range 30 {
		b.put("tta.g.in.cam", nil, padded)
	}
	most := int64(0)
	streamtest.Eventually(t, "four are in flight", func() bool { return w.input.Stats().InFlightRows == 4 })
	close(gate)
	streamtest.Eventually(t, "all are answered", func() bool {
		most = max(most, w.input.Stats().InFlightRows)
		return streamtest.Count(b.js, "TTAD_g", "tta.g.out.>") == 30
	})
	require.NoError(t, w.stop())
	assert.LessOrEqual(t, most, int64(4))
}

// 60 MB lie on the server; a model that does not get on must not have them all
// brought here.
func TestWhatIsFetchedAheadIsBoundedInBytes(t *testing.T) {
	b := newBench(t)
	b.o.Batch.MaxRows, b.o.Batch.MaxBytes = 1, 1<<20 // four in flight
	gate, entered := make(chan struct{}), make(chan struct{}, 100)
	b.provision()
	for range 60 {
		b.put("tta.g.in.cam", nil, append(request(7), bytes.Repeat([]byte(" "), 1_000_000)...))
	}
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		entered <- struct{}{}
		<-gate
		return echo(ctx, p, c)
	})
	<-entered
	streamtest.Eventually(t, "more is fetched than is in flight", func() bool { return b.unanswered() > 4 })
	most := 0
	for range 20 {
		most = max(most, b.unanswered())
	}
	close(gate)
	b.waitFor("tta.g.out.>", 60)
	require.NoError(t, w.stop())
	assert.LessOrEqual(t, most, 25)
}

// Only what its dead letter will hold is kept of a message that is refused.
func TestRefusedBodyIsCutOnArrival(t *testing.T) {
	b := newBench(t)
	b.o.DLQ.MaxBody = 5
	bodies := make(chan []byte, 1)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		bodies <- p.Deliveries[0].Body
		return echo(ctx, p, c)
	})
	b.put("tta.g.in.cam", nil, bytes.Repeat([]byte("garbage"), 10_000))
	body := <-bodies
	require.NoError(t, w.stop())
	assert.Equal(t, "garba", string(body))
	assert.Less(t, cap(body), 100)
}

func TestLargeMessagesStayWithinTheLimitOnRows(t *testing.T) {
	b := newBench(t)
	b.o.Limits.InFlightRows = 5
	b.o.Batch.MaxRows = 4
	w := b.start(echo)
	for range 20 {
		b.put("tta.g.in.cam", nil, []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[3,1],"data":[1,2,3]}]}`))
	}
	b.waitFor("tta.g.out.>", 20)
	require.NoError(t, w.stop())
	assert.Zero(t, w.input.Stats().InFlightRows)
}

func TestFiveThousandMessages(t *testing.T) {
	b := newBench(t)
	const n = 5000
	w := b.start(echo)
	b.publish("cam", upTo(n)...)
	b.waitFor("tta.g.out.>", n)
	streamtest.Eventually(t, "everything is acknowledged", func() bool { return b.unanswered() == 0 })
	require.NoError(t, w.stop())
	assert.Equal(t, n, streamtest.Count(b.js, "TTAD_g", "tta.g.out.>"))
	assert.Equal(t, upTo(n), b.classes("tta.g.out.>"))
}

func TestServerRestartLosesNothing(t *testing.T) {
	b := newBench(t)
	b.o.Batch.MaxRows = 8
	reached := make(chan struct{}, 1)
	resume := make(chan struct{})
	n := 0
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		if n += p.Batch.Rows; n > 100 && resume != nil {
			reached <- struct{}{}
			<-resume
			resume = nil
		}
		return echo(ctx, p, c)
	})
	b.publish("cam", upTo(400)...)
	<-reached
	b.server.Stop()
	close(resume) // the commit now meets a server that is not there
	b.server.Resume(t)
	b.waitFor("tta.g.out.>", 400)
	require.NoError(t, w.stop())
	assert.ElementsMatch(t, upTo(400), b.classes("tta.g.out.>"), "nothing lost, nothing twice")
}

// A label stored behind inputs that are still to be answered has reason to wait.
func TestInputsAreBehindUntilThoseStoredBeforeAreAnswered(t *testing.T) {
	b := newBench(t)
	b.provision()
	gate := make(chan struct{})
	b.publish("cam", 1)
	first := b.storedAt(1)
	b.publish("cam", 2)
	second := b.storedAt(2)
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		<-gate
		return echo(ctx, p, c)
	})
	assert.True(t, w.input.Behind(t.Context(), first), "nothing is answered yet")
	close(gate)
	streamtest.Eventually(t, "the second is answered", func() bool { return !w.input.Behind(t.Context(), second) })
	assert.False(t, w.input.Behind(t.Context(), first))
	streamtest.Eventually(t, "nothing is left", func() bool { return !w.input.Behind(t.Context(), second.Add(time.Hour)) })
	require.NoError(t, w.stop())
}

// What a process had in hand when it was killed comes again, but not at once.
func TestInputsAreBehindWhileAnotherHasThem(t *testing.T) {
	b := newBench(t)
	b.provision()
	b.publish("cam", 1)
	consumer, err := b.js.Consumer(t.Context(), "IN_g", "ttad-g-0")
	require.NoError(t, err)
	batch, err := consumer.Fetch(1)
	require.NoError(t, err)
	taken := <-batch.Messages()
	w := b.start(echo)
	assert.True(t, w.input.Behind(t.Context(), b.storedAt(1)))
	require.NoError(t, taken.DoubleAck(t.Context()))
	assert.False(t, w.input.Behind(t.Context(), b.storedAt(1)))
	require.NoError(t, w.stop())
}

func (b *bench) storedAt(seq uint64) time.Time {
	b.t.Helper()
	in, err := b.js.Stream(context.Background(), "IN_g")
	require.NoError(b.t, err)
	msg, err := in.GetMsg(context.Background(), seq)
	require.NoError(b.t, err)
	return msg.Time
}
