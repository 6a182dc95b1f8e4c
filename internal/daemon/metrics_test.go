package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/stream"
	"ttad/tta"
)

// Every metric is in docs/operations.md, under its full name, and the page names
// none that is not there.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	require.NoError(t, err)
	described := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(line, "| `ttad_"); ok {
			described["ttad_"+name[:strings.IndexAny(name, "`{")]] = true
		}
	}
	m := newMetrics()
	registered := map[string]bool{}
	all := append(m.all, newInputCollector("g", &stream.Input{}), newEventCollector("g", nil), newLabelCollector("g", nil, nil), newReadingCollector("g", nil), newDeviceCollector(nil))
	for _, c := range all {
		for _, name := range namesOf(c) {
			registered[name] = true
		}
	}
	assert.Equal(t, registered, described)
}

// What the connection would not take was not published, whatever the batch held.
func TestWhatIsLostIsNotCountedAsAnOutput(t *testing.T) {
	m := newMetrics()
	p := &stream.Parcel{Deliveries: []*stream.Delivery{
		{Item: tta.Item{Rows: 2}}, {Item: tta.Item{Rows: 3}}, {Item: tta.Item{Rows: 4}},
	}}
	m.forGroup("g").committed(p, stream.Receipt{Outputs: 3, Challengers: 1, Rows: 5, Lost: 2}, time.Millisecond)
	assert.EqualValues(t, 2, testutil.ToFloat64(m.outputs), "of the champion, not of its challenger")
	assert.EqualValues(t, 5, testutil.ToFloat64(m.rows))
	assert.EqualValues(t, 2, testutil.ToFloat64(m.lost))
}

// What labels say is told for the source model and every pipeline, once also where
// a pipeline is the source model and has its name; what no label has said anything
// about is left out.
func TestScoresBecomeMetrics(t *testing.T) {
	auc, gauc := 0.75, 0.5
	judged := tta.Score{Rows: 4, Accuracy: 0.75, Brier: 0.25, NLL: 0.5, ECE: 0.125, AUC: &auc, GAUC: &gauc}
	scores := Scores{Standings: []tta.Standing{
		{Pipeline: "source", Total: judged, Window: judged},
		{Pipeline: "main", Role: tta.Champion, Total: judged, Window: judged, Advantage: tta.Interval{Mean: 0.25, Low: -0.5, High: 1, Rows: 4}},
		{Pipeline: "source", Role: tta.Shadow, Total: judged, Window: judged},
		{Pipeline: "new", Role: tta.Shadow},
	}, Ledger: &tta.LedgerStats{Items: 2, Rows: 9, Bytes: 400, Evicted: 1, Renamed: 3, Oversized: 5}}
	stats := stream.LabelStats{States: map[tta.LabelState]int64{tta.LabelLearned: 4}, DeadLetters: map[stream.Code]int64{stream.BadLabel: 2}}
	c := newLabelCollector("g", func() stream.LabelStats { return stats }, func() Scores { return scores })
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(c))
	require.NoError(t, testutil.GatherAndCompare(r, strings.NewReader(`
# HELP ttad_label_dead_letters_total Messages with labels put on the dead letter subject.
# TYPE ttad_label_dead_letters_total counter
ttad_label_dead_letters_total{code="bad_label",group="g"} 2
# HELP ttad_labelled_rows_total Rows of the pipeline that were scored.
# TYPE ttad_labelled_rows_total counter
ttad_labelled_rows_total{group="g",pipeline="main"} 4
ttad_labelled_rows_total{group="g",pipeline="new"} 0
ttad_labelled_rows_total{group="g",pipeline="source"} 4
# HELP ttad_ledger_oversized_total Answered messages larger than the whole ledger, for which no label can come.
# TYPE ttad_ledger_oversized_total counter
ttad_ledger_oversized_total{group="g"} 5
# HELP ttad_ledger_renamed_total Answered messages whose id a newer one has taken: labels find them by sequence only.
# TYPE ttad_ledger_renamed_total counter
ttad_ledger_renamed_total{group="g"} 3
# HELP ttad_ledger_rows Answered rows kept for labels to come.
# TYPE ttad_ledger_rows gauge
ttad_ledger_rows{group="g"} 9
# HELP ttad_score_advantage Accuracy less the source model's on the same rows, since start: mean, and the ends of its 95 % interval.
# TYPE ttad_score_advantage gauge
ttad_score_advantage{bound="high",group="g",pipeline="main"} 1
ttad_score_advantage{bound="low",group="g",pipeline="main"} -0.5
ttad_score_advantage{bound="mean",group="g",pipeline="main"} 0.25
# HELP ttad_score_gauc AUC of the last rows labelled within each key, averaged by rows.
# TYPE ttad_score_gauc gauge
ttad_score_gauc{group="g",pipeline="main"} 0.5
ttad_score_gauc{group="g",pipeline="source"} 0.5
`), "ttad_label_dead_letters_total", "ttad_labelled_rows_total", "ttad_ledger_rows", "ttad_ledger_renamed_total", "ttad_ledger_oversized_total", "ttad_score_advantage", "ttad_score_gauc"))
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "ttad_labels_total" {
			assert.Len(t, f.Metric, len(stream.LabelStates()), "every state is there from the start")
		}
	}
}

// Class by class, many classes would be many series: they are in the scores only.
func TestReadingsBecomeMetrics(t *testing.T) {
	wide := []tta.Reading{{Name: "prior_shift", Class: -1, Value: 0.25}}
	for k := range maxReadingClasses + 1 {
		wide = append(wide, tta.Reading{Name: "prior", Class: k, Value: 1})
	}
	scores := Scores{Readings: []tta.StageReadings{
		{Pipeline: "main", Strategy: "labelshift", Readings: []tta.Reading{{Name: "prior", Class: 0, Value: 0.5}, {Name: "prior", Class: 1, Value: 0.5}}},
		{Pipeline: "wide", Strategy: "labelshift", Readings: wide},
	}}
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(newReadingCollector("g", func() Scores { return scores })))
	require.NoError(t, testutil.GatherAndCompare(r, strings.NewReader(`
# HELP ttad_strategy_reading What a strategy has learned, in numbers; class is empty where one is not about a class.
# TYPE ttad_strategy_reading gauge
ttad_strategy_reading{class="",group="g",pipeline="wide",reading="prior_shift",strategy="labelshift"} 0.25
ttad_strategy_reading{class="0",group="g",pipeline="main",reading="prior",strategy="labelshift"} 0.5
ttad_strategy_reading{class="1",group="g",pipeline="main",reading="prior",strategy="labelshift"} 0.5
`)))
}

// namesOf reads a collector's metric names off their descriptions.
func namesOf(c prometheus.Collector) []string {
	ch := make(chan *prometheus.Desc, 100)
	c.Describe(ch)
	close(ch)
	var names []string
	for d := range ch {
		_, rest, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		names = append(names, name)
	}
	return names
}

func TestRowsCorrectedOnTheDeviceAreCounted(t *testing.T) {
	m := newMetrics()
	r := &tta.Result{Batch: &tta.Batch{Rows: 3}, Pipelines: []tta.PipelineResult{{
		Name: "main", View: tta.View{Probs: accel.NewTensor(3, 2), Class: make([]int32, 3)},
		Trail: []tta.TrailStep{{Strategy: "lame", Device: true}, {Strategy: "reloop"}},
	}}}
	m.forGroup("g").stepped(r)
	assert.EqualValues(t, 3, testutil.ToFloat64(m.deviceCorrected.WithLabelValues("g", "main", "lame")))
	assert.EqualValues(t, 1, testutil.CollectAndCount(m.deviceCorrected), "the host's work is not the device's")
}
