package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/testkit/tinymodel"
)

// following is a group whose champion carries state.
func following(strategies string, maxDelay string) string {
	return fmt.Sprintf(`  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: %s}
    output: {probs: full}
    pipelines: [{name: main, strategies: %s}]
`, maxDelay, strategies)
}

// batches puts messages first to last, each a whole batch, and waits for the answers.
func (s *site) batches(first, last int) {
	s.t.Helper()
	for i := first; i <= last; i++ {
		s.put("tta.g.in.k", nats.Header{}, jsonRows(8*i, 8))
	}
	s.waitFor("g", "tta.g.out.k", last+1)
}

func TestReloadTakesOverBetweenBatchesAndKeepsState(t *testing.T) {
	const old, changed = "[bnema: {momentum: 0.5}]", "[bnema: {momentum: 0.25}]"
	undisturbed := newSite(t)
	undisturbed.start(undisturbed.config(following(old, "1s")))
	undisturbed.batches(0, 3)

	s := newSite(t)
	d := s.start(s.config(following(old, "1s")))
	s.batches(0, 2)
	changes, err := d.Reload(s.config(following(changed, "1s")))
	require.NoError(t, err)
	assert.Equal(t, []configs.Change{{
		Path: "groups.g.pipelines.main.strategies[0].bnema.momentum", Old: "0.5", New: "0.25", Class: configs.Hot,
	}}, changes)
	s.batches(3, 3)

	want, got := undisturbed.answers("g", "tta.g.out.k"), s.answers("g", "tta.g.out.k")
	require.Len(t, got, 4)
	assert.Equal(t, "1", got[2].Header.Get("Ttad-Generation"))
	assert.Equal(t, "2", got[3].Header.Get("Ttad-Generation"))
	// The fourth answer rests on the estimate the first three left, however the next
	// update will weigh; had the state been lost it would be the source's.
	assert.Equal(t, want[3].Rows, got[3].Rows)
	assert.NotEqual(t, got[3].Rows[0].Source.Prob, got[3].Rows[0].Prob)
	assert.Contains(t, d.log.String(), "configuration in force")
	s.counts(d, `ttad_strategy_reading{class="",group="g",pipeline="main",reading="merged_batches",strategy="bnema"}`, 4)
	assert.Nil(t, d.scores().Standings, "a group without labels has readings only")
}

func TestReloadStartsAStrategyFreshThatIsAtAnotherPlace(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(following("[bnema]", "1s")))
	s.batches(0, 2)
	_, err := d.Reload(s.config(following("[bnema, lame]", "1s")))
	require.NoError(t, err)
	s.batches(3, 3)
	got := s.answers("g", "tta.g.out.k")[3]
	assert.Equal(t, "bnema", got.Rows[0].Trail[0].Strategy)
	assert.NotZero(t, got.Rows[0].Trail[0].Shift, "what comes behind it leaves its state alone")
	assert.NotContains(t, d.log.String(), "fresh")

	_, err = d.Reload(s.config(following("[lame, bnema]", "1s")))
	require.NoError(t, err)
	s.batches(4, 4)
	got = s.answers("g", "tta.g.out.k")[4]
	assert.Equal(t, "bnema", got.Rows[0].Trail[0].Strategy)
	assert.Zero(t, got.Rows[0].Trail[0].Shift, "a fresh estimate is the source's")
	assert.Contains(t, d.log.String(), `"fresh":["main"]`)
}

func TestReloadThatCannotBeIsRefusedWhole(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(following("[bnema]", "1s")))
	s.batches(0, 0)
	require.Contains(t, metricsOf(t, d.Daemon), "ttad_config_reload_success 1")

	_, err := d.Reload(s.config(following("[bnema, lame]", "2s")))
	var cold *daemon.ReloadError
	require.ErrorAs(t, err, &cold)
	assert.EqualError(t, err, "reload refused, nothing changed: restart to change groups.g.batch.max_delay")

	_, err = d.Reload(s.config(following("[alphabn, bnema]", "1s")))
	assert.ErrorContains(t, err, "nothing changed")
	require.Contains(t, metricsOf(t, d.Daemon), "ttad_config_reload_success 0")

	s.batches(1, 1)
	got := s.answers("g", "tta.g.out.k")[1]
	assert.Equal(t, "1", got.Header.Get("Ttad-Generation"))
	assert.Len(t, got.Rows[0].Trail, 1)
}

func metricsOf(t *testing.T, d *daemon.Daemon) string {
	t.Helper()
	resp, err := http.Get("http://" + d.HTTPAddr() + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

// The same path may hold something else: a strategy's file is read again, a
// model's needs a restart.
func TestReloadSeesWhatFilesHold(t *testing.T) {
	s := newSite(t)
	metric := filepath.Join(s.dir, "metric.csv")
	require.NoError(t, os.WriteFile(metric, []byte("0,1,1\n1,0,1\n1,1,0\n"), 0o644))
	text := following("[loki: {distance_file: metric.csv}]", "1s")
	d := s.start(s.config(text))
	s.batches(0, 0)

	// A metric in which class 2 is far from nothing: every row is answered 2.
	require.NoError(t, os.WriteFile(metric, []byte("0,9,1\n9,0,1\n9,9,0\n"), 0o644))
	changes, err := d.Reload(s.config(text))
	require.NoError(t, err)
	assert.Empty(t, changes)
	s.batches(1, 1)
	for _, r := range s.answers("g", "tta.g.out.k")[1].Rows {
		assert.Equal(t, 2, r.Class)
	}

	tinymodel.Write(t, s.dir, "tiny.onnx", tinymodel.FoldedBytes())
	_, err = d.Reload(s.config(text))
	assert.EqualError(t, err, "reload refused, nothing changed: restart to change groups.g.model.file")
}
