package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// TestMain lets the test binary be the engine's process that measure starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerArg {
		if err := command(context.Background(), os.Args[1:]); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func self() engine { return engine{name: "ttad", argv: []string{os.Args[0], workerArg}} }

// perceptronJob writes a small model with its batch.
func perceptronJob(t *testing.T) job {
	t.Helper()
	w := workload{name: "MLP", model: perceptron(6, 8, 3), modes: []mode{frozen, blended}, rows: []int{5}}
	jobs, err := w.jobs(t.TempDir() + "/0")
	require.NoError(t, err)
	require.Len(t, jobs, 2, "one and two threads")
	return jobs[0]
}

func TestWorkerAnswersLikeTheOracle(t *testing.T) {
	j := perceptronJob(t)
	for _, m := range j.modes {
		t.Run(string(m), func(t *testing.T) {
			todo := task{Model: j.file[frozen], Mode: m, SourceWeight: 0.25, Input: j.input, Shape: j.shape, Threads: 1}
			text, err := json.Marshal(todo)
			require.NoError(t, err)
			var out bytes.Buffer
			require.NoError(t, work(t.Context(), []string{string(text)}, strings.NewReader("1\n3\n"), &out))

			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			require.Len(t, lines, 3, "a greeting and two times")
			var hello greeting
			require.NoError(t, json.Unmarshal([]byte(lines[0]), &hello))
			g, in, err := load(todo)
			require.NoError(t, err)
			want, err := plain.Run(g.Program, []*accel.Tensor{in}, 5, overlayOf(todo, g).Norms())
			require.NoError(t, err)
			testkit.Close(t, "logits", hello.Answers, want.Outputs[0].Data, 1e-5)
		})
	}
}

func TestWorkerRefusesBadTasks(t *testing.T) {
	j := perceptronJob(t)
	for name, tt := range map[string]struct {
		change func(*task)
		want   string
	}{
		"no model":      {func(x *task) { x.Model += ".none" }, "read the model"},
		"no batch":      {func(x *task) { x.Input += ".none" }, "read the batch"},
		"another shape": {func(x *task) { x.Shape = []int{4, 6} }, "has 120 bytes, a batch [4 6] has 96"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := task{Model: j.file[frozen], Mode: frozen, Input: j.input, Shape: j.shape, Threads: 1}
			tt.change(&bad)
			text, err := json.Marshal(bad)
			require.NoError(t, err)
			require.ErrorContains(t, work(t.Context(), []string{string(text)}, strings.NewReader(""), &bytes.Buffer{}), tt.want)
		})
	}
}

func TestMeasureFillsALineForEveryMode(t *testing.T) {
	j := perceptronJob(t)
	products := engine{name: "products only", product: true}
	lines, err := measure(t.Context(), options{rounds: 2, round: time.Microsecond}, j, []engine{self(), self(), products})
	require.NoError(t, err)
	require.Len(t, lines, 2)
	for i, l := range lines {
		assert.Equal(t, j.modes[i], l.mode)
		for _, c := range l.cells[:2] {
			assert.Equal(t, "ttad", c.engine)
			assert.Positive(t, c.rate)
		}
		assert.Zero(t, l.cells[2], "an engine that cannot do the job is left out")
	}
}

func TestMeasureRefusesEnginesThatFailOrDoOtherWork(t *testing.T) {
	j := perceptronJob(t)
	for name, tt := range map[string]struct{ script, want string }{
		"other answers": {`echo '{"engine":"other","answers":[1]}'; cat`, "other, frozen: 1 answers, want 15"},
		"no greeting":   {"exit 3", "the process ended early"},
		"no JSON":       {"echo hello; cat", "read its greeting"},
	} {
		t.Run(name, func(t *testing.T) {
			stranger := engine{name: "stranger", argv: []string{"sh", "-c", tt.script}}
			_, err := measure(t.Context(), options{rounds: 1, round: time.Microsecond}, j, []engine{self(), stranger})
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestEnginesThatAreNotHereAreNamed(t *testing.T) {
	o := options{node: "no-such-node", python: "no-such-python", modules: t.TempDir()}
	found, absent, err := findEngines(t.Context(), o, t.TempDir())
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "ttad", found[0].name)
	require.Len(t, absent, 3)
	assert.Equal(t, "ONNX Runtime was not found: run 'make bench-peers' (needs node and npm).", absent[0])
}

func TestEnginesAgreeWithinRounding(t *testing.T) {
	nan := float32(math.NaN())
	for name, tt := range map[string]struct {
		want, got []float32
		agree     bool
	}{
		"equal":          {[]float32{1, -2}, []float32{1, -2}, true},
		"rounding":       {[]float32{1, -2}, []float32{1.001, -2}, true},
		"another rule":   {[]float32{1, -2}, []float32{1.01, -2}, false},
		"not a number":   {[]float32{1, 2}, []float32{nan, 2}, false},
		"fewer":          {[]float32{1, 2}, []float32{1}, false},
		"all zero, both": {[]float32{0}, []float32{0}, true},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.agree, agree(tt.want, tt.got) == nil) })
	}
}

func TestMedianOfOddAndEvenCounts(t *testing.T) {
	assert.Equal(t, 2.0, median([]float64{3, 1, 2}))
	assert.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
}

func TestSpreadIsBetweenQuartiles(t *testing.T) {
	assert.Equal(t, 0.5, spread([]float64{100, 5, 4, 3, 0}), "outliers on either side do not count")
	assert.Zero(t, spread([]float64{7}))
}

func TestEnvironmentHoldsThreadsAndDropsOpenBLASTuning(t *testing.T) {
	got := environment([]string{"HOME=/", "OPENBLAS_CORETYPE=Haswell"}, 2)
	assert.Equal(t, []string{"HOME=/", "GOMAXPROCS=2", "OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=2"}, got)
}

func TestHighWaterReadsLinuxStatus(t *testing.T) {
	assert.Equal(t, 2.0, highWater("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"))
	assert.Zero(t, highWater("Name:\tx\n"))
}
