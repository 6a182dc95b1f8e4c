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
	"ttad/internal/networks"
	"ttad/internal/testkit"
	"ttad/models/onnx"
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

func self() engine { return own(os.Args[0], "auto")[0] }

// perceptronJob writes a small model with its batch.
func perceptronJob(t *testing.T) job {
	t.Helper()
	w := workload{
		name: "MLP", kind: forwards, model: func() *onnx.Model { return networks.Perceptron(6, 8, 3) },
		modes: []mode{frozen, blended}, rows: []int{5}, threads: []int{1, 2},
	}
	jobs, err := w.jobs(t.TempDir())
	require.NoError(t, err)
	require.Len(t, jobs, 2, "one and two threads")
	return jobs[0]
}

func TestWorkerAnswersLikeTheOracle(t *testing.T) {
	j := perceptronJob(t)
	for _, m := range j.modes {
		t.Run(string(m), func(t *testing.T) {
			todo := task{Kind: forwards, Model: j.file[frozen], Mode: m, SourceWeight: 0.25, Input: j.input, Shape: j.shape, Threads: 1}
			lines := answered(t, ttadDirect, todo, "1\n3\n")
			require.Len(t, lines, 4, "an empty line, a greeting and two times")
			require.Empty(t, lines[0])
			var hello greeting
			require.NoError(t, json.Unmarshal([]byte(lines[1]), &hello))
			g, in, err := load(todo)
			require.NoError(t, err)
			want, err := plain.Run(g.Program, []*accel.Tensor{in}, 5, overlayOf(todo, g).Norms())
			require.NoError(t, err)
			testkit.Close(t, "logits", hello.Answers, want.Outputs[0].Data, 1e-5)
		})
	}
}

// answered returns the lines a process of ours writes when it reads in.
func answered(t *testing.T, engine string, todo task, in string) []string {
	t.Helper()
	text, err := json.Marshal(todo)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, work(t.Context(), []string{engine, "auto", string(text)}, strings.NewReader(in), &out))
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
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
		"another kind":  {func(x *task) { x.Kind = "training" }, `kind "training", which nobody knows`},
	} {
		t.Run(name, func(t *testing.T) {
			bad := task{Kind: forwards, Model: j.file[frozen], Mode: frozen, Input: j.input, Shape: j.shape, Threads: 1}
			tt.change(&bad)
			text, err := json.Marshal(bad)
			require.NoError(t, err)
			require.ErrorContains(t, work(t.Context(), []string{ttadDirect, "auto", string(text)}, strings.NewReader(""), &bytes.Buffer{}), tt.want)
		})
	}
}

func TestMeasureFillsALineForEveryMode(t *testing.T) {
	j := perceptronJob(t)
	never := engine{name: "another trade", runs: func(job) bool { return false }}
	lines, err := measure(t.Context(), options{rounds: 2, round: time.Microsecond}, j, []engine{self(), self(), never})
	require.NoError(t, err)
	require.Len(t, lines, 2)
	for i, l := range lines {
		assert.Equal(t, j.modes[i], l.mode)
		for _, c := range l.cells[:2] {
			assert.Equal(t, ttadDirect, c.engine)
			assert.Positive(t, c.rate)
		}
		assert.Zero(t, l.cells[2], "an engine that cannot do the job is left out")
	}
}

func TestMeasureRefusesEnginesThatFailOrDoOtherWork(t *testing.T) {
	j := perceptronJob(t)
	for name, tt := range map[string]struct{ script, want string }{
		"other answers": {`echo; echo '{"engine":"other","answers":[1]}'; cat`, "other, frozen: 1 answers, want 15"},
		"no greeting":   {"exit 3", "the process ended early"},
		"no JSON":       {"echo; echo hello; cat", "read its greeting"},
		"no empty line": {"echo hello; cat", `its first line is "hello", want none`},
	} {
		t.Run(name, func(t *testing.T) {
			stranger := engine{name: "stranger", argv: []string{"sh", "-c", tt.script}, runs: self().runs}
			_, err := measure(t.Context(), options{rounds: 1, round: time.Microsecond}, j, []engine{self(), stranger})
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestAJobThatFailsDoesNotTakeTheOthersWithIt(t *testing.T) {
	good := perceptronJob(t)
	bad := good
	bad.input += ".none"
	r := &report{options: options{rounds: 1, round: time.Microsecond}, engines: []engine{self()}}
	require.ErrorContains(t, r.measureAll(t.Context(), []job{bad, good}), bad.String())
	require.Len(t, r.lines, 2, "both modes of the job that can be done")

	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.measureAll(interrupted, []job{good}), context.Canceled)
	require.Len(t, r.lines, 2)
}

func TestEnginesThatAreNotHereAreNamed(t *testing.T) {
	o := options{isa: "auto", node: "no-such-node", python: "no-such-python", modules: t.TempDir()}
	found, absent, err := findEngines(t.Context(), o, t.TempDir())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(found), 2)
	assert.Equal(t, []string{ttadDirect, ttadWinograd}, []string{found[0].name, found[1].name})
	for _, e := range found[2:] {
		assert.Equal(t, fmaLoop, e.name, "where there is one for this processor")
	}
	require.GreaterOrEqual(t, len(absent), 3)
	assert.Equal(t, "ONNX Runtime was not found: run 'make bench-peers' (needs node and npm).", absent[0])
}

func TestEnginesAgreeWithinRounding(t *testing.T) {
	nan := float32(math.NaN())
	for name, tt := range map[string]struct {
		want, got []float32
		agree     bool
	}{
		"equal":          {[]float32{1, -2}, []float32{1, -2}, true},
		"rounding":       {[]float32{1, -2}, []float32{1.0001, -2}, true},
		"another rule":   {[]float32{1, -2}, []float32{1.001, -2}, false},
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

func TestMemoryIsReadFromLinuxStatus(t *testing.T) {
	const status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n"
	assert.Equal(t, 2.0, statusMiB(status, "VmHWM"))
	assert.Equal(t, 1.0, statusMiB(status, "VmRSS"))
	assert.Zero(t, statusMiB("Name:\tx\n", "VmHWM"))
}
