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
	"ttad/tta"
)

// clock is a time that moves only when told.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// pair is a champion and a challenger beside the source model.
func pair() []demo.Party {
	return []demo.Party{
		{Name: "source"},
		{Name: "plain", Role: tta.Challenger, Strategies: []string{"alphabn"}},
		{Name: "main", Role: tta.Champion, Strategies: []string{"bnema", "lame"}},
	}
}

// played is a run of two phases, ten rows each: the model alone is right in the
// first and wrong in the second, the champion right throughout, the challenger
// right in every other row of the second. Row 19 is lost, row 18 a dead letter.
func played(t *testing.T) *demo.Score {
	t.Helper()
	c := &clock{time.Unix(1000, 0)}
	s := demo.NewScore([]demo.Phase{{Name: "calm", Rows: 10}, {Name: "storm", Rows: 10}}, pair(), c.now)
	s.Start()
	for i := range 20 {
		s.Send(demo.Row{Index: i, Phase: i / 10, Label: 3})
		c.t = c.t.Add(100 * time.Millisecond)
		switch {
		case i < 10:
			require.False(t, s.Answer(i, demo.Answer{Pipeline: "main", Class: 3, Source: 3}))
			require.True(t, s.Answer(i, demo.Answer{Pipeline: "plain", Class: 3, Source: 3}), "now the row has both its outputs")
		case i < 18:
			require.False(t, s.Answer(i, demo.Answer{Pipeline: "plain", Class: 3 - i%2, Source: 4}))
			require.True(t, s.Answer(i, demo.Answer{Pipeline: "main", Class: 3, Source: 4}))
		case i == 18:
			s.DeadLetter()
		}
	}
	s.Labels(7, []tta.Standing{
		{Pipeline: "source", Total: tta.Score{Rows: 6, Accuracy: 0.5}}, {Pipeline: "plain", Total: tta.Score{Rows: 6, Accuracy: 0.75}},
		{Pipeline: "main", Total: tta.Score{Rows: 6, Accuracy: 1}, Advantage: tta.Interval{Mean: 0.5}},
	})
	s.Stop()
	c.t = c.t.Add(time.Hour)
	return s
}

func TestSummaryCountsWhatCameBack(t *testing.T) {
	s := played(t)
	assert.False(t, s.Answer(3, demo.Answer{Pipeline: "main", Class: 3, Source: 3}), "a second answer")
	assert.False(t, s.Answer(99, demo.Answer{Pipeline: "main"}), "an answer nobody asked for")
	assert.False(t, s.Answer(3, demo.Answer{Pipeline: "other"}), "a pipeline nobody knows")
	assert.False(t, s.Answer(3, demo.Answer{Pipeline: "source"}), "the source model publishes nothing itself")
	sum := demo.Summarize(s, 5)
	assert.Equal(t, demo.Counts{Sent: 20, Answered: 18, Challenged: 18, DeadLetters: 1, Duplicates: 1, Unknown: 3, Labels: 7}, sum.Counts)
	assert.Equal(t, 1, sum.LostRows)
	assert.False(t, sum.Stopped)
	assert.InDelta(t, 2.0, sum.Seconds, 1e-9, "the hour after Stop does not count")
	assert.InDelta(t, 9.0, sum.RowsPerSecond, 1e-9)
	assert.Equal(t, demo.Percentiles{P50: 100, P95: 100, P99: 100}, sum.LatencyMS)
	require.Len(t, sum.Phases, 2)
	assert.Equal(t, demo.PhaseSummary{
		Name: "storm", Rows: 8, Accuracy: map[string]float64{"source": 0, "plain": 0.5, "main": 1}, GainPoints: 100,
	}, sum.Phases[1])
	assert.InDelta(t, 10.0/18, sum.Overall.Accuracy["source"], 1e-9)
}

func TestRowsWhoseLabelsAreSentProveNothing(t *testing.T) {
	s := demo.NewScore([]demo.Phase{{Rows: 2}}, pair(), time.Now)
	for i := range 2 {
		s.Send(demo.Row{Index: i, Label: 1, Labelled: i == 0})
		s.Answer(i, demo.Answer{Pipeline: "main", Class: 1 - i, Source: 1})
	}
	a := s.Overall()
	assert.Equal(t, 1, a.Rows, "a memory may know the labelled image itself")
	assert.Equal(t, []float64{1, 0}, []float64{a.Shares[0], a.Shares[2]})
	assert.True(t, math.IsNaN(a.Shares[1]), "the challenger never answered")
	assert.Equal(t, 2, s.Counts().Answered)
}

func TestSummaryIsPlainJSON(t *testing.T) {
	body, err := json.Marshal(demo.Summarize(played(t), 5))
	require.NoError(t, err)
	assert.JSONEq(t, `{"seed":5,"stopped_early":false,
		"parties":[{"name":"source"},{"name":"plain","role":"challenger","strategies":["alphabn"]},
		           {"name":"main","role":"champion","strategies":["bnema","lame"]}],
		"phases":[{"name":"calm","rows":10,"accuracy":{"source":1,"plain":1,"main":1},"gain_points":0},
		          {"name":"storm","rows":8,"accuracy":{"source":0,"plain":0.5,"main":1},"gain_points":100}],
		"overall":{"name":"all","rows":18,"accuracy":{"source":0.5555555555555556,"plain":0.7777777777777778,"main":1},
		           "gain_points":44.44444444444444},
		"by_labels":{"name":"all, as labels tell","rows":6,"accuracy":{"source":0.5,"plain":0.75,"main":1},"gain_points":50},
		"sent":20,"answered":18,"challenger_answers":18,"dead_letters":1,"duplicates":0,"unknown":0,"labels":7,"lost":1,
		"seconds":2,"rows_per_second":9,"latency_ms":{"p50":100,"p95":100,"p99":100}}`, string(body))
}

func TestSummaryPrintsATable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, demo.Summarize(played(t), 5).Print(&b))
	assert.Equal(t, `phase                        rows   source    plain     main    gain
calm                           10   100.0%   100.0%   100.0%    +0.0
storm                           8     0.0%    50.0%   100.0%  +100.0
all                            18    55.6%    77.8%   100.0%   +44.4
all, as labels tell             6    50.0%    75.0%   100.0%   +50.0

source   the model alone
plain    alphabn
main     bnema + lame

accuracy is over images whose classes were never sent as labels; the last line is over those that were
18 rows in 2.0 s, 9 a second; latency 100 ms median, 100 ms 95th percentile, 100 ms 99th
20 sent, 18 answered, 1 dead letters, 1 lost, 0 answered twice; 7 labels sent
`, b.String())
}

func TestCurvesLookBackOnAWindow(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	s := demo.NewScore([]demo.Phase{{Rows: 400}, {Rows: 400}}, pair(), c.now)
	for i := range 600 {
		s.Send(demo.Row{Index: i, Phase: i / 400, Label: 1})
		s.Answer(i, demo.Answer{Pipeline: "main", Class: 1, Source: 1 - i/400})
	}
	curves := s.Curves(8)
	assert.Equal(t, []float64{100, 200, 300, 400, 500, 600}, curves.X, "as far as rows were sent")
	assert.Equal(t, []float64{1, 1, 1, 1, 0.5, 0}, curves.Shares[0])
	assert.Equal(t, []float64{1, 1, 1, 1, 1, 1}, curves.Shares[2])
	for _, v := range curves.Shares[1] {
		assert.True(t, math.IsNaN(v), "it never answered")
	}
}

func TestFigureShowsTheCurvesAndThePhases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.svg")
	require.NoError(t, demo.Figure(path, played(t)))
	svg, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, want := range []string{"source: the model alone", "main: bnema + lame", "plain: alphabn", "calm", "storm"} {
		assert.Contains(t, string(svg), want)
	}
	assert.ErrorContains(t, demo.Figure(filepath.Join(path, "no"), played(t)), "write figure")
}
