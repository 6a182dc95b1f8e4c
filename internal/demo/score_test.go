package demo_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/demo"
)

// clock is a time that moves only when told.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// played is a run of two phases, ten rows each: the model alone is right in the
// first and wrong in the second, the champion right throughout, the challenger
// right in every other row of the second. Row 19 is lost, row 18 a dead letter.
func played(t *testing.T) *demo.Score {
	t.Helper()
	c := &clock{time.Unix(1000, 0)}
	s := demo.NewScore([]demo.Phase{{Name: "calm", Rows: 10}, {Name: "storm", Rows: 10}}, c.now)
	s.Start()
	for i := range 20 {
		s.Send(demo.Row{Index: i, Phase: i / 10, Label: 3})
		c.t = c.t.Add(100 * time.Millisecond)
		switch {
		case i < 10:
			require.False(t, s.Answer(i, demo.Answer{Class: 3, Source: 3}))
			require.True(t, s.Challenge(i, 3), "now the row has both its outputs")
		case i < 18:
			require.False(t, s.Challenge(i, 3-i%2))
			require.True(t, s.Answer(i, demo.Answer{Class: 3, Source: 4}))
		case i == 18:
			s.DeadLetter()
		}
	}
	s.Stop()
	c.t = c.t.Add(time.Hour)
	return s
}

func TestSummaryCountsWhatCameBack(t *testing.T) {
	s := played(t)
	assert.False(t, s.Answer(3, demo.Answer{Class: 3, Source: 3}), "a second answer")
	assert.False(t, s.Answer(99, demo.Answer{}), "an answer nobody asked for")
	sum := demo.Summarize(s, 5)
	assert.Equal(t, demo.Counts{Sent: 20, Answered: 18, Challenged: 18, DeadLetters: 1, Duplicates: 1, Unknown: 1}, sum.Counts)
	assert.Equal(t, 1, sum.LostRows)
	assert.False(t, sum.Stopped)
	assert.InDelta(t, 2.0, sum.Seconds, 1e-9, "the hour after Stop does not count")
	assert.InDelta(t, 9.0, sum.RowsPerSecond, 1e-9)
	assert.Equal(t, demo.Percentiles{P50: 100, P95: 100, P99: 100}, sum.LatencyMS)
	require.Len(t, sum.Phases, 2)
	assert.Equal(t, demo.Accuracy{Rows: 8, Source: 0, Challenger: 0.5, Corrected: 1}, sum.Phases[1].Accuracy)
	assert.InDelta(t, 100, sum.Phases[1].GainPoints, 1e-9)
	assert.InDelta(t, 10.0/18, sum.Overall.Source, 1e-9)
}

func TestSummaryIsPlainJSON(t *testing.T) {
	body, err := json.Marshal(demo.Summarize(played(t), 5))
	require.NoError(t, err)
	assert.JSONEq(t, `{"seed":5,"stopped_early":false,
		"phases":[{"name":"calm","rows":10,"source":1,"challenger":1,"corrected":1,"gain_points":0},
		          {"name":"storm","rows":8,"source":0,"challenger":0.5,"corrected":1,"gain_points":100}],
		"overall":{"name":"all","rows":18,"source":0.5555555555555556,"challenger":0.7777777777777778,"corrected":1,"gain_points":44.44444444444444},
		"sent":20,"answered":18,"challenger_answered":18,"dead_letters":1,"duplicates":0,"unknown":0,"lost":1,
		"seconds":2,"rows_per_second":9,"latency_ms":{"p50":100,"p95":100,"p99":100}}`, string(body))
}

func TestSummaryPrintsATable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, demo.Summarize(played(t), 5).Print(&b))
	assert.Equal(t, `phase                        rows    source  challenger   corrected    gain
calm                           10    100.0%      100.0%      100.0%    +0.0
storm                           8      0.0%       50.0%      100.0%  +100.0
all                            18     55.6%       77.8%      100.0%   +44.4

corrected: bnema + lame; challenger: alphabn
18 rows in 2.0 s, 9 a second; latency 100 ms median, 100 ms 95th percentile, 100 ms 99th
20 sent, 18 answered, 1 dead letters, 1 lost, 0 answered twice
`, b.String())
}

func TestCurveLooksBackOnAWindow(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	s := demo.NewScore([]demo.Phase{{Rows: 400}, {Rows: 400}}, c.now)
	for i := range 600 {
		s.Send(demo.Row{Index: i, Phase: i / 400, Label: 1})
		s.Answer(i, demo.Answer{Class: 1, Source: 1 - i/400})
	}
	curve := s.Curve(8)
	assert.Equal(t, []float64{100, 200, 300, 400, 500, 600}, curve.X, "as far as rows were sent")
	assert.Equal(t, []float64{1, 1, 1, 1, 0.5, 0}, curve.Source)
	assert.Equal(t, []float64{1, 1, 1, 1, 1, 1}, curve.Corrected)
	for _, v := range curve.Challenger {
		assert.True(t, math.IsNaN(v), "it never answered")
	}
}

func TestFigureShowsTheCurvesAndThePhases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.svg")
	require.NoError(t, demo.Figure(path, played(t)))
	svg, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, want := range []string{"source model", "corrected (bnema + lame)", "challenger (alphabn)", "calm", "storm"} {
		assert.Contains(t, string(svg), want)
	}
	assert.ErrorContains(t, demo.Figure(filepath.Join(path, "no"), played(t)), "write figure")
}
