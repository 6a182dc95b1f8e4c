package stream_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/stream/streamtest"
)

func (b *bench) open() error {
	b.t.Helper()
	conn := b.connect()
	defer func() { require.NoError(b.t, conn.Close(context.Background())) }()
	_, _, err := stream.Open(context.Background(), conn, b.o)
	return err
}

func TestWhatIsMissingIsAnErrorWithTheCommandThatMakesIt(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	b.o.Provision = false
	err := b.open()
	require.ErrorContains(t, err, "group g: no stream stores 'tta.g.in.>'")
	assert.ErrorContains(t, err, "nats stream add IN_g --subjects 'tta.g.in.>'")

	_, err = b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "CAMERAS", Subjects: []string{"tta.g.in.>"}})
	require.NoError(t, err)
	err = b.open()
	require.ErrorContains(t, err, "stream CAMERAS has no consumer ttad-g-0", "the stream is found by its subject")
	assert.ErrorContains(t, err, "nats consumer add CAMERAS ttad-g-0 --pull --ack explicit")

	_, err = b.js.CreateConsumer(ctx, "CAMERAS", jetstream.ConsumerConfig{Durable: "ttad-g-0", AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "tta.g.in.>"})
	require.NoError(t, err)
	err = b.open()
	require.ErrorContains(t, err, "no stream stores tta.g.out.x")
	assert.ErrorContains(t, err, "nats stream add TTAD_g --subjects 'tta.g.out.>,tta.g.alt.>,tta.g.ask,tta.g.dlq,tta.g.events.>,tta.g.commit.>'")

	_, err = b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "ANY", Subjects: []string{"tta.g.out.>", "tta.g.alt.>", "tta.g.dlq"}})
	require.NoError(t, err)
	assert.NoError(t, b.open())
}

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		name string
		set  func(t *testing.T, b *bench)
		says string
	}{
		{"core input with ordered commits", func(_ *testing.T, b *bench) { b.o.Input.Stream = "none" }, "set commit.mode: none"},
		{"subjects in two streams", func(t *testing.T, b *bench) {
			for name, subject := range map[string]string{"A": "a.>", "B": "b.>"} {
				_, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subject}})
				require.NoError(t, err)
			}
			b.o.Input.Subjects = []string{"a.>", "b.>"}
		}, "two streams"},
		{"a stream that misses the subject", func(t *testing.T, b *bench) {
			_, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "A", Subjects: []string{"a.*"}})
			require.NoError(t, err)
			b.o.Input.Stream = "A"
			b.o.Input.Subjects = []string{"a.>"}
		}, "nats stream edit A --subjects 'a.*,a.>'"},
		{"a consumer that acknowledges by itself", func(t *testing.T, b *bench) {
			_, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "IN_g", Subjects: []string{"tta.g.in.>"}})
			require.NoError(t, err)
			_, err = b.js.CreateConsumer(ctx, "IN_g", jetstream.ConsumerConfig{Durable: "ttad-g-0", AckPolicy: jetstream.AckNonePolicy})
			require.NoError(t, err)
		}, "expected explicit"},
		{"a consumer that gives up", func(t *testing.T, b *bench) {
			_, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "IN_g", Subjects: []string{"tta.g.in.>"}})
			require.NoError(t, err)
			_, err = b.js.CreateConsumer(ctx, "IN_g", jetstream.ConsumerConfig{Durable: "ttad-g-0", AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 5})
			require.NoError(t, err)
		}, "max deliver 5"},
		{"a consumer of other subjects", func(t *testing.T, b *bench) {
			_, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: "IN_g", Subjects: []string{"tta.g.in.>"}})
			require.NoError(t, err)
			_, err = b.js.CreateConsumer(ctx, "IN_g", jetstream.ConsumerConfig{Durable: "ttad-g-0", AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "tta.g.in.x"})
			require.NoError(t, err)
		}, "filter [tta.g.in.x]"},
		{"a model its limits cannot hold", func(_ *testing.T, b *bench) { b.o.Limits.RowElements = 0 }, "limits.row_elements"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			tt.set(t, b)
			assert.ErrorContains(t, b.open(), tt.says)
		})
	}
}

func TestUsersOwnSubjectsKeepTheirWildcardTokens(t *testing.T) {
	b := newBench(t)
	b.o.Input.Subjects = []string{"site.*.camera.*.frames", "orders.new"}
	w := b.start(echo)
	b.put("site.berlin.camera.7.frames", nil, request(1))
	b.put("orders.new", nil, request(2))
	b.waitFor("tta.g.out.>", 2)
	require.NoError(t, w.stop())
	out := b.stored("tta.g.out.>")
	assert.Equal(t, "tta.g.out.berlin.7", out[0].Subject)
	assert.Equal(t, "tta.g.out.orders.new", out[1].Subject, "a subject without wildcards is its own key")
	assert.Equal(t, "IN_g", w.input.Stream())
}

func TestConnectUsesAContextOfTheNATSCommand(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	s := streamtest.Start(t, func(o *server.Options) { o.Username, o.Password = "ada", "secret" })
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "nats", "context"), 0o755))
	write := func(path, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "nats", path), []byte(text), 0o600))
	}
	write("context/lab.json", `{"description":"","url":"`+s.URL()+`","user":"ada","password":"secret"}`)
	write("context/broken.json", `{`)
	write("context.txt", "lab\n")
	connect := func(name string) error {
		cfg := stream.DefaultBus()
		cfg.Context = name
		conn, err := stream.Connect(context.Background(), cfg, zerolog.Nop())
		if err == nil {
			assert.True(t, conn.Connected())
			require.NoError(t, conn.Close(context.Background()))
		}
		return err
	}
	assert.NoError(t, connect("lab"))
	assert.NoError(t, connect("selected"))
	assert.ErrorContains(t, connect("nowhere"), "nats context add nowhere")
	assert.ErrorContains(t, connect("../lab"), "not a name")
	assert.ErrorContains(t, connect("broken"), "broken")
	write("context/lab.json", `{"url":"`+s.URL()+`","user":"ada","password":"wrong"}`)
	assert.ErrorIs(t, connect("lab"), nats.ErrAuthorization)
}

func TestInboxPrefixAndDomain(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	b := newBench(t)
	b.server = streamtest.Start(t, func(o *server.Options) {
		o.JetStreamDomain = "hub"
		o.Users = []*server.User{{Username: "ada", Password: "secret", Permissions: &server.Permissions{
			Subscribe: &server.SubjectPermission{Allow: []string{"_ttad.>"}},
		}}}
	})
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "nats", "context"), 0o755))
	open := func(inContext string, change func(*stream.BusConfig)) error {
		text := `{"url":"` + b.server.URL() + `","user":"ada","password":"secret"` + inContext + `}`
		require.NoError(t, os.WriteFile(filepath.Join(dir, "nats", "context", "lab.json"), []byte(text), 0o600))
		cfg := stream.DefaultBus()
		cfg.Context = "lab"
		change(&cfg)
		conn, err := stream.Connect(context.Background(), cfg, zerolog.Nop())
		if err != nil {
			return err
		}
		defer func() { require.NoError(t, conn.Close(context.Background())) }()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_, _, err = stream.Open(ctx, conn, b.o)
		return err
	}
	none := func(*stream.BusConfig) {}
	assert.NoError(t, open(`,"inbox_prefix":"_ttad","jetstream_domain":"hub"`, none), "the context says both")
	assert.NoError(t, open(`,"inbox_prefix":"_other","jetstream_domain":"other"`, func(c *stream.BusConfig) {
		c.InboxPrefix, c.Domain = "_ttad", "hub"
	}), "the configuration goes before")
	assert.Error(t, open(``, none), "no reply may come to _INBOX")
	assert.Error(t, open(`,"inbox_prefix":"_ttad","jetstream_domain":"other"`, none), "no such domain")
	assert.ErrorContains(t, open(`,"nsc":"nsc://op/account/user"`, none), "nsc generate creds")
	assert.NotContains(t, fmt.Sprint(open(`,"nsc":"","tls_first":false,"inbox_prefix":"_ttad"`, none)), "not supported")
}

func TestBusCheckRefusesWhatIsNoPrefixOrDomain(t *testing.T) {
	cfg := stream.DefaultBus()
	cfg.Servers = []string{"nats://127.0.0.1:4222"}
	problems := func() (paths []string) {
		cfg.Check(func(path, _ string) { paths = append(paths, path) })
		return paths
	}
	cfg.InboxPrefix, cfg.Domain = "_INBOX.ttad", "hub"
	assert.Empty(t, problems())
	cfg.InboxPrefix, cfg.Domain = "_INBOX.>", "a.b"
	assert.Equal(t, []string{"inbox_prefix", "domain"}, problems())
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	cfg := stream.DefaultBus()
	cfg.Servers = []string{"nats://user:hidden@127.0.0.1:1"}
	_, err := stream.Connect(context.Background(), cfg, zerolog.Nop())
	require.ErrorIs(t, err, stream.ErrUnreachable)
	assert.NotContains(t, err.Error(), "hidden")

	cfg.Embedded = &stream.EmbeddedConfig{StoreDir: t.TempDir()}
	_, err = stream.Connect(context.Background(), cfg, zerolog.Nop())
	assert.ErrorContains(t, err, "one of context, servers and embedded")

	cfg.Servers, cfg.NKey = nil, filepath.Join(t.TempDir(), "absent.nk")
	cfg.Embedded = nil
	_, err = stream.Connect(context.Background(), cfg, zerolog.Nop())
	assert.ErrorContains(t, err, "nkey")
}

func TestEmbeddedServer(t *testing.T) {
	cfg := stream.DefaultBus()
	cfg.Embedded = &stream.EmbeddedConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0"}
	conn, err := stream.Connect(context.Background(), cfg, zerolog.Nop())
	require.NoError(t, err)
	nc, err := nats.Connect(conn.URL())
	require.NoError(t, err)
	defer nc.Close()
	js := streamtest.JetStream(t, nc)
	_, err = js.AccountInfo(context.Background())
	assert.NoError(t, err, "JetStream is on")

	cfg.Embedded = &stream.EmbeddedConfig{StoreDir: t.TempDir(), Listen: "nowhere"}
	_, err = stream.Connect(context.Background(), cfg, zerolog.Nop())
	assert.ErrorContains(t, err, "bus.embedded.listen")
	_, err = stream.StartEmbedded(stream.EmbeddedConfig{})
	assert.ErrorContains(t, err, "store_dir")

	require.NoError(t, conn.Close(context.Background()))
	_, err = nats.Connect(conn.URL(), nats.Timeout(time.Second))
	assert.Error(t, err, "the server ends with the connection")
}
