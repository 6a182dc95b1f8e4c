package demo_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/demo"
)

func TestRunShowsTheModelFailingAndTheCorrectionHelping(t *testing.T) {
	var text bytes.Buffer
	o := demo.Options{Rows: 3500, Seed: 1, Figure: filepath.Join(t.TempDir(), "demo.svg"), Text: &text, Log: zerolog.Nop()}
	sum, err := demo.Run(t.Context(), o)
	require.NoError(t, err)
	t.Log("\n" + text.String())
	var table bytes.Buffer
	require.NoError(t, sum.Print(&table))
	t.Log("\n" + table.String())
	want := demo.Counts{Sent: 3500, Answered: 3500, Challenged: 3500 * (len(sum.Parties) - 2), Labels: sum.Labels}
	assert.Equal(t, want, sum.Counts, "one output a pipeline for each row and nothing else")
	assert.InDelta(t, 0.3*(3500-300), sum.Labels, 60, "of all rows but the last, whose labels would come too late")
	assert.Equal(t, sum.Labels, sum.ByLabels.Rows, "every label found its answer")
	assert.Greater(t, sum.Phases[0].Accuracy["source"], 0.8, "clean images are what the model was trained for")
	assert.Less(t, sum.Phases[2].Accuracy["source"], 0.5, "it fails in glare")
	for _, p := range sum.Phases[1:3] {
		assert.Greater(t, p.GainPoints, 10.0, p.Name)
	}
	_, err = os.Stat(o.Figure)
	assert.NoError(t, err)
	assert.Contains(t, text.String(), "nats sub --server nats://127.0.0.1:")
	assert.Contains(t, text.String(), "phase 7 of 7")
}

// The whole story takes long enough for what is learned from labels to show. Played
// as fast as rows are answered it would not: 2,000 rows a second are gone before
// their labels have been through the server.
func TestThePriorAndLabelsHelpWhereOnlyTheyCan(t *testing.T) {
	if testing.Short() {
		t.Skip("14,000 rows take half a minute")
	}
	o := demo.DefaultOptions()
	o.Rate, o.Figure, o.Text = 500, "", io.Discard
	sum, err := demo.Run(t.Context(), o)
	require.NoError(t, err)
	few, filed := sum.Phases[3].Accuracy, sum.Phases[5].Accuracy
	assert.Greater(t, few["prior"], few["norms"]+0.01, "few classes dominate")
	assert.Greater(t, few["labels"], few["prior"]+0.01)
	assert.InDelta(t, filed["norms"], filed["prior"], 0.02, "the images are what they were: nothing to see in them")
	assert.Greater(t, filed["labels"], filed["norms"]+0.08, "labels tell that shoes are boots now")
	assert.Greater(t, filed["labels"], filed["source"]+0.06)
	assert.InDelta(t, sum.ByLabels.Accuracy["source"], sum.Overall.Accuracy["source"], 0.03, "labels of 30 % of the images tell the same")
}

func TestRunDrainsWhenInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	sum, err := demo.Run(ctx, demo.Options{Rows: 500_000, Seed: 1, Text: writerFunc(func(p []byte) { stop() }), Log: zerolog.Nop()})
	require.NoError(t, err)
	assert.True(t, sum.Stopped)
	assert.Equal(t, sum.Sent, sum.Answered)
	assert.Zero(t, sum.LostRows)
}

// writerFunc is called for each text the run writes.
type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

func TestRunKeepsTheServerUpUntilInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var text bytes.Buffer
	o := demo.Options{Rows: 500, Seed: 1, Keep: true, Log: zerolog.Nop(), Text: writerFunc(func(p []byte) {
		text.Write(p)
		if bytes.Contains(p, []byte("still up")) {
			stop()
		}
	})}
	sum, err := demo.Run(ctx, o)
	require.NoError(t, err)
	assert.False(t, sum.Stopped, "the stream had ended before")
	assert.Contains(t, text.String(), "NATS is still up at nats://127.0.0.1:")
	assert.Regexp(t, `curl http://127\.0\.0\.1:\d+/scores`, text.String())
}

func TestRunHandsOverTheSummaryWhenTheFigureCannotBeWritten(t *testing.T) {
	o := demo.Options{Rows: 500, Seed: 1, Figure: filepath.Join(t.TempDir(), "no", "such.svg"), Text: &bytes.Buffer{}, Log: zerolog.Nop()}
	sum, err := demo.Run(t.Context(), o)
	assert.ErrorContains(t, err, "write figure")
	require.NotNil(t, sum)
	assert.Equal(t, 500, sum.Answered)
	assert.Empty(t, sum.Figure)
}

func TestRunRefusesTooFewAndTooManyRows(t *testing.T) {
	for _, n := range []int{-1, 499, 1_000_001} {
		_, err := demo.Run(t.Context(), demo.Options{Rows: n})
		assert.ErrorContains(t, err, "rows: must be from 500 to 1000000")
	}
}
