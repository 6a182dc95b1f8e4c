package integration_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit/tinymodel"
)

// An index outside an embedding's table fails the forward of the batch it is in.
// Its message becomes a dead letter, and its neighbours are answered.
func TestAnIndexOutOfRangeCostsOneMessage(t *testing.T) {
	s := newSite(t)
	model, err := os.ReadFile("../models/onnx/testdata/zoo/deepfm.onnx")
	require.NoError(t, err)
	tinymodel.Write(t, s.dir, "deepfm.onnx", model)
	d := s.start(s.config(`
  g:
    model: {file: deepfm.onnx}
    batch: {max_rows: 4, max_delay: 1m}
    pipelines: [{name: main, strategies: [bnema: {min_rows: 1}]}]
`))
	var guilty uint64
	for i := range 4 {
		id := i
		if i == 2 {
			id = 999999
		}
		seq := s.put("tta.g.in.ads", nats.Header{}, deepfmRow(id))
		if i == 2 {
			guilty = seq
		}
	}
	s.waitFor("g", "tta.g.>", 4)
	require.NoError(t, d.stop())

	out, dead := s.answers("g", "tta.g.out.>"), s.answers("g", "tta.g.dlq")
	oncePerInput(t, 4, out, dead)
	require.Len(t, dead, 1)
	assert.Equal(t, guilty, dead[0].Seq)
	assert.Equal(t, "model_error", dead[0].Code)
	assert.Contains(t, dead[0].Header.Get("Ttad-Error"), "op Gather: index 3 is")
	for _, a := range out {
		assert.Equal(t, "ok", a.Header.Get("Ttad-Guard"))
	}
}

// A finite row that overflows the model has no answer. Those beside it are answered
// and learned from to the bit as if it had never come.
func TestARowThatOverflowsTheModelLeavesItsNeighboursAlone(t *testing.T) {
	s := newSite(t)
	const group = `
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: %d, max_delay: 1m}
    output: {probs: full}
    pipelines:
      - {name: main, strategies: [bnema: {momentum: 0.3, min_rows: 1}]}
`
	d := s.start(s.config(fmt.Sprintf(group, 4)))
	huge := slices.Repeat([]float32{math.MaxFloat32}, tinymodel.RowSize)
	tensor := nats.Header{"Content-Type": {"application/vnd.ttad.tensor"}, "Ttad-Dtype": {"FP32"}, "Ttad-Shape": {"1,2,4,4"}}
	const batches = 3
	for i := range 3 * batches {
		if i%3 == 1 {
			s.put("tta.g.in.cam", tensor, floats(huge...))
		}
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
	}
	s.waitFor("g", "tta.g.>", 4*batches)
	require.NoError(t, d.stop())

	out, dead := s.answers("g", "tta.g.out.>"), s.answers("g", "tta.g.dlq")
	oncePerInput(t, 4*batches, out, dead)
	assert.Len(t, dead, batches)
	var got []float32
	for _, a := range out {
		assert.Equal(t, "ok", a.Rows[0].Guard)
		got = append(got, a.Rows[0].Probs...)
	}
	alone := s.replayed(s.config(fmt.Sprintf(group, 3)), tinymodel.Rows(3*batches))
	assert.Equal(t, alone["main"], got)
}

// A shadow that takes all the time there is costs nobody an answer.
func TestALateShadowCostsNoAnswer(t *testing.T) {
	s := newSite(t)
	s.registry = withBroken()
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 2, max_delay: 1m}
    limits: {deadline: 500ms}
    pipelines:
      - {name: slow, role: shadow, strategies: [stall]}
      - {name: main, role: champion}
`))
	for i := range 4 {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(i, 1))
	}
	s.waitFor("g", "tta.g.>", 4)
	s.counts(d, `ttad_guard_trips_total{group="g",pipeline="slow",reason="deadline"}`, 1)
	require.NoError(t, d.stop())
	oncePerInput(t, 4, s.answers("g", "tta.g.out.>"), nil)
}

// deepfmRow is a request of one row whose last category is id.
func deepfmRow(id int) []byte {
	return fmt.Appendf(nil, `{"inputs":[
		{"name":"ids","datatype":"INT64","shape":[1,4],"data":[0,1,2,%d]},
		{"name":"dense","datatype":"FP32","shape":[1,3],"data":[0.5,-0.5,0.25]}]}`, id)
}
