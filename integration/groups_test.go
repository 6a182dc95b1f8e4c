package integration_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit"
	"ttad/stream/streamtest"
)

// A group whose model runs elsewhere lives beside one whose model runs here; each
// answers its own subjects.
func TestTwoGroupsOfDifferentKinds(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(`
  here:
    model: {file: tiny.onnx}
    pipelines: [{name: main, strategies: [alphabn: {min_rows: 1}]}]
  remote:
    model: {kind: outputs, classes: 3, feature_width: 2}
    batch: {max_rows: 4, max_delay: 1m}
    output: {probs: full}
    pipelines:
      - {name: main, role: champion, strategies: [lame: {affinity: knn, neighbors: 1, min_rows: 2}]}
      - {name: plain, role: challenger}
`))
	s.put("tta.here.in.a", nats.Header{}, jsonRows(0, 1))
	// Two pairs of equal features; within each the second row's logits are unsure.
	s.put("tta.remote.in.b", nats.Header{}, []byte(`{"inputs":[
		{"name":"logits","datatype":"FP32","shape":[4,3],"data":[3,0,0, 0.9,1,0, 0,0,3, 0,1,0.9]},
		{"name":"features","datatype":"FP32","shape":[4,2],"data":[1,0, 1,0, 0,1, 0,1]}]}`))
	s.waitFor("here", "tta.here.out.a", 1)
	s.waitFor("remote", "tta.remote.out.b", 1)
	s.waitFor("remote", "tta.remote.alt.plain.b", 1)
	require.NoError(t, d.stop())

	classes := func(a answer) (out []int) {
		for _, r := range a.Rows {
			out = append(out, r.Class)
		}
		return out
	}
	plain := s.answers("remote", "tta.remote.alt.plain.b")[0]
	assert.Equal(t, []int{0, 1, 2, 1}, classes(plain), "the argmax of what was sent")
	testkit.Close(t, "probabilities", plain.Rows[1].Probs, softmax(0.9, 1, 0), 1e-6)
	assert.Equal(t, []int{0, 0, 2, 2}, classes(s.answers("remote", "tta.remote.out.b")[0]), "neighbours agree")
	assert.Len(t, s.answers("here", "tta.here.out.a"), 1)
}

func softmax(logits ...float64) []float64 {
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(v)
	}
	for i, v := range logits {
		logits[i] = math.Exp(v) / sum
	}
	return logits
}

func TestCoreNATSNeedsNoStream(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    input: {stream: none}
    commit: {mode: none}
    batch: {max_delay: 1ms}
    pipelines: [{name: main}]
`))
	sub, err := s.nc.SubscribeSync("tta.g.out.>")
	require.NoError(t, err)
	dead, err := s.nc.SubscribeSync("tta.g.dlq")
	require.NoError(t, err)
	streamtest.Eventually(t, "the daemon answers", func() bool {
		require.NoError(t, s.nc.Publish("tta.g.in.probe", jsonRows(0, 1)))
		_, err := sub.NextMsg(50 * time.Millisecond)
		return err == nil
	})
	require.NoError(t, s.nc.PublishMsg(&nats.Msg{Subject: "tta.g.in.cam", Header: nats.Header{"Ttad-Id": {"one"}}, Data: jsonRows(0, 2)}))
	require.NoError(t, s.nc.Publish("tta.g.in.cam", []byte("garbage")))
	streamtest.Eventually(t, "the answer of cam", func() bool {
		m, err := sub.NextMsg(time.Second)
		require.NoError(t, err)
		a := readAnswer(t, m.Subject, m.Header, m.Data)
		return m.Subject == "tta.g.out.cam" && a.ID == "one" && len(a.Rows) == 2
	})
	m, err := dead.NextMsg(20 * time.Second)
	require.NoError(t, err)
	assert.Equal(t, "bad_json", m.Header.Get("Ttad-Error-Code"))
	require.NoError(t, d.stop())
	_, err = s.js.Stream(t.Context(), "IN_g")
	assert.Error(t, err, "nothing was made on the server")
}

func TestGroupByKeyNeverMixesKeysInABatch(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 4, max_delay: 1m, group_by: key}
    pipelines: [{name: main, strategies: [alphabn: {min_rows: 1}]}]
`))
	const each = 12
	keys := []string{"north.1", "north.2", "south"}
	for i := range each {
		for _, key := range keys {
			s.put("tta.g.in."+key, nats.Header{}, jsonRows(i, 1))
		}
	}
	s.waitFor("g", "tta.g.out.>", each*len(keys))
	require.NoError(t, d.stop())
	byStep := map[int][]string{}
	for _, a := range s.answers("g", "tta.g.out.>") {
		byStep[a.Step] = append(byStep[a.Step], a.Subject)
	}
	assert.Len(t, byStep, len(keys)*each/4)
	for step, subjects := range byStep {
		require.Len(t, subjects, 4, "step %d", step)
		for _, subject := range subjects {
			assert.Equal(t, subjects[0], subject, "step %d", step)
		}
	}
}

func TestChallengersAnswerBesideTheChampionAndShadowsNot(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_delay: 1ms}
    pipelines:
      - {name: main, role: champion, strategies: [alphabn: {min_rows: 1}]}
      - {name: other, role: challenger}
      - {name: quiet, role: shadow, strategies: [bnema: {}]}
`))
	const messages = 5
	for i := range messages {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
	}
	s.put("tta.g.in.cam", nats.Header{}, []byte("garbage"))
	s.waitFor("g", "tta.g.>", 2*messages+1)
	require.NoError(t, d.stop())
	count := map[string]int{}
	for _, a := range s.answers("g", "tta.g.>") {
		count[fmt.Sprint(a.Subject, " ", a.Header.Get("Ttad-Pipeline"))]++
	}
	assert.Equal(t, map[string]int{
		"tta.g.out.cam main": messages, "tta.g.alt.other.cam other": messages, "tta.g.dlq ": 1,
	}, count)
}
