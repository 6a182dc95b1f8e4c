package integration_test

import (
	"math"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit/tinymodel"
)

// A row that is not finite is answered by the source model, tells the running
// estimate nothing, and leaves the rows beside it what they would have been.
func TestNonFiniteRowsAreAnsweredFromTheSourceAndTeachNothing(t *testing.T) {
	s := newSite(t)
	f := s.config(`
  g:
    model: {file: tiny.onnx}
    input: {non_finite: source}
    batch: {max_rows: 4, max_delay: 1m}
    output: {probs: full}
    pipelines:
      - {name: main, strategies: [bnema: {momentum: 0.3, min_rows: 1}]}
`)
	const clean = 32
	tensor := nats.Header{"Content-Type": {"application/vnd.ttad.tensor"}, "Ttad-Dtype": {"FP32"}, "Ttad-Shape": {"1,2,4,4"}}
	broken := func(i int, v float64) []float32 {
		row := tinymodel.Row(i)
		row[3] = float32(v)
		return row
	}
	d := s.start(f)
	notFinite := map[uint64]bool{}
	var sent []float32
	for i := range clean {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
		sent = append(sent, tinymodel.Row(i)...)
		if i%8 == 5 { // four of them, a batch of their own; of another key, since within one order is kept
			row := broken(i, math.Inf(i))
			notFinite[s.put("tta.g.in.broken", tensor, floats(row...))] = true
			sent = append(sent, row...)
		}
	}
	s.waitFor("g", "tta.g.out.>", clean+len(notFinite))
	require.NoError(t, d.stop())

	var got []float32
	bySeq := map[uint64][]float32{}
	for _, a := range s.answers("g", "tta.g.out.>") {
		r := a.Rows[0]
		bySeq[a.Seq] = r.Probs
		if !notFinite[a.Seq] {
			assert.Equal(t, "ok", r.Guard)
			got = append(got, r.Probs...)
			continue
		}
		assert.Equal(t, "source: not_finite", r.Guard)
		assert.Equal(t, "source: not_finite", a.Header.Get("Ttad-Guard"))
		assert.False(t, *r.Changed)
		assert.Equal(t, r.Source.Prob, r.Prob)
		assert.Empty(t, r.Trail)
	}
	assert.Len(t, notFinite, 4)
	assert.Equal(t, s.replayed(f, tinymodel.Rows(clean))["main"], got, "the other rows, without ever having met those")
	all := s.replayed(f, sent)["main"]
	for i := range clean + len(notFinite) {
		assert.Equal(t, all[i*tinymodel.Classes:][:tinymodel.Classes], bySeq[uint64(i+1)], "row %d as a replay answers it", i)
	}
}

// The guard answers for a pipeline that goes wrong and says so; the batches in
// between are its own.
func TestAPipelineThatGoesWrongIsAnsweredFromTheSource(t *testing.T) {
	s := newSite(t)
	s.registry = withBroken()
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 2, max_delay: 1m}
    output: {probs: full}
    pipelines:
      - {name: main, role: champion, strategies: [alphabn: {source_weight: 0.5, min_rows: 1}, explode]}
      - {name: plain, role: challenger}
`))
	const messages = 12
	for i := range messages {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
	}
	s.waitFor("g", "tta.g.>", 2*messages)
	s.counts(d, `ttad_guard_trips_total{group="g",pipeline="main",reason="non_finite"}`, 3)
	require.NoError(t, d.stop())

	plain := s.answers("g", "tta.g.alt.plain.cam")
	for i, a := range s.answers("g", "tta.g.out.cam") {
		r := a.Rows[0]
		if a.Step%2 == 1 {
			assert.Equal(t, "ok", r.Guard)
			assert.Equal(t, "ok", a.Header.Get("Ttad-Guard"))
			assert.NotEqual(t, plain[i].Rows[0].Probs, r.Probs)
			continue
		}
		assert.Equal(t, "source: row 0 is not finite", r.Guard)
		assert.Equal(t, "source: row 0 is not finite", a.Header.Get("Ttad-Guard"))
		assert.Equal(t, plain[i].Rows[0].Probs, r.Probs)
	}
	assert.Equal(t, 3, d.log.count("guard.trip"))
}

// A batch over the deadline becomes dead letters, and so does a row the model has
// no finite answer for; whatever comes before or after is answered.
func TestTheDaemonGoesOnAfterABatchWithoutAnswer(t *testing.T) {
	s := newSite(t)
	s.registry = withBroken()
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 2, max_delay: 1m}
    limits: {deadline: 50ms}
    pipelines: [{name: main, strategies: [stall]}]
`))
	huge := slices.Repeat([]float32{math.MaxFloat32}, tinymodel.RowSize)
	tensor := nats.Header{"Content-Type": {"application/vnd.ttad.tensor"}, "Ttad-Dtype": {"FP32"}, "Ttad-Shape": {"1,2,4,4"}}
	for i := range 2 {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
	}
	s.waitFor("g", "tta.g.dlq", 2)
	s.put("tta.g.in.cam", tensor, floats(huge...))
	for i := range 3 {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
	}
	s.waitFor("g", "tta.g.>", 6)
	require.NoError(t, d.stop())

	out, dead := s.answers("g", "tta.g.out.>"), s.answers("g", "tta.g.dlq")
	oncePerInput(t, 6, out, dead)
	var codes []string
	for _, a := range dead {
		codes = append(codes, a.Code)
	}
	assert.Equal(t, []string{"deadline", "deadline", "model_error"}, codes)
	assert.Contains(t, dead[0].Header.Get("Ttad-Error"), "limits.deadline")
	assert.Contains(t, dead[2].Header.Get("Ttad-Error"), "not finite")
	assert.Len(t, out, 3)
}
