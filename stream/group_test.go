package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/stream"
	"ttad/stream/streamtest"
	"ttad/tta"
)

// bench is a server, a client and the options of a group "g" whose model takes
// one value a row.
type bench struct {
	t      testing.TB
	server *streamtest.Server
	nc     *nats.Conn
	js     jetstream.JetStream
	o      stream.GroupOptions
}

func newBench(t testing.TB) *bench {
	t.Helper()
	s := streamtest.Start(t, nil)
	b := &bench{t: t, server: s, nc: s.Client(t)}
	b.js = streamtest.JetStream(t, b.nc)
	b.o = stream.GroupOptions{
		Group: "g", Prefix: "tta", Provision: true, Model: "0123456789ab", Generation: 3,
		Ports: []models.Port{{Name: "x", Shape: accel.BatchShape(1)}},
		Input: stream.DefaultInput(), Batch: stream.DefaultBatch(), Output: stream.DefaultOutput(),
		Commit: stream.DefaultCommit(), DLQ: stream.DefaultDeadLetter(), Limits: stream.DefaultLimits(),
		Log: zerolog.Nop(),
	}
	b.o.Batch.MaxDelay = 2 * time.Millisecond
	return b
}

func (b *bench) connect() *stream.Conn {
	b.t.Helper()
	cfg := stream.DefaultBus()
	cfg.Servers = []string{b.server.URL()}
	conn, err := stream.Connect(context.Background(), cfg, zerolog.Nop())
	require.NoError(b.t, err)
	return conn
}

// worker is a running group whose engine is a function of the test.
type worker struct {
	t      testing.TB
	conn   *stream.Conn
	input  *stream.Input
	cancel context.CancelFunc
	done   chan error

	mu       sync.Mutex
	receipts []stream.Receipt
}

// engine answers one parcel.
type engine func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error)

// echo answers every row with its value as the class.
func echo(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
	return c.Commit(ctx, p, answers(p))
}

// answers builds the champion's predictions, and a challenger's "alt" beside them.
func answers(p *stream.Parcel, challengers ...string) [][]tta.Prediction {
	out := make([][]tta.Prediction, len(p.Batch.Items))
	row := 0
	for i, item := range p.Batch.Items {
		champion := tta.Prediction{Item: item, Pipeline: "main", Role: tta.Champion, Step: p.Batch.Step}
		for range item.Rows {
			v := p.Batch.Inputs[0].Row(row)[0]
			champion.Rows = append(champion.Rows, tta.RowPrediction{Class: int(v), Score: 0.75, Probs: []float32{0.25, 0.75}, Guard: tta.GuardOK})
			row++
		}
		out[i] = []tta.Prediction{champion}
		for _, name := range challengers {
			other := champion
			other.Pipeline, other.Role = name, tta.Challenger
			out[i] = append(out[i], other)
		}
	}
	return out
}

// start opens the group and runs it until stop.
func (b *bench) start(e engine) *worker {
	b.t.Helper()
	conn := b.connect()
	input, committer, err := stream.Open(context.Background(), conn, b.o)
	require.NoError(b.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{t: b.t, conn: conn, input: input, cancel: cancel, done: make(chan error, 1)}
	go func() {
		w.done <- input.Run(ctx, func(ctx context.Context, p *stream.Parcel) error {
			r, err := e(ctx, p, committer)
			w.mu.Lock()
			w.receipts = append(w.receipts, r)
			w.mu.Unlock()
			return err
		})
	}()
	return w
}

// stop drains the worker and returns what Run did.
func (w *worker) stop() error {
	w.cancel()
	err := <-w.done
	require.NoError(w.t, w.conn.Close(context.Background()))
	return err
}

// total adds up the receipts.
func (w *worker) total() stream.Receipt {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := stream.Receipt{DeadLetters: map[stream.Code]int{}}
	for _, r := range w.receipts {
		sum.Outputs += r.Outputs
		sum.Duplicates += r.Duplicates
		sum.Retries += r.Retries
		sum.Lost += r.Lost
		for code, n := range r.DeadLetters {
			sum.DeadLetters[code] += n
		}
	}
	return sum
}

// request is the JSON of one row holding v.
func request(v int) []byte {
	return fmt.Appendf(nil, `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[%d]}]}`, v)
}

// publish stores messages on the input subject of a key and waits for the server.
func (b *bench) publish(key string, values ...int) {
	b.t.Helper()
	acks := make([]jetstream.PubAckFuture, len(values))
	for i, v := range values {
		var err error
		acks[i], err = b.js.PublishAsync("tta.g.in."+key, request(v), jetstream.WithStallWait(10*time.Second))
		require.NoError(b.t, err)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			require.NoError(b.t, err)
		}
	}
}

// put stores one message with headers.
func (b *bench) put(subject string, h nats.Header, body []byte) {
	b.t.Helper()
	_, err := b.js.PublishMsg(context.Background(), &nats.Msg{Subject: subject, Header: h, Data: body})
	require.NoError(b.t, err)
}

func (b *bench) waitFor(subject string, n int) {
	b.t.Helper()
	streamtest.Eventually(b.t, fmt.Sprintf("%d messages on %s", n, subject), func() bool {
		return streamtest.Count(b.js, "TTAD_g", subject) >= n
	})
}

func (b *bench) stored(subject string) []*jetstream.RawStreamMsg {
	return streamtest.Stored(b.t, b.js, "TTAD_g", subject)
}

// output is the JSON of an answer, as a client reads it.
type output struct {
	ID         string `json:"id"`
	Group      string `json:"group"`
	Pipeline   string `json:"pipeline"`
	Model      string `json:"model"`
	Generation int    `json:"generation"`
	Step       int    `json:"step"`
	Rows       []struct {
		Class   int          `json:"class"`
		Label   string       `json:"label"`
		Prob    float32      `json:"prob"`
		Top     [][2]float32 `json:"top"`
		Probs   []float32    `json:"probs"`
		Changed *bool        `json:"changed"`
		Guard   string       `json:"guard"`
	} `json:"rows"`
	Timing map[string]float64 `json:"timing"`
}

func decodeOutput(t testing.TB, body []byte) output {
	t.Helper()
	var out output
	require.NoError(t, json.Unmarshal(body, &out), string(body))
	return out
}

// classes lists the first class of every stored answer.
func (b *bench) classes(subject string) []int {
	var out []int
	for _, m := range b.stored(subject) {
		out = append(out, decodeOutput(b.t, m.Data).Rows[0].Class)
	}
	return out
}

// upTo is 1, 2, ... n.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// unanswered counts messages delivered and not acknowledged.
func (b *bench) unanswered() int {
	b.t.Helper()
	c, err := b.js.Consumer(context.Background(), "IN_g", "ttad-g-0")
	require.NoError(b.t, err)
	return c.CachedInfo().NumAckPending
}

// expireAcks makes the server give up on acknowledgements after a while.
func (b *bench) expireAcks(after time.Duration) {
	b.t.Helper()
	c, err := b.js.Consumer(context.Background(), "IN_g", "ttad-g-0")
	require.NoError(b.t, err)
	cfg := c.CachedInfo().Config
	cfg.AckWait = after
	_, err = b.js.UpdateConsumer(context.Background(), "IN_g", cfg)
	require.NoError(b.t, err)
}

// provision makes the streams and the consumer before anyone runs.
func (b *bench) provision() {
	b.t.Helper()
	conn := b.connect()
	_, _, err := stream.Open(context.Background(), conn, b.o)
	require.NoError(b.t, err)
	require.NoError(b.t, conn.Close(context.Background()))
}
