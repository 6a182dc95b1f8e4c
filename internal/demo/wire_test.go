package demo

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ttad/tta"
)

// bus is a NATS server with the input stream, and a stand-in for the daemon that
// treats each message as reply says.
func bus(t *testing.T, reply func(nc *nats.Conn, m *nats.Msg)) (url string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(10*time.Second))
	nc, err := nats.Connect(s.ClientURL())
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "IN_demo", Subjects: []string{"tta.demo.in.>"}})
	require.NoError(t, err)
	_, err = nc.Subscribe("tta.demo.in.>", func(m *nats.Msg) { reply(nc, m) })
	require.NoError(t, err)
	require.NoError(t, nc.Flush())
	return s.ClientURL()
}

// right answers the corrected class 7 and the source class 2; challengers say 5.
func right(nc *nats.Conn, m *nats.Msg) {
	for _, p := range trio()[1:] {
		subject, class := "tta.demo.alt."+p.Name+".camera", 5
		if p.Role == tta.Champion {
			subject, class = "tta.demo.out.camera", 7
		}
		body := fmt.Sprintf(`{"id":%q,"pipeline":%q,"rows":[{"class":%d,"source":{"class":2}}]}`, m.Header.Get("Ttad-Id"), p.Name, class)
		_ = nc.Publish(subject, []byte(body))
	}
}

// sevens is a stream of one phase whose truth is always 7.
func sevens(n int) (*Score, iter.Seq[Row]) {
	return NewScore([]Phase{{Rows: n}}, trio(), time.Now), func(yield func(Row) bool) {
		for i := range n {
			if !yield(Row{Index: i, Label: 7, Image: make([]byte, pixels)}) {
				return
			}
		}
	}
}

// nobody looks at the rows.
func nobody(Row) {}

func TestClientPublishesRowsAndCountsAnswers(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("", func(t *testing.T) {
		headers := make(chan nats.Header, 2000)
		url := bus(t, func(nc *nats.Conn, m *nats.Msg) {
			headers <- m.Header
			right(nc, m)
		})
		score, rows := sevens(1500)
		c, err := connect(url, score)
		require.NoError(t, err)
		defer c.close()
		require.NoError(t, c.publish(t.Context(), rows, 0, nobody))
		c.drain()
		assert.Equal(t, Counts{Sent: 1500, Answered: 1500, Challenged: 3000}, score.Counts())
		assert.Equal(t, Accuracy{Rows: 1500, Shares: []float64{0, 0, 0, 1}, Gain: 1}, score.Overall())
		h := <-headers
		assert.Equal(t, "UINT8", h.Get("Ttad-Dtype"))
		assert.Equal(t, "1,1,28,28", h.Get("Ttad-Shape"))
		assert.Equal(t, "demo-0", h.Get("Ttad-Id"))
	})
}

func TestClientCountsDeadLettersDuplicatesAndStrangers(t *testing.T) {
	url := bus(t, func(nc *nats.Conn, m *nats.Msg) {
		switch m.Header.Get("Ttad-Id") {
		case "demo-1":
			_ = nc.PublishMsg(&nats.Msg{Subject: "tta.demo.dlq", Header: m.Header})
		case "demo-2":
			right(nc, m)
			right(nc, m)
		case "demo-3":
			_ = nc.Publish("tta.demo.out.camera", []byte(`{"id":"someone else's"`))
			right(nc, m)
		default:
			right(nc, m)
		}
	})
	score, rows := sevens(10)
	c, err := connect(url, score)
	require.NoError(t, err)
	defer c.close()
	require.NoError(t, c.publish(t.Context(), rows, 0, nobody))
	c.drain()
	assert.Equal(t, Counts{Sent: 10, Answered: 9, Challenged: 18, DeadLetters: 1, Duplicates: 3, Unknown: 1}, score.Counts())
}

func TestClientStopsPublishingWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	url := bus(t, func(nc *nats.Conn, m *nats.Msg) {
		if m.Header.Get("Ttad-Id") == "demo-20" {
			stop()
		}
		right(nc, m)
	})
	score, rows := sevens(1_000_000)
	c, err := connect(url, score)
	require.NoError(t, err)
	defer c.close()
	require.NoError(t, c.publish(ctx, rows, 0, nobody), "being stopped is not an error")
	c.drain()
	n := score.Counts()
	assert.Less(t, n.Sent, 1_000_000)
	assert.Equal(t, n.Sent, n.Answered, "what was sent is still answered")
}

func TestClientGivesUpOnRowsThatNeverComeBack(t *testing.T) {
	url := bus(t, func(nc *nats.Conn, m *nats.Msg) {
		if m.Header.Get("Ttad-Id") != "demo-4" {
			right(nc, m)
		}
	})
	score, rows := sevens(10)
	c, err := connect(url, score)
	require.NoError(t, err)
	defer c.close()
	c.quiet = 200 * time.Millisecond
	require.NoError(t, c.publish(t.Context(), rows, 0, nobody))
	c.drain()
	assert.Equal(t, 1, score.Counts().Lost())
}

func TestConnectSaysWhere(t *testing.T) {
	_, err := connect("nats://127.0.0.1:1", nil)
	assert.ErrorContains(t, err, "connect to nats://127.0.0.1:1")
}

func TestAnswersAreReadStrictly(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		ok   bool
	}{
		"an answer":          {`{"id":"demo-12","pipeline":"main","rows":[{"class":3,"source":{"class":5}}]}`, true},
		"someone else's":     {`{"id":"cam-12","rows":[{"class":3,"source":{"class":5}}]}`, false},
		"no number":          {`{"id":"demo-x","rows":[{"class":3,"source":{"class":5}}]}`, false},
		"no source view":     {`{"id":"demo-12","rows":[{"class":3}]}`, false},
		"no class at all":    {`{"id":"demo-12","rows":[{"class":-1,"source":{"class":5}}]}`, false},
		"two rows":           {`{"id":"demo-12","rows":[{"class":3,"source":{"class":5}},{"class":3,"source":{"class":5}}]}`, false},
		"not even an object": {`nonsense`, false},
	} {
		t.Run(name, func(t *testing.T) {
			index, a, ok := parseAnswer([]byte(tc.body))
			require.Equal(t, tc.ok, ok)
			if ok {
				assert.Equal(t, 12, index)
				assert.Equal(t, Answer{Pipeline: "main", Class: 3, Source: 5}, a)
			}
		})
	}
}
