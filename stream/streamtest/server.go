package streamtest

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Server is a NATS server with JetStream in the test's process.
type Server struct {
	options server.Options
	running *server.Server
}

// Start runs a server until the test ends. change, which may be nil, edits its
// options first.
func Start(t testing.TB, change func(*server.Options)) *Server {
	t.Helper()
	s := &Server{options: server.Options{
		ServerName: "streamtest", Host: "127.0.0.1", Port: server.RANDOM_PORT,
		JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	}}
	if change != nil {
		change(&s.options)
	}
	s.Resume(t)
	t.Cleanup(s.Stop)
	return s
}

// URL is the clients' address; it stays the same after Stop and Resume.
func (s *Server) URL() string { return s.running.ClientURL() }

// Stop shuts the server down and keeps its store.
func (s *Server) Stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

// Resume starts the server on the same port and store.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	options := s.options
	running, err := server.NewServer(&options)
	if err != nil {
		t.Fatalf("start NATS server: %v", err)
	}
	running.Start()
	if !running.ReadyForConnections(20 * time.Second) {
		t.Fatal("start NATS server: not ready after 20s")
	}
	s.running = running
	s.options.Port = options.Port
}

// Client connects a client of the test's own and closes it with the test.
func (s *Server) Client(t testing.TB) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatalf("connect to %s: %v", s.URL(), err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// JetStream opens JetStream on a client.
func JetStream(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatalf("open JetStream: %v", err)
	}
	return js
}

// Eventually waits for a condition, asking again and again, and fails the test
// when it does not come true.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for pause := time.Millisecond; !condition(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30s for: %s", what)
		}
		time.Sleep(pause)
	}
}

// Stored reads every message a stream holds under a subject, in order.
func Stored(t testing.TB, js jetstream.JetStream, stream, subject string) []*jetstream.RawStreamMsg {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		t.Fatalf("look up stream %s: %v", stream, err)
	}
	var out []*jetstream.RawStreamMsg
	for seq := uint64(1); ; {
		msg, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject))
		if err != nil {
			return out
		}
		out = append(out, msg)
		seq = msg.Sequence + 1
	}
}

// Count returns how many messages a stream holds under a subject; 0 when the
// stream does not exist or does not answer.
func Count(js jetstream.JetStream, stream, subject string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return 0
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return 0
	}
	n := 0
	for _, count := range info.State.Subjects {
		n += int(count)
	}
	return n
}
