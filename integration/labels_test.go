package integration_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/internal/daemon"
	"ttad/models"
	"ttad/stream"
	"ttad/stream/streamtest"
	"ttad/tta"
	"ttad/tta/builtin"
)

// parrot answers the class it was told last, with certainty.
type parrot struct{ class int }

func (*parrot) Needs() tta.Needs { return tta.Needs{Remember: 1, Labels: true} }

func (*parrot) Remember(_ int, kept []float32) { kept[0] = 1 }

func (p *parrot) Learn(_ context.Context, rows []tta.Feedback) error {
	p.class = rows[len(rows)-1].Label
	return nil
}

func (p *parrot) Correct(_ context.Context, b *tta.Batch, _ *models.Output, probs *accel.Tensor) error {
	if p.class < 0 {
		return nil
	}
	for i := range b.Rows {
		row := probs.Row(i)
		clear(row)
		row[p.class] = 1
	}
	return nil
}

func withParrot() *tta.Registry {
	return tta.NewRegistry(append(builtin.Registry().Specs(), spec("parrot", func() tta.Strategy { return &parrot{class: -1} }))...)
}

// labelled is a group whose champion repeats the last label. Each message is a batch.
const labelled = `
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 1, max_delay: 1s}
    feedback: {%s}
    pipelines: [{name: main, strategies: [parrot]}]
`

// label stores a message on the group's feedback subject.
func (s *site) label(format string, args ...any) {
	s.put("tta.g.feedback", nats.Header{}, fmt.Appendf(nil, format, args...))
}

// ask puts a row and returns its answer.
func (s *site) ask(d *running, id string) answer {
	s.t.Helper()
	before := s.count("g", "tta.g.out.>")
	s.put("tta.g.in.cam", nats.Header{"Ttad-Id": {id}}, jsonRows(before, 1))
	s.waitFor("g", "tta.g.out.>", before+1)
	s.counts(d, `ttad_items_total{group="g"}`, float64(before+1))
	return s.answers("g", "tta.g.out.>")[before]
}

func state(s tta.LabelState) string {
	return fmt.Sprintf(`ttad_labels_total{group="g",state=%q}`, s)
}

// scores asks the daemon how the pipelines of group g stand.
func (r *running) scores() daemon.Scores {
	r.t.Helper()
	status, body := r.get("/scores")
	require.Equal(r.t, http.StatusOK, status)
	var all map[string]daemon.Scores
	require.NoError(r.t, json.Unmarshal([]byte(body), &all), body)
	return all["g"]
}

func TestALabelChangesTheNextAnswerAndTheScores(t *testing.T) {
	s := newSite(t)
	s.registry = withParrot()
	d := s.start(s.config(fmt.Sprintf(labelled, "")))
	first := s.ask(d, "a")
	source := first.Rows[0].Class
	truth := (source + 1) % 3

	s.label(`{"id":"a","label":%d,"time":"2026-11-23T08:00:00Z","source":"human"}`, truth)
	s.counts(d, state(tta.LabelLearned), 1)
	second := s.ask(d, "b")
	assert.Equal(t, truth, second.Rows[0].Class)
	s.label(`{"seq":%d,"label":%d}`, second.Seq, truth)
	s.counts(d, state(tta.LabelLearned), 2)

	for series, want := range map[string]float64{
		`ttad_label_delay_seconds_count{group="g"}`:             2,
		`ttad_ledger_rows{group="g"}`:                           2,
		`ttad_labelled_rows_total{group="g",pipeline="main"}`:   2,
		`ttad_score_accuracy{group="g",pipeline="main"}`:        0.5,
		`ttad_labelled_rows_total{group="g",pipeline="source"}`: 2,
		`ttad_label_messages_waiting{group="g"}`:                0,
		`ttad_events_lost_total{group="g"}`:                     0,
	} {
		s.counts(d, series, want)
	}
	scores := d.scores()
	require.Len(t, scores.Standings, 2)
	assert.Equal(t, "source", scores.Standings[0].Pipeline)
	assert.Equal(t, 2, scores.Standings[1].Total.Rows)
	assert.Equal(t, 2, scores.Standings[1].Advantage.Rows)
	assert.Equal(t, 2, scores.Ledger.Rows)
	require.NoError(t, d.stop())
}

// Labels come before their items, twice, against each other, for rows there are
// not, and as nonsense; each comes to what it should, and nothing is held up.
func TestEveryLabelComesToSomething(t *testing.T) {
	s := newSite(t)
	s.registry = withParrot()
	d := s.start(s.config(fmt.Sprintf(labelled, "max_wait: 2s")))
	s.label(`{"id":"late","label":1}`)
	s.counts(d, state(tta.LabelEarly), 1)
	s.ask(d, "late")
	s.label(`{"id":"late","label":1}`)
	s.label(`{"id":"late","label":2}`)
	s.label(`{"id":"late","label":2,"revise":true}`)
	s.label(`{"id":"nobody","label":2}`)
	s.label(`{"labels":[{"id":"late","row":5,"label":2},{"id":"late","label":99},{"id":"late","label":2}]}`)
	s.label(`not a label`)
	for name, want := range map[tta.LabelState]float64{
		tta.LabelLearned: 1, tta.LabelEarly: 2, stream.LabelUnknown: 1, tta.LabelInvalid: 2,
	} {
		s.counts(d, state(name), want)
	}
	s.settled("FB_g", "ttad-g-feedback", 7)
	// Of the four about one row the early one may be delivered again at any place.
	m := func(name tta.LabelState) float64 { return s.metric(d, state(name)) }
	assert.EqualValues(t, 4, m(tta.LabelRepeated)+m(tta.LabelConflict)+m(tta.LabelRevised))
	dead := s.answers("g", "tta.g.dlq")
	require.Len(t, dead, 2)
	codes := []string{dead[0].Code, dead[1].Code}
	assert.ElementsMatch(t, []string{"bad_label", "bad_json"}, codes)
	require.NoError(t, d.stop())
}

// events reads what a group has told of a kind.
func (s *site) events(kind string) []map[string]any {
	s.t.Helper()
	var out []map[string]any
	for _, m := range streamtest.Stored(s.t, s.js, "TTAD_g", "tta.g.events."+kind) {
		assert.Equal(s.t, "ttad."+kind, m.Header.Get("ce-type"))
		var body map[string]any
		require.NoError(s.t, json.Unmarshal(m.Data, &body))
		out = append(out, body)
	}
	return out
}

func TestWhatHappensIsTold(t *testing.T) {
	s := newSite(t)
	s.registry = tta.NewRegistry(append(withParrot().Specs(), spec("explode", func() tta.Strategy { return explode{} }))...)
	groups := strings.Replace(fmt.Sprintf(labelled, ""), "]}]", "]}, {name: bad, role: shadow, strategies: [explode]}]", 1)
	d := s.start(s.config(groups))
	for i := range 4 {
		s.ask(d, fmt.Sprintf("item-%d", i))
	}
	s.label(`{"labels":[{"id":"item-0","label":1},{"id":"item-0","label":2}]}`)
	s.counts(d, state(tta.LabelConflict), 1)
	_, err := d.Reload(s.config(strings.Replace(groups, "max_rows: 1", "max_rows: 2", 1)))
	require.Error(t, err)
	_, err = d.Reload(s.config(strings.Replace(groups, "feedback: {}", "feedback: {ledger_rows: 100}", 1)))
	require.NoError(t, err)
	d.RefuseReload(errors.New("line 3: not YAML"))
	require.NoError(t, d.stop())

	assert.Len(t, s.events("model.loaded"), 1)
	refused := s.events("reload.refused")
	require.Len(t, refused, 2)
	assert.Contains(t, refused[0]["message"], "restart to change groups.g.batch.max_rows")
	assert.Equal(t, "line 3: not YAML", refused[1]["message"])
	assert.Len(t, s.events("reload.applied"), 1)
	trips := s.events("guard.trip")
	require.Len(t, trips, 2, "every second batch")
	assert.Equal(t, "bad", trips[0]["pipeline"])
	assert.EqualValues(t, 2, trips[0]["step"])
	conflicts := s.events("label.conflict")
	require.Len(t, conflicts, 1)
	assert.Equal(t, "item-0", conflicts[0]["evidence"].(map[string]any)["id"])
	assert.EqualValues(t, 4, conflicts[0]["step"])
}

func TestALabelForWhatLeftTheLedgerIsExpired(t *testing.T) {
	s := newSite(t)
	s.registry = withParrot()
	d := s.start(s.config(fmt.Sprintf(labelled, "ledger_rows: 2")))
	for _, id := range []string{"a", "b", "c"} {
		s.ask(d, id)
	}
	s.label(`{"labels":[{"id":"a","label":1},{"seq":1,"label":1},{"id":"c","label":1}]}`)
	s.counts(d, state(tta.LabelExpired), 2)
	s.counts(d, state(tta.LabelLearned), 1)
	s.counts(d, `ttad_ledger_rows{group="g"}`, 2)
	s.counts(d, `ttad_ledger_evicted_total{group="g"}`, 1)
	require.NoError(t, d.stop())
}

func TestAThousandLabelsInOneMessage(t *testing.T) {
	const each = stream.MaxLabels / 2
	s := newSite(t)
	s.registry = withParrot()
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 500, max_delay: 1m}
    feedback: {}
    pipelines: [{name: main, strategies: [parrot]}]
`))
	var labels []string
	for _, id := range []string{"a", "b"} {
		s.put("tta.g.in.cam", nats.Header{"Ttad-Id": {id}}, jsonRows(0, each))
		for row := range each {
			labels = append(labels, fmt.Sprintf(`{"id":%q,"row":%d,"label":%d}`, id, row, row%3))
		}
	}
	s.waitFor("g", "tta.g.out.>", 2)
	for range 2 {
		s.label(`{"labels":[%s]}`, strings.Join(labels, ","))
	}
	s.label(`{"labels":[%s]}`, strings.Join(append(labels, `{"id":"a","label":0}`), ","))
	s.settled("FB_g", "ttad-g-feedback", 3)
	s.counts(d, state(tta.LabelLearned), stream.MaxLabels)
	s.counts(d, state(tta.LabelRepeated), stream.MaxLabels)
	s.counts(d, `ttad_label_dead_letters_total{code="bad_label",group="g"}`, 1)
	assert.Equal(t, stream.MaxLabels, d.scores().Standings[1].Total.Rows)
	dead := s.answers("g", "tta.g.dlq")
	require.Len(t, dead, 1)
	assert.Contains(t, dead[0].Header.Get("Ttad-Error"), "more than 1000 labels")
	require.NoError(t, d.stop())
}

// What was answered before a reload is learned from after it.
func TestAReloadKeepsLedgerAndScores(t *testing.T) {
	s := newSite(t)
	s.registry = withParrot()
	groups := fmt.Sprintf(labelled, "")
	d := s.start(s.config(groups))
	s.ask(d, "a")
	s.label(`{"id":"a","label":1}`)
	s.counts(d, state(tta.LabelLearned), 1)
	s.ask(d, "b")
	_, err := d.Reload(s.config(strings.Replace(groups, "[parrot]", "[parrot, lame]", 1)))
	require.NoError(t, err)
	assert.Equal(t, "2", s.ask(d, "c").Header.Get("Ttad-Generation"))
	s.label(`{"id":"b","label":2}`)
	s.counts(d, state(tta.LabelLearned), 2)
	assert.Equal(t, 2, d.scores().Standings[1].Total.Rows)
	assert.Equal(t, 2, s.ask(d, "d").Rows[0].Class, "learned from a row the old pipelines answered")
	require.NoError(t, d.stop())
}

// More labels than are taken wait on the server, and inputs do not wait for them.
func TestAFloodOfLabelsHoldsUpNoInput(t *testing.T) {
	const messages, bulks = 200, 20
	s := newSite(t)
	s.registry = withParrot()
	d := s.start(s.config(fmt.Sprintf(labelled, "")))
	ghosts := make([]string, stream.MaxLabels)
	for i := range ghosts {
		ghosts[i] = fmt.Sprintf(`{"id":"ghost-%d","label":1}`, i)
	}
	flood := map[string][][]byte{"tta.g.feedback": nil}
	for range bulks {
		flood["tta.g.feedback"] = append(flood["tta.g.feedback"], []byte(`{"labels":[`+strings.Join(ghosts, ",")+`]}`))
	}
	s.putAll(flood)
	s.putAll(oneRowEach("tta.g.in.cam", messages))
	s.waitFor("g", "tta.g.out.>", messages)
	oncePerInput(t, messages, s.answers("g", "tta.g.out.>"))
	c, err := s.js.Consumer(t.Context(), "FB_g", "ttad-g-feedback")
	require.NoError(t, err)
	info := c.CachedInfo()
	assert.Positive(t, int(info.NumPending)+info.NumAckPending, "labels are still to be taken")
	require.NoError(t, d.stop())
	assert.Len(t, s.events("label.flood"), 1)
}

// A daemon killed while labels and inputs come loses neither: the server delivers
// both again, inputs are answered once, and every label comes to something.
func TestAKillLosesNoLabelAndNoInput(t *testing.T) {
	const rounds, each = 3, 60
	s := newSite(t)
	text := fmt.Sprintf(`version: 1
bus: {servers: [%s], provision: true}
http: {listen: ""}
device: {threads: 1}
groups:
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: 2ms}
    feedback: {max_wait: 1s}
    pipelines: [{name: main, strategies: [labelshift: {estimate: labels}]}]
`, s.server.URL())
	path := filepath.Join(s.dir, "ttad.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	require.NoError(t, s.start(s.load(text)).stop()) // provisions
	s.expireAcks("IN_g", "ttad-g-0", 300*time.Millisecond)
	s.expireAcks("FB_g", "ttad-g-feedback", 300*time.Millisecond)
	for round := range rounds {
		c := startChild(t, path)
		before := s.count("g", "tta.g.>")
		for i := range each {
			id := fmt.Sprintf("item-%d-%d", round, i)
			s.put("tta.g.in.cam", nats.Header{"Ttad-Id": {id}}, jsonRows(i, 1))
			s.label(`{"id":%q,"label":%d}`, id, i%3)
		}
		streamtest.Eventually(t, "some are answered", func() bool { return s.count("g", "tta.g.>") > before })
		c.kill(t)
	}
	d := s.start(s.load(text))
	s.settled("IN_g", "ttad-g-0", rounds*each)
	s.settled("FB_g", "ttad-g-feedback", rounds*each)
	require.NoError(t, d.stop())
	oncePerInput(t, rounds*each, s.answers("g", "tta.g.>"))
}

// A reload builds the memory of errors anew on the device and fills it from the old
// one, which is freed: a device that is still in use would fail the drain.
func TestAReloadKeepsTheErrorMemory(t *testing.T) {
	const rows = 40
	s := newSite(t)
	group := `
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 40, max_delay: 1m}
    feedback: {}
    pipelines: [{name: main, strategies: [reloop: {adapt_weight: false, weight: %v}]}]
`
	d := s.start(s.config(fmt.Sprintf(group, 1.0)))
	nth := func(n int) answer {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(0, rows))
		s.waitFor("g", "tta.g.out.cam", n)
		return s.answers("g", "tta.g.out.cam")[n-1]
	}
	corrected := func(a answer) (n int) {
		for _, row := range a.Rows {
			if row.Class == (row.Source.Class+1)%3 {
				n++
			}
		}
		return n
	}
	first := nth(1)
	require.Zero(t, corrected(first))
	var labels []string
	for i, row := range first.Rows {
		labels = append(labels, fmt.Sprintf(`{"seq":1,"row":%d,"label":%d}`, i, (row.Source.Class+1)%3))
	}
	s.label(`{"labels":[%s]}`, strings.Join(labels, ","))
	s.counts(d, state(tta.LabelLearned), rows)
	learned := corrected(nth(2))
	assert.Greater(t, learned, rows/2)
	_, err := d.Reload(s.config(fmt.Sprintf(group, 0.999)))
	require.NoError(t, err)
	third := nth(3)
	assert.Equal(t, "2", third.Header.Get("Ttad-Generation"))
	assert.Equal(t, learned, corrected(third))
	assert.NotContains(t, d.log.String(), "fresh")
	require.NoError(t, d.stop())
}

// The four core strategies in the order of docs/architecture.md, on a model that is
// always wrong: every row is labelled with the class after the one it says.
func TestAllFourStrategiesLearnFromLateLabels(t *testing.T) {
	const batches, rows = 40, 8
	s := newSite(t)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: 1m}
    feedback: {}
    pipelines:
      - name: main
        role: champion
        strategies: [alphabn: {source_weight: 0.9, min_rows: 1}, lame: {min_rows: 1}, labelshift: {}, reloop: {}]
      - {name: alone, role: shadow, strategies: [reloop: {}]}
`))
	for i := range batches {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i%5*rows, rows))
		s.waitFor("g", "tta.g.out.cam", i+1)
		a := s.answers("g", "tta.g.out.cam")[i]
		var sent []string
		for r, row := range a.Rows {
			sent = append(sent, fmt.Sprintf(`{"seq":%d,"row":%d,"label":%d}`, a.Seq, r, (row.Source.Class+1)%3))
		}
		s.label(`{"labels":[%s]}`, strings.Join(sent, ","))
		s.counts(d, state(tta.LabelLearned), float64((i+1)*rows))
	}
	last := s.answers("g", "tta.g.out.cam")[batches-1].Rows[0]
	var order []string
	for _, step := range last.Trail {
		order = append(order, step.Strategy)
	}
	assert.Equal(t, []string{"alphabn", "lame", "labelshift", "reloop"}, order)
	scores := d.scores().Standings
	require.Len(t, scores, 3)
	assert.Zero(t, scores[0].Total.Accuracy, "the source model")
	remembered := s.metric(d, `ttad_strategy_reading{class="",group="g",pipeline="alone",reading="memory_rows",strategy="reloop"}`)
	assert.Positive(t, remembered)
	readings := d.scores().Readings
	require.Len(t, readings, 3)
	for i, of := range []string{"main/labelshift", "main/reloop", "alone/reloop"} {
		assert.Equal(t, of, readings[i].Pipeline+"/"+readings[i].Strategy)
	}
	assert.Equal(t, tta.Reading{Name: "memory_rows", Class: -1, Value: remembered}, readings[2].Readings[0])
	for _, p := range scores[1:] {
		assert.Equal(t, batches*rows, p.Total.Rows)
		assert.Greater(t, p.Advantage.Low, 0.0, p.Pipeline)
	}
	require.NoError(t, d.stop())
}
