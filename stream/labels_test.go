package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/stream/streamtest"
	"ttad/tta"
)

func TestLabelsReachTheGroupAsTheyWereSent(t *testing.T) {
	b := newBench(t)
	o := b.labelOptions()
	o.Classes = []string{"ant", "bee", "cat", "cat"}
	l := newLearner("a", "b", "c", "d", "#7")
	in := b.startLabels(o, l.learn)
	b.label(`{"id":"a","row":0,"label":3,"time":"2026-11-23T08:00:00Z","weight":0.5,"source":"human","ask":true}`)
	b.label(`{"seq":7,"id":"b","label":"bee"}`)
	b.label(`{"labels":[{"id":"b","label":"cat"},{"id":"c","label":1,"row":0},{"id":"a","label":4,"revise":true}]}`)
	b.labelsSettled()
	require.NoError(t, in.stop())
	assert.Equal(t, []tta.Label{
		{ID: "a", Class: 3, Weight: 0.5, From: 1},
		{Seq: 7, Class: 1, From: 2},
		{ID: "b", Class: 2, From: 3}, {ID: "c", Class: 1, From: 3}, {ID: "a", Class: 4, Revise: true, From: 3},
	}, l.told)
	in.counts(map[tta.LabelState]int64{tta.LabelLearned: 4, tta.LabelRevised: 1})
	assert.EqualValues(t, 3, in.labels.Stats().Messages)
}

func TestALabelBeforeItsItemIsLearnedOnceTheItemIsAnswered(t *testing.T) {
	b := newBench(t)
	l := newLearner()
	in := b.startLabels(b.labelOptions(), l.learn)
	b.label(`{"id":"a","label":3}`)
	streamtest.Eventually(t, "the label came too early", func() bool { return in.labels.Stats().Waiting == 1 })
	l.answered("a")
	b.labelsSettled()
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelEarly: 1, tta.LabelLearned: 1})
	assert.Zero(t, in.labels.Stats().Waiting)
	assert.Equal(t, 3, l.known["a"])
}

func TestALabelWhoseItemNeverComesIsGivenUp(t *testing.T) {
	b := newBench(t)
	o := b.labelOptions()
	o.Feedback.MaxWait = 50 * time.Millisecond
	in := b.startLabels(o, newLearner("a").learn)
	b.label(`{"labels":[{"id":"ghost","label":3},{"id":"a","label":1}]}`)
	b.labelsSettled()
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelEarly: 1, tta.LabelLearned: 1, stream.LabelUnknown: 1})
	assert.Zero(t, streamtest.Count(b.js, "TTAD_g", "tta.g.dlq"), "nothing is wrong with it")
}

// After an outage labels and items lie on the server together, and labels are
// quicker to take.
func TestALabelIsNotGivenUpWhileInputsAreLeft(t *testing.T) {
	b := newBench(t)
	l := newLearner()
	o := b.labelOptions()
	o.Feedback.MaxWait = 0
	asked := make(chan struct{}, 100)
	o.Behind = func(_ context.Context, stored time.Time) bool {
		assert.WithinDuration(t, time.Now(), stored, time.Minute)
		asked <- struct{}{}
		return true
	}
	in := b.startLabels(o, l.learn)
	b.label(`{"id":"a","label":3}`)
	<-asked
	l.answered("a")
	b.labelsSettled()
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelEarly: 1, tta.LabelLearned: 1})
}

// A thousand labels of which some are early come again; what was learned from is
// not told, or counted, twice.
func TestABulkIsFinishedPieceByPiece(t *testing.T) {
	b := newBench(t)
	l := newLearner()
	var sent []string
	for i := range stream.MaxLabels {
		id := fmt.Sprintf("item-%d", i)
		sent = append(sent, fmt.Sprintf(`{"id":%q,"label":%d}`, id, i%10))
		if i%10 != 0 {
			l.answered(id)
		}
	}
	in := b.startLabels(b.labelOptions(), l.learn)
	b.label(`{"labels":[` + strings.Join(sent, ",") + `]}`)
	streamtest.Eventually(t, "a tenth waits", func() bool { return in.labels.Stats().Waiting == 1 })
	for i := 0; i < stream.MaxLabels; i += 10 {
		l.answered(fmt.Sprintf("item-%d", i))
	}
	b.labelsSettled()
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelEarly: 100, tta.LabelLearned: 1000})
	assert.Equal(t, 1, l.times("item-1"))
	assert.Equal(t, 2, l.times("item-10"))
}

func TestRepeatsConflictsAndRevisionsAreCountedAndConflictsTold(t *testing.T) {
	b := newBench(t)
	l := newLearner("a", "b")
	o := b.labelOptions()
	o.Event = l.event
	in := b.startLabels(o, l.learn)
	for _, body := range []string{
		`{"id":"a","label":3}`, `{"id":"a","label":3}`, `{"id":"a","label":4}`, `{"id":"a","label":5}`, `{"id":"a","label":6,"revise":true}`,
	} {
		b.label(body)
	}
	b.labelsSettled()
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelLearned: 1, tta.LabelRepeated: 1, tta.LabelConflict: 2, tta.LabelRevised: 1})
	require.Len(t, l.events, 1, "the first is told at once, those of the next seconds together")
	assert.Equal(t, stream.EventLabelConflict, l.events[0].Kind)
	assert.Equal(t, map[string]any{"conflicts": 1, "row": 0, "class": 4, "id": "a", "why": "class 4, known as 3"}, l.events[0].Evidence)
}

func TestAMessageThatIsNoLabelIsADeadLetter(t *testing.T) {
	b := newBench(t)
	l := newLearner("a")
	in := b.startLabels(b.labelOptions(), l.learn)
	b.put("tta.g.feedback", headers("X-Labeler", "7", "Nats-Msg-Id", "m-1"), []byte(`{"id":"a",`))
	b.label(`{"labels":[` + strings.Repeat(`{"id":"a","label":1},`, stream.MaxLabels) + `{"id":"a","label":1}]}`)
	b.label(`{"id":"a","label":2}`)
	b.labelsSettled()
	require.NoError(t, in.stop())
	assert.Equal(t, map[string]int{"a": 2}, l.known, "nothing of a refused message is learned")
	dead := b.stored("tta.g.dlq")
	require.Len(t, dead, 2)
	assert.Equal(t, `{"id":"a",`, string(dead[0].Data))
	for name, want := range map[string]string{
		"Ttad-Error-Code": "bad_json", "Ttad-Error": "byte 10: expected a key in quotes, got the end of the text", "X-Labeler": "7",
		"Ttad-Src-Stream": "FB_g", "Ttad-Src-Seq": "1", "Ttad-Src-Subject": "tta.g.feedback",
	} {
		assert.Equal(t, want, dead[0].Header.Get(name), name)
	}
	assert.Equal(t, "bad_label", dead[1].Header.Get("Ttad-Error-Code"))
	assert.Contains(t, dead[1].Header.Get("Ttad-Error"), "more than 1000 labels in one message")
	assert.Equal(t, map[stream.Code]int64{stream.BadJSON: 1, stream.BadLabel: 1}, in.labels.Stats().DeadLetters)
}

// A labeler that sends nonsense, however fast, fills no log.
func TestRefusedLabelsAreLoggedSeldom(t *testing.T) {
	const sent = 50
	b := newBench(t)
	var log bytes.Buffer
	o := b.labelOptions()
	o.Log = zerolog.New(zerolog.SyncWriter(&log))
	in := b.startLabels(o, newLearner().learn)
	for range sent {
		b.label(`nonsense`)
	}
	b.labelsSettled()
	require.NoError(t, in.stop())
	assert.Len(t, b.stored("tta.g.dlq"), sent)
	assert.Equal(t, 1, strings.Count(log.String(), "labels refused"), log.String())
	assert.Contains(t, log.String(), `"code":"bad_json"`)
}

func TestLabelsThatFitNothingAreToldAndTheirNeighboursTaken(t *testing.T) {
	b := newBench(t)
	o := b.labelOptions()
	o.Classes = []string{"ant", "bee"}
	l := newLearner("a", "b")
	in := b.startLabels(o, l.learn)
	b.label(`{"labels":[{"id":"a","label":"bee"},{"id":"b","label":"wasp"},{"id":"b","row":3,"label":0}]}`)
	b.labelsSettled()
	require.NoError(t, in.stop())
	assert.Equal(t, map[string]int{"a": 1}, l.known)
	in.counts(map[tta.LabelState]int64{tta.LabelLearned: 1, tta.LabelInvalid: 2})
	dead := b.stored("tta.g.dlq")
	require.Len(t, dead, 1)
	assert.Equal(t, `labels[1]: no class is named "wasp", and 1 more; the other 1 labels were taken`, dead[0].Header.Get("Ttad-Error"))
}

// Labels over the limit wait on the server: none is lost, and a drain does not wait
// for their turn.
func TestLabelsOverTheLimitWait(t *testing.T) {
	b := newBench(t)
	l := newLearner("a")
	o := b.labelOptions()
	o.Limits.FeedbackPerSecond = 1
	o.Event = l.event
	bulk := `{"labels":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a","label":1},`, stream.MaxLabels), ",") + `]}`
	conn, _ := b.openLabels(o)
	require.NoError(t, conn.Close(context.Background()))
	b.label(bulk)
	b.label(`{"id":"a","label":2}`)
	b.label(bulk)
	in := b.startLabels(o, l.learn)
	streamtest.Eventually(t, "the second message waits", func() bool { return in.labels.Stats().Limited == 1 })
	require.NoError(t, in.stop())
	assert.Len(t, l.told, stream.MaxLabels)
	require.Len(t, l.events, 1)
	assert.Equal(t, stream.EventLabelFlood, l.events[0].Kind)

	o.Limits.FeedbackPerSecond = 1_000_000
	in = b.startLabels(o, l.learn)
	b.labelsSettled()
	require.NoError(t, in.stop())
	assert.Len(t, l.told, 2*stream.MaxLabels+1)
}

// What was let in once comes again without being counted against the limit: labels
// of items that never come must not use it up.
func TestLabelsThatComeAgainAreNotLimited(t *testing.T) {
	b := newBench(t)
	l := newLearner()
	o := b.labelOptions()
	o.Limits.FeedbackPerSecond = 1
	in := b.startLabels(o, l.learn)
	b.label(`{"labels":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a","label":1},`, stream.MaxLabels), ",") + `]}`)
	streamtest.Eventually(t, "the labels came too early", func() bool { return in.labels.Stats().Waiting == 1 })
	l.answered("a")
	b.labelsSettled()
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelEarly: 1000, tta.LabelLearned: 1, tta.LabelRepeated: 999})
	assert.Zero(t, in.labels.Stats().Limited)
}

// Early labels beyond what may wait must not hold up those that can be learned.
func TestNoRoomToWaitHoldsUpNobody(t *testing.T) {
	b := newBench(t)
	conn, _ := b.openLabels(b.labelOptions())
	require.NoError(t, conn.Close(context.Background()))
	b.updateLabelConsumer(func(c *jetstream.ConsumerConfig) { c.MaxAckPending = 3 }) // one may wait
	l := newLearner("a")
	o := b.labelOptions()
	o.Event = l.event
	in := b.startLabels(o, l.learn)
	for i := range 20 {
		b.label(fmt.Sprintf(`{"id":"ghost-%d","label":1}`, i))
	}
	b.label(`{"id":"a","label":1}`)
	streamtest.Eventually(t, "the label behind them is learned", func() bool { return in.labels.Stats().States[tta.LabelLearned] == 1 })
	assert.EqualValues(t, 1, in.labels.Stats().Waiting)
	require.NoError(t, in.stop())
	in.counts(map[tta.LabelState]int64{tta.LabelEarly: 20, tta.LabelLearned: 1, stream.LabelUnknown: 19})
	require.Len(t, l.events, 1)
	assert.Contains(t, l.events[0].Message, "too many labels wait")
}

// A process that dies with labels in hand has acknowledged none of them.
func TestLabelsOfACrashComeAgain(t *testing.T) {
	b := newBench(t)
	conn, _ := b.openLabels(b.labelOptions())
	require.NoError(t, conn.Close(context.Background()))
	b.updateLabelConsumer(func(c *jetstream.ConsumerConfig) { c.AckWait = 100 * time.Millisecond })
	b.label(`{"labels":[{"id":"a","label":1},{"id":"b","label":2}]}`)
	l := newLearner("a", "b")
	l.fail = errors.New("power cut")
	in := b.startLabels(b.labelOptions(), l.learn)
	assert.ErrorContains(t, <-in.done, "learn from 2 labels: power cut")
	require.NoError(t, in.conn.Close(context.Background()))

	l.fail = nil
	in = b.startLabels(b.labelOptions(), l.learn)
	b.labelsSettled()
	require.NoError(t, in.stop())
	assert.EqualValues(t, 1, in.labels.Stats().Redelivered)
	in.counts(map[tta.LabelState]int64{tta.LabelLearned: 2})
}

func TestAServerRestartLosesNoLabel(t *testing.T) {
	b := newBench(t)
	l := newLearner("a", "b")
	in := b.startLabels(b.labelOptions(), l.learn)
	b.label(`{"id":"a","label":1}`)
	b.labelsSettled()
	b.server.Stop()
	b.server.Resume(t)
	streamtest.Eventually(t, "a label is stored", func() bool {
		_, err := b.js.Publish(t.Context(), "tta.g.feedback", []byte(`{"id":"b","label":2}`), jetstream.WithMsgID("once"))
		return err == nil
	})
	streamtest.Eventually(t, "it is learned", func() bool { return in.labels.Stats().States[tta.LabelLearned] == 2 })
	require.NoError(t, in.stop())
	assert.Equal(t, map[string]int{"a": 1, "b": 2}, l.known)
}

// What is being learned when the end comes is finished and acknowledged.
func TestDrainFinishesTheLabelsInHand(t *testing.T) {
	b := newBench(t)
	l := newLearner("a")
	entered, open := make(chan struct{}), make(chan struct{})
	in := b.startLabels(b.labelOptions(), func(ctx context.Context, labels []tta.Label) ([]tta.Learned, error) {
		close(entered)
		<-open
		return l.learn(ctx, labels)
	})
	b.label(`{"id":"a","label":1}`)
	<-entered
	in.cancel()
	close(open)
	require.NoError(t, in.stop())
	b.labelsSettled()
	assert.Equal(t, map[string]int{"a": 1}, l.known)
}

func TestAConsumerTakenAwayEndsTheIntake(t *testing.T) {
	b := newBench(t)
	in := b.startLabels(b.labelOptions(), newLearner().learn)
	require.NoError(t, b.js.DeleteConsumer(t.Context(), "FB_g", "ttad-g-feedback"))
	assert.ErrorContains(t, <-in.done, "receive labels from tta.g.feedback")
	require.NoError(t, in.conn.Close(context.Background()))
}

func TestWhatLabelsNeedAndIsMissingIsAnErrorWithTheCommandThatMakesIt(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	o := b.labelOptions()
	conn := b.connect()
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	assert.Empty(t, stream.MissingLabels(ctx, conn, o), "provisioning would make it")

	o.Provision = false
	_, err := stream.OpenLabels(ctx, conn, o)
	require.ErrorContains(t, err, "group g: feedback: no stream stores 'tta.g.feedback'")
	assert.ErrorContains(t, err, "set feedback.stream: none for core NATS, or run\n  nats stream add FB_g --subjects 'tta.g.feedback'")
	assert.Len(t, stream.MissingLabels(ctx, conn, o), 1)

	_, err = b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "LABELS", Subjects: []string{"tta.*.feedback"}})
	require.NoError(t, err)
	_, err = stream.OpenLabels(ctx, conn, o)
	require.ErrorContains(t, err, "stream LABELS has no consumer ttad-g-feedback", "the stream is found by its subject")
	assert.ErrorContains(t, err, "nats consumer add LABELS ttad-g-feedback --pull --ack explicit --deliver all --wait 30s --max-deliver=-1 --max-pending 30000 --filter 'tta.g.feedback'")
}

func TestLabelsOnCoreNATSWaitForTheirItemsHere(t *testing.T) {
	b := newBench(t)
	b.onCore()
	dead := b.subscribe("tta.g.dlq")
	o := b.labelOptions()
	o.Feedback.Stream = "none"
	l := newLearner("a")
	in := b.startLabels(o, l.learn)
	for _, body := range []string{`{"id":"late","label":4}`, `nonsense`, `{"id":"a","label":3}`} {
		require.NoError(t, b.nc.Publish("tta.g.feedback", []byte(body)))
	}
	streamtest.Eventually(t, "one is learned and one waits", func() bool {
		s := in.labels.Stats()
		return s.Waiting == 1 && s.States[tta.LabelLearned] == 1
	})
	assert.Equal(t, "bad_json", receive(t, dead).Header.Get("Ttad-Error-Code"))
	l.answered("late")
	streamtest.Eventually(t, "the other is learned", func() bool { return in.labels.Stats().States[tta.LabelLearned] == 2 })
	require.NoError(t, in.stop())
	assert.Equal(t, map[string]int{"a": 3, "late": 4}, l.known)
	assert.Zero(t, l.told[0].From, "core NATS names no message")
}

func TestLabelsOnCoreNATSThatComeTooFastAreCounted(t *testing.T) {
	b := newBench(t)
	b.onCore()
	o := b.labelOptions()
	o.Feedback.Stream = "none"
	open := make(chan struct{})
	l := newLearner("a")
	in := b.startLabels(o, func(ctx context.Context, labels []tta.Label) ([]tta.Learned, error) {
		<-open
		return l.learn(ctx, labels)
	})
	streamtest.Eventually(t, "labels are dropped", func() bool {
		for range 500 {
			require.NoError(t, b.nc.PublishMsg(&nats.Msg{Subject: "tta.g.feedback", Data: []byte(`{"id":"a","label":3}`)}))
		}
		require.NoError(t, b.nc.Flush())
		return in.labels.Stats().Dropped > 0
	})
	close(open)
	require.NoError(t, in.stop())
	assert.Positive(t, in.labels.Stats().Dropped)
}

// BenchmarkLabels is the way of labels from the server to the group and back, in
// messages of one and of a thousand.
func BenchmarkLabels(b *testing.B) {
	for _, each := range []int{1, stream.MaxLabels} {
		b.Run(fmt.Sprintf("each=%d", each), func(b *testing.B) {
			bench := newBench(b)
			o := bench.labelOptions()
			o.Limits.FeedbackPerSecond = 1_000_000_000
			conn, _ := bench.openLabels(o)
			require.NoError(b, conn.Close(context.Background()))
			body := []byte(`{"labels":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a","label":1},`, each), ",") + `]}`)
			for range b.N {
				_, err := bench.js.PublishAsync("tta.g.feedback", body, jetstream.WithStallWait(10*time.Second))
				require.NoError(b, err)
			}
			<-bench.js.PublishAsyncComplete()
			left, done := b.N*each, make(chan struct{})
			b.ReportAllocs()
			b.ResetTimer()
			in := bench.startLabels(o, func(_ context.Context, labels []tta.Label) ([]tta.Learned, error) {
				if left -= len(labels); left == 0 {
					close(done)
				}
				return slices.Repeat([]tta.Learned{{State: tta.LabelLearned}}, len(labels)), nil
			})
			<-done
			b.StopTimer()
			b.ReportMetric(float64(b.N*each)/b.Elapsed().Seconds(), "labels/s")
			require.NoError(b, in.stop())
		})
	}
}
