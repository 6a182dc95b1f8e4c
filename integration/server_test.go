package integration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream/streamtest"
)

// A server that restarts while messages flow costs time and nothing else.
func TestAServerThatRestartsLosesNothing(t *testing.T) {
	const messages, restarts = 900, 3
	s := newSite(t)
	f := s.config(oneGroup)
	require.NoError(t, s.start(f).stop()) // provisions
	s.expireAcks("IN_g", "ttad-g-0", 300*time.Millisecond)
	d := s.start(f)
	answered := func() int { return s.count("g", "tta.g.>") }
	for i := range restarts {
		before := answered()
		s.putAll(oneRowEach("tta.g.in.cam", messages/restarts))
		streamtest.Eventually(t, "some are answered", func() bool { return answered() > before })
		s.server.Stop()
		s.server.Resume(t)
		streamtest.Eventually(t, fmt.Sprintf("the client is back, restart %d", i), func() bool {
			_, err := s.js.AccountInfo(context.Background())
			return err == nil
		})
	}
	s.settled("IN_g", "ttad-g-0", messages)
	require.NoError(t, d.stop())
	oncePerInput(t, messages, s.answers("g", "tta.g.>"))
	assert.Empty(t, s.answers("g", "tta.g.dlq"))
}

// A group that cannot go on ends the daemon with its reason, after the others have
// answered what they hold.
func TestADeletedConsumerEndsTheDaemonWithTheReason(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(oneGroup + `
  other:
    model: {file: tiny.onnx}
    batch: {max_rows: 16, max_delay: 1m}
    pipelines: [{name: main}]
`))
	s.put("tta.other.in.cam", nats.Header{}, jsonRows(0, 1))
	streamtest.Eventually(t, "the other group holds a row", func() bool { return s.metric(d, `ttad_in_flight_rows{group="other"}`) == 1 })
	require.NoError(t, s.js.DeleteConsumer(context.Background(), "IN_g", "ttad-g-0"))
	d.waited = true
	err := d.Wait()
	require.ErrorContains(t, err, "group g: receive from stream IN_g")
	assert.ErrorContains(t, err, "consumer")
	assert.Len(t, s.answers("other", "tta.other.out.cam"), 1)
}
