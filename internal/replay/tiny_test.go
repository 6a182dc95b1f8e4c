package replay_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/internal/replay"
	"ttad/internal/testkit/tinymodel"
	"ttad/tta/builtin"
)

// tiny opens a group on the tiny model.
func tiny(t testing.TB, group string) *daemon.Group {
	t.Helper()
	return open(t, tinymodel.Bytes(), group)
}

// open opens a group on a model.
func open(t testing.TB, model []byte, group string) *daemon.Group {
	t.Helper()
	dir := t.TempDir()
	tinymodel.Write(t, dir, "tiny.onnx", model)
	text := "version: 1\nbus: {servers: [\"nats://127.0.0.1:4222\"]}\ndevice: {threads: 1}\ngroups: {g: {model: {file: tiny.onnx}, " + group + "}}"
	cfg, err := configs.Load(filepath.Join(dir, "ttad.yaml"), []byte(text), builtin.Registry(), nil)
	require.NoError(t, err)
	devices, err := daemon.OpenDevices(cfg.Device, zerolog.Nop())
	require.NoError(t, err)
	ledger := replay.Labels{Delay: 1000}.Ledger(1000, 64)
	g, err := daemon.OpenGroup("g", cfg.Groups["g"], daemon.GroupOptions{Dir: dir, Devices: devices, Registry: builtin.Registry(), Ledger: &ledger, Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, g.Close())
		require.NoError(t, daemon.CloseDevices(devices))
	})
	return g
}

// folder is where a test keeps its arrays.
type folder struct {
	t   testing.TB
	dir string
}

func newFolder(t testing.TB) folder { return folder{t, t.TempDir()} }

// rows writes rows first to first+n-1 of the tiny model's and returns the path.
func (f folder) rows(name string, first, n int) string {
	return f.floats(name, tinymodel.Shape(n), tinymodel.Rows(first + n)[first*tinymodel.RowSize:])
}

func (f folder) floats(name string, shape []int, values []float32) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	require.NoError(f.t, npyfile.SaveFloat32(path, shape, values))
	return path
}

// ints writes an array of whole numbers.
func (f folder) ints(name string, values ...int) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	require.NoError(f.t, npyfile.SaveInts(path, values))
	return path
}

func (f folder) bytes(name string, data []byte) string {
	f.t.Helper()
	return tinymodel.Write(f.t, f.dir, name, data)
}

// probabilities reads what a replay wrote for a pipeline.
func probabilities(t testing.TB, dir, pipeline string) []float32 {
	t.Helper()
	a, err := npyfile.Read(filepath.Join(dir, pipeline+".probs.npy"))
	require.NoError(t, err)
	return a.Float32()
}

func TestLoadSaysWhichFileIsWrongAndWhatWasExpected(t *testing.T) {
	f := newFolder(t)
	x := f.rows("x.npy", 0, 4)
	narrow := f.floats("narrow.npy", []int{4, 3}, make([]float32, 12))
	intsX := f.ints("ints.npy", 1, 2, 3, 4)
	tests := []struct {
		name  string
		files replay.Files
		says  string
	}{
		{"no inputs", replay.Files{}, "no inputs given; name at least one .npy file"},
		{"no file", replay.Files{Inputs: []string{filepath.Join(f.dir, "absent.npy")}}, "absent.npy: no such file or directory"},
		{"not an array", replay.Files{Inputs: []string{f.bytes("text.npy", []byte("hello"))}}, "text.npy: not a readable npy file"},
		{"files of different rows", replay.Files{Inputs: []string{x, narrow}},
			"narrow.npy: FP32 [4 3] cannot follow FP32 [4 2 4 4] of " + x + ": files of one input have the same type and row shape"},
		{"files of different types", replay.Files{Inputs: []string{narrow, intsX}}, "ints.npy: INT64 [4] cannot follow FP32 [4 3]"},
		{"inputs of different length", replay.Files{Inputs: []string{"a=" + x, "b=" + f.rows("short.npy", 0, 3)}},
			"short.npy: 3 rows for input \"b\", expected 4 as the other inputs have"},
		{"a single value", replay.Files{Inputs: []string{f.floats("scalar.npy", nil, []float32{1})}}, "scalar.npy: a single value, expected an array"},
		{"no rows", replay.Files{Inputs: []string{f.floats("empty.npy", []int{0, 2}, nil)}}, "empty.npy: no rows"},
		{"too few labels", replay.Files{Inputs: []string{x}, Labels: []string{f.ints("y3.npy", 0, 1, 2)}}, "y3.npy: 3 labels, expected 4, one a row"},
		{"labels one file short", replay.Files{Inputs: []string{x, x}, Labels: []string{f.ints("y4.npy", 0, 1, 2, 0)}}, "4 labels, expected 8"},
		{"labels that are numbers", replay.Files{Inputs: []string{x}, Labels: []string{f.floats("float.npy", []int{4}, make([]float32, 4))}}, "expected integers, got FP32"},
		{"labels in columns", replay.Files{Inputs: []string{x}, Labels: []string{narrow}}, "narrow.npy: shape [4 3], expected one class index a row in one dimension"},
		{"an order beyond the rows", replay.Files{Inputs: []string{x}, Order: f.ints("o.npy", 0, 4)}, "o.npy: entry 1 is row 4, the inputs have rows 0 to 3"},
		{"an empty order", replay.Files{Inputs: []string{x}, Order: f.ints("none.npy")}, "no rows"},
		{"a negative limit", replay.Files{Inputs: []string{x}, Limit: -1}, "a limit of -1 rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := replay.Load(tt.files)
			assert.ErrorContains(t, err, tt.says)
		})
	}
}

func TestRunSaysWhatDoesNotFitTheModel(t *testing.T) {
	f := newFolder(t)
	tests := []struct {
		name  string
		files replay.Files
		says  string
	}{
		{"rows of another shape", replay.Files{Inputs: []string{f.floats("flat.npy", []int{2, 32}, make([]float32, 64))}},
			"rows 0 to 1: bad_shape: input \"x\" has shape [2 32], expected [N 2 4 4]"},
		{"an input the model does not have", replay.Files{Inputs: []string{"images=" + f.rows("x.npy", 0, 2)}}, "input \"images\"; the model takes \"x\""},
		{"a class the model does not have", replay.Files{Inputs: []string{f.rows("x.npy", 0, 2)}, Labels: []string{f.ints("y.npy", 0, 3)}},
			"labels: row 1 has class 3, the model has classes 0 to 2"},
		{"a value that is not finite", replay.Files{Inputs: []string{f.floats("nan.npy", tinymodel.Shape(1), slices.Repeat([]float32{float32(math.NaN())}, tinymodel.RowSize))}},
			"not_finite: input \"x\": value 0 is NaN; clean the data, or set input.non_finite: source"},
	}
	g := tiny(t, "pipelines: [{name: main}]")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := replay.Load(tt.files)
			require.NoError(t, err)
			_, err = replay.Run(t.Context(), g, d, replay.Options{})
			assert.ErrorContains(t, err, tt.says)
		})
	}
}

// Files of one input are one stream, an order names its rows, and a limit counts
// arrivals.
func TestFilesJoinAndAnOrderChoosesArrivals(t *testing.T) {
	f := newFolder(t)
	g := tiny(t, "pipelines: [{name: main}]")
	run := func(files replay.Files) []float32 {
		d, err := replay.Load(files)
		require.NoError(t, err)
		out := filepath.Join(f.dir, "out")
		_, err = replay.Run(t.Context(), g, d, replay.Options{Out: out})
		require.NoError(t, err)
		return probabilities(t, out, "main")
	}
	whole := run(replay.Files{Inputs: []string{f.rows("all.npy", 0, 5)}})
	require.Len(t, whole, 5*tinymodel.Classes)
	parts := []string{f.rows("a.npy", 0, 2), f.rows("b.npy", 2, 3)}
	assert.Equal(t, whole, run(replay.Files{Inputs: parts}))
	assert.Equal(t, whole, run(replay.Files{Inputs: []string{"x=" + parts[0], "x=" + parts[1]}}))

	row := func(i int) []float32 { return whole[i*tinymodel.Classes:][:tinymodel.Classes] }
	want := slices.Concat(row(4), row(0), row(0))
	assert.Equal(t, want, run(replay.Files{Inputs: parts, Order: f.ints("i.npy", 4, 0, 0, 2), Limit: 3}))
}

// Every row is tallied at its arrival, also when rows that are not finite went
// through batches of their own.
func TestRowsThatAreNotFiniteKeepTheirPlace(t *testing.T) {
	f := newFolder(t)
	g := tiny(t, "input: {non_finite: source}, batch: {max_rows: 4}, pipelines: [{name: main, strategies: [bnema: {momentum: 0.5, min_rows: 1}]}]")
	g.Config.Output.Source = true
	values := tinymodel.Rows(10)
	for _, row := range []int{1, 6} {
		values[row*tinymodel.RowSize] = float32(math.Inf(1))
	}
	d, err := replay.Load(replay.Files{Inputs: []string{f.floats("x.npy", tinymodel.Shape(10), values)}, Labels: []string{f.ints("y.npy", 0, 1, 2, 0, 1, 2, 0, 1, 2, 0)}})
	require.NoError(t, err)
	r, err := replay.Run(t.Context(), g, d, replay.Options{Out: f.dir})
	require.NoError(t, err)
	assert.Equal(t, 1, r.Pipelines[1].Tripped, "the two rows are one batch")
	assert.Equal(t, 10, r.Pipelines[1].Rows)
	source, main := probabilities(t, f.dir, "source"), probabilities(t, f.dir, "main")
	for row := range 10 {
		at := row * tinymodel.Classes
		same := slices.Equal(source[at:at+tinymodel.Classes], main[at:at+tinymodel.Classes])
		// The first full batch of other rows comes before any update.
		assert.Equal(t, row == 1 || row == 6 || row < 5, same, "row %d", row)
	}
}

// As in the daemon, a row that overflows the model leaves its neighbours alone.
func TestRowsWithoutAFiniteAnswerAreLostAlone(t *testing.T) {
	f := newFolder(t)
	const pipelines = "pipelines: [{name: main, strategies: [bnema: {momentum: 0.3, min_rows: 1}]}]"
	probs := func(name, group string, values []float32, labels ...int) ([]float32, *replay.Report) {
		n := len(values) / tinymodel.RowSize
		d, err := replay.Load(replay.Files{Inputs: []string{f.floats(name+".npy", tinymodel.Shape(n), values)}, Labels: []string{f.ints(name+".y.npy", labels...)}})
		require.NoError(t, err)
		out := filepath.Join(f.dir, name)
		r, err := replay.Run(t.Context(), tiny(t, group), d, replay.Options{Out: out})
		require.NoError(t, err)
		return probabilities(t, out, "main"), r
	}
	clean := tinymodel.Rows(6)
	huge := slices.Repeat([]float32{math.MaxFloat32}, tinymodel.RowSize)
	dirty := slices.Concat(tinymodel.Row(0), huge, tinymodel.Row(1), tinymodel.Row(2), tinymodel.Row(3), tinymodel.Row(4), tinymodel.Row(5), huge, huge, huge, huge, huge)

	want, cleanReport := probs("clean", "batch: {max_rows: 3}, "+pipelines, clean, 0, 1, 2, 0, 1, 2)
	got, report := probs("dirty", "batch: {max_rows: 4}, "+pipelines, dirty, 0, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0)
	k := tinymodel.Classes
	assert.Equal(t, want, slices.Concat(got[:k], got[2*k:7*k]))
	for _, p := range slices.Concat(got[k:2*k], got[7*k:]) {
		assert.True(t, math.IsNaN(float64(p)))
	}
	for i, p := range report.Pipelines {
		assert.Zero(t, p.Tripped)
		assert.InDelta(t, 6*cleanReport.Pipelines[i].Error+6, 12*p.Error, 1e-9, "what is lost is wrong")
	}
}

func TestARowTheModelFailsOnIsNamed(t *testing.T) {
	model, err := os.ReadFile("../../models/onnx/testdata/zoo/deepfm.onnx")
	require.NoError(t, err)
	f := newFolder(t)
	ids := f.floats("ids.npy", []int{3, 4}, []float32{0, 1, 2, 3, 4, 5, 6, 999999, 8, 9, 10, 11})
	dense := f.floats("dense.npy", []int{3, 3}, make([]float32, 9))
	d, err := replay.Load(replay.Files{Inputs: []string{"ids=" + ids, "dense=" + dense}})
	require.NoError(t, err)
	_, err = replay.Run(t.Context(), open(t, model, "pipelines: [{name: main}]"), d, replay.Options{})
	assert.ErrorContains(t, err, "rows 0 to 2: row 1: ")
	assert.ErrorContains(t, err, "op Gather: index 3 is")
}

func TestReportsTellScoresOnlyWithLabels(t *testing.T) {
	f := newFolder(t)
	g := tiny(t, "batch: {max_rows: 4}, pipelines: [{name: main, role: champion, strategies: [alphabn: {source_weight: 0, min_rows: 1}]}, {name: near, role: shadow, strategies: [lame]}]")
	x := f.rows("x.npy", 0, 10)
	run := func(files replay.Files, out string) (*replay.Report, map[string]any, string) {
		d, err := replay.Load(files)
		require.NoError(t, err)
		var progress []int
		r, err := replay.Run(t.Context(), g, d, replay.Options{Out: out, Progress: func(done, total int) {
			assert.Equal(t, 10, total)
			progress = append(progress, done)
		}})
		require.NoError(t, err)
		assert.Equal(t, []int{4, 8, 10}, progress)
		data, err := json.Marshal(r)
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(data, &fields))
		var text bytes.Buffer
		require.NoError(t, r.WriteText(&text))
		return r, fields, text.String()
	}
	names := func(fields map[string]any) []string {
		var keys []string
		for k := range fields {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		return keys
	}
	_, plain, text := run(replay.Files{Inputs: []string{x}}, "")
	assert.Equal(t, []string{"pipelines", "rows", "rows_per_second", "seconds"}, names(plain))
	assert.Equal(t, []string{"changed", "forwards_per_batch", "name", "role", "tripped"}, names(plain["pipelines"].([]any)[0].(map[string]any)))
	assert.NotContains(t, text, "error")

	out := filepath.Join(f.dir, "a", "b")
	r, scored, text := run(replay.Files{Inputs: []string{x}, Labels: []string{f.ints("y.npy", 0, 1, 2, 0, 1, 2, 0, 1, 2, 0)}}, out)
	assert.Equal(t, []string{"accuracy", "brier", "changed", "ece", "error", "forwards_per_batch", "name", "nll", "role", "rows", "tripped"},
		names(scored["pipelines"].([]any)[0].(map[string]any)))
	assert.Contains(t, text, "error %")
	assert.Contains(t, text, "5 files written to "+out)
	require.Len(t, r.Pipelines, 3)
	assert.Equal(t, []string{"source", "main", "near"}, []string{r.Pipelines[0].Name, r.Pipelines[1].Name, r.Pipelines[2].Name})
	assert.Zero(t, r.Pipelines[0].Changed)
	assert.InDelta(t, 1, r.Pipelines[0].Error+r.Pipelines[0].Accuracy, 1e-12)

	summary, err := os.ReadFile(filepath.Join(out, "summary.md"))
	require.NoError(t, err)
	assert.Contains(t, string(summary), "| pipeline | role | error % |")
	assert.Contains(t, string(summary), "| near | shadow |")
	svg, err := os.ReadFile(filepath.Join(out, "accuracy.svg"))
	require.NoError(t, err)
	assert.Contains(t, string(svg), "<svg")
	assert.Contains(t, string(svg), "near")
}

// A decider may answer classes the model does not have. Their rows are right or
// wrong; probabilities are judged by the other rows alone.
func TestClassesThatADeciderAddsAreScored(t *testing.T) {
	f := newFolder(t)
	g := tiny(t, `pipelines: [{name: near, strategies: [loki: {distance: [[0, 9, 9, 1], [9, 0, 9, 1], [9, 9, 0, 1]], classes: [between]}]}]`)
	x := f.rows("x.npy", 0, 4)
	run := func(labels ...int) (*replay.Report, error) {
		d, err := replay.Load(replay.Files{Inputs: []string{x}, Labels: []string{f.ints("y.npy", labels...)}})
		require.NoError(t, err)
		return replay.Run(t.Context(), g, d, replay.Options{})
	}
	r, err := run(3, 3, 3, 3)
	require.NoError(t, err)
	source, near := r.Pipelines[0], r.Pipelines[1]
	assert.InDelta(t, 1, source.Error, 0, "the model cannot say so")
	assert.Zero(t, near.Error, "no row is certain enough to be worth the risk")
	assert.Equal(t, []float64{0, 0, 0}, []float64{near.Brier, near.NLL, near.ECE}, "nothing to judge")

	r, err = run(3, 3, 3, 0)
	require.NoError(t, err)
	assert.InDelta(t, 0.25, r.Pipelines[1].Error, 0)
	assert.Positive(t, r.Pipelines[1].Brier)
	assert.Equal(t, r.Pipelines[0].Brier, r.Pipelines[1].Brier)

	_, err = run(3, 3, 3, 4)
	assert.ErrorContains(t, err, `labels: row 3 has class 4, pipeline "near" answers classes 0 to 3`)
}

// Logits and features recorded from someone else's server are corrected as they
// are on the stream; no forward is run here.
func TestRecordedOutputsAreCorrected(t *testing.T) {
	f := newFolder(t)
	cfg, err := configs.Load("ttad.yaml", []byte(`version: 1
bus: {servers: ["nats://127.0.0.1:4222"]}
groups:
  g:
    model: {kind: outputs, classes: 3, feature_width: 2}
    batch: {max_rows: 4}
    pipelines: [{name: main, strategies: [lame: {affinity: knn, neighbors: 1, min_rows: 2}]}]
`), builtin.Registry(), nil)
	require.NoError(t, err)
	g, err := daemon.OpenGroup("g", cfg.Groups["g"], daemon.GroupOptions{Registry: builtin.Registry(), Log: zerolog.Nop()})
	require.NoError(t, err)
	d, err := replay.Load(replay.Files{
		Inputs: []string{
			// Rows of equal features; the second of each pair is unsure of its class.
			"logits=" + f.floats("l.npy", []int{4, 3}, []float32{3, 0, 0, 0.9, 1, 0, 0, 0, 3, 0, 1, 0.9}),
			"features=" + f.floats("f.npy", []int{4, 2}, []float32{1, 0, 1, 0, 0, 1, 0, 1}),
		},
		Labels: []string{f.ints("y.npy", 0, 0, 2, 2)},
	})
	require.NoError(t, err)
	r, err := replay.Run(t.Context(), g, d, replay.Options{})
	require.NoError(t, err)
	assert.Equal(t, 0.5, r.Pipelines[0].Error, "the source's")
	assert.Zero(t, r.Pipelines[1].Error, "neighbours agree")
	assert.Equal(t, 0.5, r.Pipelines[1].Changed)
	assert.Zero(t, r.Pipelines[1].ForwardsPerBatch)
	require.NoError(t, g.Close())
}
