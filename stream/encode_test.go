package stream_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/tta"
)

// rich is an answer with everything in it.
func rich() tta.Prediction {
	return tta.Prediction{
		Item: tta.Item{ID: `cam7"\` + "\n-é-\xff", Stream: "IN_g", Seq: 9}, Pipeline: "main", Role: tta.Champion, Step: 48213,
		Queue: 4_100_000, Compute: 7_912_345,
		Rows: []tta.RowPrediction{{
			Class: 3, Label: "cat", Score: 0.81, Probs: []float32{0.01, 0.02, 0.04, 0.81, 0.12},
			Source: &tta.RowSource{Class: 1, Prob: 0.44}, Entropy: 0.62, Margin: 0.69, Guard: tta.GuardOK,
			Trail: []tta.RowTrail{{Strategy: "alphabn", Class: 3, Shift: 0.31}, {Strategy: "lame", Class: 3, Shift: 1e-9}},
		}, {
			Class: 1, Score: 0.2, Probs: []float32{0.2, 0.2, 0.2, 0.2, 0.2}, Source: &tta.RowSource{Class: 1, Prob: 0.2},
			Entropy: float32(math.NaN()), Guard: "non_finite",
		}},
	}
}

func outputConfig(change func(*stream.OutputConfig)) stream.OutputConfig {
	cfg := stream.DefaultOutput()
	cfg.TopK = 2
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func TestOutputBody(t *testing.T) {
	p := rich()
	const about = `"id":"cam7\"\\\u000a-é-�","group":"g","pipeline":"main","model":"0123456789ab","generation":3,"step":48213`
	tests := []struct {
		name   string
		change func(*stream.OutputConfig)
		want   string
	}{
		{"top, source and trail", nil, `{` + about + `,"rows":[` +
			`{"class":3,"label":"cat","prob":0.81,"top":[[3,0.81],[4,0.12]],"source":{"class":1,"prob":0.44},"changed":true,"entropy":0.62,"margin":0.69,"guard":"ok",` +
			`"trail":[{"strategy":"alphabn","class":3,"shift":0.31},{"strategy":"lame","class":3,"shift":1e-09}]},` +
			`{"class":1,"prob":0.2,"top":[[0,0.2],[1,0.2]],"source":{"class":1,"prob":0.2},"changed":false,"entropy":null,"margin":0,"guard":"non_finite","trail":[]}],` +
			`"timing":{"queue_ms":4.1,"compute_ms":7.912}}`},
		{"class only", func(c *stream.OutputConfig) { c.Probs = "none"; c.Trail = false }, `{` + about + `,"rows":[` +
			`{"class":3,"label":"cat","prob":0.81,"source":{"class":1,"prob":0.44},"changed":true,"entropy":0.62,"margin":0.69,"guard":"ok"},` +
			`{"class":1,"prob":0.2,"source":{"class":1,"prob":0.2},"changed":false,"entropy":null,"margin":0,"guard":"non_finite"}],` +
			`"timing":{"queue_ms":4.1,"compute_ms":7.912}}`},
		{"the whole vector", func(c *stream.OutputConfig) { c.Probs = "full"; c.Trail = false; c.TopK = 1 }, `{` + about + `,"rows":[` +
			`{"class":3,"label":"cat","prob":0.81,"top":[[3,0.81]],"probs":[0.01,0.02,0.04,0.81,0.12],"source":{"class":1,"prob":0.44},"changed":true,"entropy":0.62,"margin":0.69,"guard":"ok"},` +
			`{"class":1,"prob":0.2,"top":[[0,0.2]],"probs":[0.2,0.2,0.2,0.2,0.2],"source":{"class":1,"prob":0.2},"changed":false,"entropy":null,"margin":0,"guard":"non_finite"}],` +
			`"timing":{"queue_ms":4.1,"compute_ms":7.912}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := stream.EncodeOutput("g", "0123456789ab", 3, outputConfig(tt.change), p, "")
			assert.Equal(t, tt.want, string(got))
			assert.True(t, json.Valid(got))
		})
	}
}

// A strategy that decides, such as loki, scores classes by something that is no
// probability, and may choose classes the model does not have.
func TestProbIsAlwaysAProbability(t *testing.T) {
	p := rich()
	p.Rows[0].Score = -3.5 // chose class 3
	p.Rows[1].Class, p.Rows[1].Score = 7, -0.25
	cfg := outputConfig(func(c *stream.OutputConfig) { c.Probs = "none" })
	got := string(stream.EncodeOutput("g", "0123456789ab", 3, cfg, p, ""))
	assert.Contains(t, got, `{"class":3,"label":"cat","prob":0.81,"score":-3.5,"source"`)
	assert.Contains(t, got, `{"class":7,"score":-0.25,"source"`)
}

// Which batches have a source view depends on the guard; which fields rows have
// depends on the configuration only.
func TestSourceIsToldOnlyWhereItIsAskedFor(t *testing.T) {
	for _, format := range []string{"ttad", "oip"} {
		cfg := outputConfig(func(c *stream.OutputConfig) { c.Source, c.Format = false, format })
		got := string(stream.EncodeOutput("g", "0123456789ab", 3, cfg, rich(), ""))
		assert.NotContains(t, got, `"source"`)
		assert.NotContains(t, got, `"changed"`)
	}
}

func TestABodyLikeTheOneBeforeIsAllocatedOnce(t *testing.T) {
	encode, p := stream.Encoder("g", "0123456789ab", 3, outputConfig(nil)), rich()
	encode(p, "")
	assert.LessOrEqual(t, testing.AllocsPerRun(20, func() { encode(p, "") }), 2.0, "the body, and the prediction passed by value")
}

func TestOutputAsAnInferenceResponse(t *testing.T) {
	b := stream.EncodeOutput("g", "0123456789ab", 3, outputConfig(func(c *stream.OutputConfig) { c.Format = "oip" }), rich(), "r-1")
	var got struct {
		ID        string `json:"id"`
		ModelName string `json:"model_name"`
		Outputs   []struct {
			Name     string    `json:"name"`
			Datatype string    `json:"datatype"`
			Shape    []int     `json:"shape"`
			Data     []float64 `json:"data"`
		} `json:"outputs"`
		Parameters struct {
			Pipeline string           `json:"pipeline"`
			Rows     []map[string]any `json:"rows"`
		} `json:"parameters"`
	}
	require.NoError(t, json.Unmarshal(b, &got), string(b))
	assert.Equal(t, "r-1", got.ID, "the request's own id")
	assert.Equal(t, "g", got.ModelName)
	require.Len(t, got.Outputs, 2)
	assert.Equal(t, "class", got.Outputs[0].Name)
	assert.Equal(t, "INT64", got.Outputs[0].Datatype)
	assert.Equal(t, []int{2}, got.Outputs[0].Shape)
	assert.Equal(t, []float64{3, 1}, got.Outputs[0].Data)
	assert.Equal(t, "probs", got.Outputs[1].Name)
	assert.Equal(t, []int{2, 5}, got.Outputs[1].Shape)
	assert.Len(t, got.Outputs[1].Data, 10)
	assert.Equal(t, "main", got.Parameters.Pipeline)
	assert.Len(t, got.Parameters.Rows, 2)
}

func TestInferenceResponseReachesTheStream(t *testing.T) {
	b := newBench(t)
	b.o.Output.Format = "oip"
	w := b.start(func(ctx context.Context, p *stream.Parcel, c stream.Committer) (stream.Receipt, error) {
		a := answers(p)
		a[0][0].Rows[0].Guard = "source: class_entropy"
		return c.Commit(ctx, p, a)
	})
	b.put("tta.g.in.cam", nil, []byte(`{"id":"r-4","inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[4]}]}`))
	b.waitFor("tta.g.out.cam", 1)
	require.NoError(t, w.stop())
	out := b.stored("tta.g.out.cam")[0]
	assert.Contains(t, string(out.Data), `"id":"r-4","outputs":[{"name":"class","datatype":"INT64","shape":[1],"data":[4]}`)
	assert.Equal(t, "source: class_entropy", out.Header.Get("Ttad-Guard"))
}

func BenchmarkEncodeOutput(b *testing.B) {
	p := rich()
	cfg := outputConfig(nil)
	b.ReportAllocs()
	for b.Loop() {
		stream.EncodeOutput("g", "0123456789ab", 3, cfg, p, "")
	}
}
