package integration_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream/streamtest"
	"ttad/tta"
)

// get asks the daemon's endpoint.
func (r *running) get(path string) (status int, body string) {
	r.t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + r.HTTPAddr() + path)
	require.NoError(r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	return res.StatusCode, string(text)
}

// metric is the value of a series, NaN where it does not exist.
func (s *site) metric(r *running, series string) float64 {
	s.t.Helper()
	_, body := r.get("/metrics")
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			v, err := strconv.ParseFloat(text, 64)
			require.NoError(s.t, err)
			return v
		}
	}
	return math.NaN()
}

// counts waits until a series has a value: what a batch did is counted after its
// answers are stored, so a test that has seen the answers may be a moment early.
func (s *site) counts(r *running, series string, want float64) {
	s.t.Helper()
	streamtest.Eventually(s.t, fmt.Sprintf("%s is %v", series, want), func() bool { return s.metric(r, series) == want })
}

func TestMetricsCountWhatHappened(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 4, max_delay: 1m}
    pipelines:
      - {name: main, role: champion, strategies: [alphabn: {source_weight: 0, min_rows: 1}]}
      - {name: near, role: shadow, strategies: [lame: {}]}
`))
	for i := range 6 {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(2*i, 2))
	}
	for range 2 {
		s.put("tta.g.in.cam", nats.Header{}, []byte("garbage"))
	}
	s.put("tta.g.in.cam", nats.Header{"Content-Type": {"image/png"}}, nil)
	s.put("tta.g.in.cam", nats.Header{}, jsonRows(0, 1)) // refused messages count as a row: the batch is full
	s.waitFor("g", "tta.g.>", 10)

	changed := 0
	for _, a := range s.answers("g", "tta.g.out.>") {
		for _, r := range a.Rows {
			if *r.Changed {
				changed++
			}
		}
	}
	s.counts(d, `ttad_items_total{group="g"}`, 10)
	for series, want := range map[string]float64{
		`ttad_rows_total{group="g"}`:                             13,
		`ttad_outputs_total{group="g"}`:                          7,
		`ttad_dead_letters_total{code="bad_json",group="g"}`:     2,
		`ttad_dead_letters_total{code="bad_codec",group="g"}`:    1,
		`ttad_step{group="g"}`:                                   4,
		`ttad_batch_rows_count{group="g"}`:                       4,
		`ttad_batch_rows_sum{group="g"}`:                         13,
		`ttad_forward_seconds_count{group="g",overlay="source"}`: 4,
		`ttad_end_to_end_seconds_count{group="g"}`:               10,
		`ttad_redelivered_total{group="g"}`:                      0,
		`ttad_input_lag_messages{group="g"}`:                     0,
		`ttad_input_dropped_total{group="g"}`:                    0,
		`ttad_changed_rows_total{group="g",pipeline="main"}`:     float64(changed),
	} {
		s.counts(d, series, want)
	}
	s.counts(d, `ttad_in_flight_rows{group="g"}`, 0)
	_, body := d.get("/metrics")
	assert.Contains(t, body, "ttad_build_info{")
	assert.Contains(t, body, `ttad_input_lag_messages{group="g"}`)
	require.NoError(t, d.stop())
}

func TestReadinessFollowsTheServer(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(oneGroup))
	health := func() (status int, bus, group string) {
		status, body := d.get("/readyz")
		var h struct {
			Ready  bool              `json:"ready"`
			Bus    string            `json:"bus"`
			Groups map[string]string `json:"groups"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &h), body)
		assert.Equal(t, status == http.StatusOK, h.Ready)
		return status, h.Bus, h.Groups["g"]
	}
	is := func(status int, bus, group string) func() bool {
		return func() bool {
			gotStatus, gotBus, gotGroup := health()
			return gotStatus == status && gotBus == bus && gotGroup == group
		}
	}
	streamtest.Eventually(t, "ready", is(http.StatusOK, "connected", "running"))
	status, body := d.get("/healthz")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "ok\n", body)
	status, _ = d.get("/nothing")
	assert.Equal(t, http.StatusNotFound, status)

	s.server.Stop()
	streamtest.Eventually(t, "not ready without the server", is(http.StatusServiceUnavailable, "disconnected", "running"))
	status, _ = d.get("/healthz")
	assert.Equal(t, http.StatusOK, status, "the process is well")
	s.server.Resume(t)
	streamtest.Eventually(t, "ready again", is(http.StatusOK, "connected", "running"))

	streamtest.Eventually(t, "an input is stored", func() bool {
		_, err := s.js.Publish(t.Context(), "tta.g.in.cam", jsonRows(0, 1))
		return err == nil
	})
	s.waitFor("g", "tta.g.out.>", 1)
	require.NoError(t, d.stop())
}

// While a batch is being answered that was taken before the end, the daemon is
// there to be asked, and not ready.
func TestADrainCanBeWatched(t *testing.T) {
	s := newSite(t)
	g := gate{entered: make(chan struct{}), open: make(chan struct{})}
	s.registry = tta.NewRegistry(append(withBroken().Specs(), spec("gate", func() tta.Strategy { return g }))...)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    pipelines: [{name: main, strategies: [gate]}]
`))
	s.put("tta.g.in.cam", nats.Header{}, jsonRows(0, 1))
	<-g.entered
	d.cancel()
	streamtest.Eventually(t, "draining", func() bool {
		status, body := d.get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, `"g":"draining"`)
	})
	s.counts(d, `ttad_in_flight_rows{group="g"}`, 1)
	close(g.open)
	require.NoError(t, d.stop())
	assert.Len(t, s.answers("g", "tta.g.out.cam"), 1)
}
