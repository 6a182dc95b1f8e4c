package integration_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/stream/streamtest"
)

// oneGroup is a group whose batches hold a few messages.
const oneGroup = `
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 16, max_delay: 2ms}
    pipelines:
      - {name: main, strategies: [alphabn: {min_rows: 1}]}
`

// oneRowEach is n messages of one row for a subject.
func oneRowEach(subject string, n int) map[string][][]byte {
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = jsonRows(i%50, 1)
	}
	return map[string][][]byte{subject: bodies}
}

// A daemon told to stop answers everything it has taken. Another one on the same
// store goes on with the rest: nothing is answered twice, nothing is left out.
func TestADrainAnswersWhatWasTakenAndTheNextDaemonGoesOn(t *testing.T) {
	const messages = 3000
	s := newSite(t)
	f := s.load(`version: 1
bus: {embedded: {store_dir: store, listen: "127.0.0.1:0"}, provision: true}
http: {listen: ""}
device: {threads: 1}
groups:` + oneGroup)
	first := s.start(f)
	c := s.at(first.ClientURL())
	c.putAll(oneRowEach("tta.g.in.cam", messages/2))
	// More inputs arrive while the drain begins.
	late := make(chan error, 1)
	go func() {
		for i := range messages / 2 {
			if _, err := c.js.Publish(context.Background(), "tta.g.in.cam", jsonRows(i%50, 1)); err != nil {
				late <- err
				return
			}
		}
		late <- nil
	}()
	c.waitFor("g", "tta.g.out.>", 100)
	require.NoError(t, first.stop())
	assert.Empty(t, first.HTTPAddr())
	c.nc.Close()
	<-late // it fails when the server goes away; what was stored counts
	assert.DirExists(t, filepath.Join(s.dir, "store"), "relative to the configuration")

	answered, unacknowledged, stored := s.inspect()
	assert.GreaterOrEqual(t, answered, 100)
	require.Less(t, answered, stored, "the drain came when everything was answered; nothing is left to go on with")
	assert.Zero(t, unacknowledged, "taken, and neither answered nor given back")

	second := s.start(f)
	c = s.at(second.ClientURL())
	c.waitFor("g", "tta.g.>", stored)
	answers := c.answers("g", "tta.g.out.>")
	require.NoError(t, second.stop())
	oncePerInput(t, stored, answers)
	for i, a := range answers {
		require.Equal(t, uint64(i+1), a.Seq, "in the order of the inputs")
	}
}

// inspect looks into the store between two daemons.
func (s *site) inspect() (answered, unacknowledged, stored int) {
	s.t.Helper()
	server, err := stream.StartEmbedded(stream.EmbeddedConfig{StoreDir: filepath.Join(s.dir, "store")})
	require.NoError(s.t, err)
	defer server.Stop()
	c := s.at(server.URL())
	defer c.nc.Close()
	in, err := c.js.Stream(context.Background(), "IN_g")
	require.NoError(s.t, err)
	return streamtest.Count(c.js, "TTAD_g", "tta.g.out.>"), c.unacknowledged(), int(in.CachedInfo().State.Msgs)
}

// at is the site with a client of another server.
func (s *site) at(url string) *site {
	s.t.Helper()
	nc, err := nats.Connect(url, nats.NoReconnect())
	require.NoError(s.t, err)
	s.t.Cleanup(nc.Close)
	return &site{t: s.t, nc: nc, js: streamtest.JetStream(s.t, nc), dir: s.dir, registry: s.registry}
}

// When the server forgets what was acknowledged, it delivers everything again. The
// answers are stored already and stay single.
func TestInputsDeliveredAgainAreNotAnsweredTwice(t *testing.T) {
	const messages = 200
	s := newSite(t)
	f := s.config(oneGroup)
	d := s.start(f)
	s.putAll(oneRowEach("tta.g.in.cam", messages))
	s.waitFor("g", "tta.g.out.>", messages)
	require.NoError(t, d.stop())
	require.NoError(t, s.js.DeleteConsumer(context.Background(), "IN_g", "ttad-g-0"))

	d = s.start(f)
	s.settled("IN_g", "ttad-g-0", messages)
	require.NoError(t, d.stop())
	oncePerInput(t, messages, s.answers("g", "tta.g.out.>"))
}

// settled waits until a consumer's messages up to a sequence are acknowledged.
func (s *site) settled(streamName, consumer string, last uint64) {
	s.t.Helper()
	streamtest.Eventually(s.t, fmt.Sprintf("inputs up to %d are acknowledged", last), func() bool {
		c, err := s.js.Consumer(context.Background(), streamName, consumer)
		return err == nil && c.CachedInfo().AckFloor.Stream >= last
	})
}

// A daemon that is killed again and again, wherever that hits it, still gives
// every input one answer in the end.
func TestKilledDaemonsLeaveOneAnswerPerInput(t *testing.T) {
	const messages, kills = 6000, 6
	const part = messages / (kills + 2)
	s := newSite(t)
	text := fmt.Sprintf("version: 1\nbus: {servers: [%s], provision: true}\nhttp: {listen: \"\"}\ndevice: {threads: 1}\ngroups:%s", s.server.URL(), oneGroup)
	path := filepath.Join(s.dir, "ttad.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	require.NoError(t, s.start(s.load(text)).stop()) // provisions
	s.expireAcks("IN_g", "ttad-g-0", 300*time.Millisecond)
	s.putAll(oneRowEach("tta.g.in.cam", part))

	answered := func() int { return s.count("g", "tta.g.>") }
	interrupted := 0
	for range kills {
		s.putAll(oneRowEach("tta.g.in.cam", part))
		child := startChild(t, path)
		goal := answered() + 1
		streamtest.Eventually(t, fmt.Sprintf("%d answers", goal), func() bool { return answered() >= goal })
		child.kill(t)
		interrupted += s.unacknowledged()
	}
	require.Positive(t, interrupted, "no kill hit a daemon at work")
	s.putAll(oneRowEach("tta.g.in.cam", part))
	child := startChild(t, path)
	s.settled("IN_g", "ttad-g-0", messages)
	child.terminate(t)
	oncePerInput(t, messages, s.answers("g", "tta.g.>"))
	assert.Empty(t, s.answers("g", "tta.g.dlq"), "no input is to blame for the kills")
}

// unacknowledged is how many inputs were delivered and not acknowledged.
func (s *site) unacknowledged() int {
	s.t.Helper()
	c, err := s.js.Consumer(context.Background(), "IN_g", "ttad-g-0")
	require.NoError(s.t, err)
	return c.CachedInfo().NumAckPending
}

// expireAcks makes the server give up on acknowledgements quickly, so that a test
// need not wait out the half minute a user's daemon has.
func (s *site) expireAcks(streamName, consumer string, wait time.Duration) {
	s.t.Helper()
	c, err := s.js.Consumer(context.Background(), streamName, consumer)
	require.NoError(s.t, err)
	cfg := c.CachedInfo().Config
	cfg.AckWait = wait
	_, err = s.js.UpdateConsumer(context.Background(), streamName, cfg)
	require.NoError(s.t, err)
}
