package demo

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told runs a labeler beside rows of which every third is labelled, and returns
// the messages that the feedback stream holds afterwards.
func told(t *testing.T, rows int) []label {
	t.Helper()
	url := bus(t, func(*nats.Conn, *nats.Msg) {})
	l, err := newLabeler(url)
	require.NoError(t, err)
	defer l.close()
	_, err = l.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "FB_demo", Subjects: []string{subjectLabels}})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- l.run(t.Context()) }()
	for i := range rows {
		l.saw(t.Context(), Row{Index: i, Label: i % Classes, Labelled: i%3 == 0})
	}
	l.finish()
	require.NoError(t, <-ended)
	return labelsOf(t, l.js, l.sent)
}

// labelsOf reads n messages of the feedback stream.
func labelsOf(t *testing.T, js jetstream.JetStream, n int) []label {
	t.Helper()
	out := make([]label, n)
	for i := range out {
		s, err := js.Stream(t.Context(), "FB_demo")
		require.NoError(t, err)
		m, err := s.GetMsg(t.Context(), uint64(i+1))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(m.Data, &out[i]))
	}
	return out
}

func TestLabelsComeRowsLaterAndOnlyOfSomeImages(t *testing.T) {
	got := told(t, labelDelay+7)
	assert.Equal(t, []label{{"demo-0", 0}, {"demo-3", 3}, {"demo-6", 6}}, got)
}

func TestAShortStreamEndsBeforeItsFirstLabel(t *testing.T) {
	assert.Empty(t, told(t, labelDelay))
}

func TestEveryLabelComesAfterItsRowsAnswers(t *testing.T) {
	assert.Greater(t, labelDelay, inFlight)
}

func TestALabelerThatCannotSendSaysSoAndHoldsNothingUp(t *testing.T) {
	l, err := newLabeler(bus(t, func(*nats.Conn, *nats.Msg) {}))
	require.NoError(t, err)
	defer l.close()
	ctx, stop := context.WithCancel(t.Context())
	l.due <- label{ID: "demo-0"}
	assert.ErrorContains(t, l.run(ctx), "publish label of demo-0", "no stream takes it")
	stop()
	for i := range 2 * labelDelay {
		l.saw(ctx, Row{Index: i, Labelled: true})
	}
}
