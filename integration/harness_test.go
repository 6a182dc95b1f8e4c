package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/testkit/tinymodel"
	"ttad/stream"
	"ttad/stream/streamtest"
	"ttad/tta"
	"ttad/tta/builtin"
)

// site is a NATS server, a client of it and a folder with the tiny model in it,
// where configurations lie too.
type site struct {
	t        testing.TB
	server   *streamtest.Server
	nc       *nats.Conn
	js       jetstream.JetStream
	dir      string
	registry *tta.Registry
	devices  []accel.Device // nil is as configured
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, server: streamtest.Start(t, nil), dir: t.TempDir(), registry: builtin.Registry()}
	s.nc = s.server.Client(t)
	s.js = streamtest.JetStream(t, s.nc)
	tinymodel.Write(t, s.dir, "tiny.onnx", tinymodel.Bytes())
	return s
}

// config loads a configuration: the groups given, on this site's server.
func (s *site) config(groups string) *configs.File {
	s.t.Helper()
	text := fmt.Sprintf(`version: 1
bus: {servers: [%s], provision: true}
http: {listen: "127.0.0.1:0"}
device: {threads: 1}
groups:
%s`, s.server.URL(), groups)
	return s.load(text)
}

func (s *site) load(text string) *configs.File {
	s.t.Helper()
	f, err := configs.Load(s.dir+"/ttad.yaml", []byte(text), s.registry, nil)
	require.NoError(s.t, err)
	return f
}

// running is a daemon under test.
type running struct {
	*daemon.Daemon
	t      testing.TB
	log    *lockedBuffer
	cancel context.CancelFunc
	waited bool
}

// start runs a daemon until stop, or until the test ends.
func (s *site) start(f *configs.File) *running {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: s.t, log: &lockedBuffer{}, cancel: cancel}
	var err error
	o := daemon.Options{Dir: s.dir, Registry: s.registry, Log: zerolog.New(r.log).With().Timestamp().Logger()}
	if s.devices != nil {
		o.Devices = func(configs.DeviceConfig, zerolog.Logger) ([]accel.Device, error) { return s.devices, nil }
	}
	r.Daemon, err = daemon.Start(ctx, f, o)
	if err != nil {
		cancel()
		require.NoError(s.t, err)
	}
	s.t.Cleanup(func() {
		_ = r.stop()
		if s.t.Failed() {
			s.t.Logf("daemon:\n%s", r.log)
		}
	})
	return r
}

// stop drains the daemon and returns what Wait did.
func (r *running) stop() error {
	r.cancel()
	if r.waited {
		return nil
	}
	r.waited = true
	return r.Wait()
}

// jsonRows is an inference request of rows first to first+n-1 of the tiny model's.
func jsonRows(first, n int) []byte {
	values := tinymodel.Rows(first + n)[first*tinymodel.RowSize:]
	data, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(nil, `{"inputs":[{"name":"x","datatype":"FP32","shape":[%d,2,4,4],"data":%s}]}`, n, data)
}

// put stores one message and returns its place in the input stream.
func (s *site) put(subject string, h nats.Header, body []byte) uint64 {
	s.t.Helper()
	ack, err := s.js.PublishMsg(context.Background(), &nats.Msg{Subject: subject, Header: h, Data: body})
	require.NoError(s.t, err)
	return ack.Sequence
}

// putAll stores many messages without waiting for each.
func (s *site) putAll(bodies map[string][][]byte) {
	s.t.Helper()
	var acks []jetstream.PubAckFuture
	for subject, list := range bodies {
		for _, body := range list {
			ack, err := s.js.PublishAsync(subject, body, jetstream.WithStallWait(10*time.Second))
			require.NoError(s.t, err)
			acks = append(acks, ack)
		}
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			require.NoError(s.t, err)
		}
	}
}

// waitFor waits until a group has answered n times under a subject.
func (s *site) waitFor(group, subject string, n int) {
	s.t.Helper()
	streamtest.Eventually(s.t, fmt.Sprintf("%d messages on %s", n, subject), func() bool {
		return s.count(group, subject) >= n
	})
}

// count is how many answers and dead letters a group has stored under a subject;
// events are neither.
func (s *site) count(group, subject string) int {
	n := streamtest.Count(s.js, "TTAD_"+group, subject)
	if subject == "tta."+group+".>" {
		n -= streamtest.Count(s.js, "TTAD_"+group, "tta."+group+".events.>")
	}
	return n
}

// answer is a stored output or dead letter, as a client reads it.
type answer struct {
	Subject string
	Header  nats.Header
	Seq     uint64 // of its input
	Code    string // of a dead letter
	Body    []byte
	output
}

// output is the JSON of an answer.
type output struct {
	ID       string `json:"id"`
	Group    string `json:"group"`
	Pipeline string `json:"pipeline"`
	Step     int    `json:"step"`
	Rows     []row  `json:"rows"`
}

type row struct {
	Class   int       `json:"class"`
	Prob    float32   `json:"prob"`
	Probs   []float32 `json:"probs"`
	Guard   string    `json:"guard"`
	Changed *bool     `json:"changed"`
	Source  *struct {
		Class int     `json:"class"`
		Prob  float32 `json:"prob"`
	} `json:"source"`
	Trail []struct {
		Strategy string  `json:"strategy"`
		Shift    float64 `json:"shift"`
	} `json:"trail"`
}

// answers reads the answers and dead letters a group has stored under a subject, in
// order.
func (s *site) answers(group, subject string) []answer {
	s.t.Helper()
	var out []answer
	for _, m := range streamtest.Stored(s.t, s.js, "TTAD_"+group, subject) {
		if strings.HasPrefix(m.Subject, "tta."+group+".events.") {
			continue
		}
		out = append(out, readAnswer(s.t, m.Subject, m.Header, m.Data))
	}
	return out
}

func readAnswer(t testing.TB, subject string, h nats.Header, body []byte) answer {
	t.Helper()
	a := answer{Subject: subject, Header: h, Body: body, Code: h.Get(stream.HeaderErrorCode)}
	if text := h.Get(stream.HeaderSrcSeq); text != "" {
		seq, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		a.Seq = seq
	}
	if a.Code == "" {
		require.NoError(t, json.NewDecoder(bytes.NewReader(body)).Decode(&a.output), string(body))
	}
	return a
}

// oncePerInput checks that inputs 1 to n have one answer each, and none more.
func oncePerInput(t testing.TB, n int, lists ...[]answer) {
	t.Helper()
	times := map[uint64]int{}
	for _, list := range lists {
		for _, a := range list {
			times[a.Seq]++
		}
	}
	for seq := uint64(1); seq <= uint64(n); seq++ {
		if times[seq] != 1 {
			t.Errorf("input %d has %d answers", seq, times[seq])
		}
		delete(times, seq)
	}
	require.Empty(t, times, "answers to inputs that do not exist")
}
