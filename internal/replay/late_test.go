package replay_test

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/replay"
	"ttad/internal/testkit/tinymodel"
	"ttad/models"
	"ttad/tta"
)

// spy writes down which label it hears of, and when.
type spy struct {
	answered int // rows of settled batches
	heard    []heard
}

type heard struct{ row, label, answered int }

func (*spy) Needs() tta.Needs { return tta.Needs{Remember: 1, Labels: true} }

func (*spy) Correct(context.Context, *tta.Batch, *models.Output, *accel.Tensor) error { return nil }

func (s *spy) Remember(row int, kept []float32) { kept[0] = float32(s.answered + row) }

func (s *spy) Update(_ context.Context, b *tta.Batch, _ *models.Output, _ *accel.Tensor) error {
	s.answered += b.Rows
	return nil
}

func (s *spy) Learn(_ context.Context, rows []tta.Feedback) error {
	for _, f := range rows {
		s.heard = append(s.heard, heard{int(f.Kept[0]), f.Label, s.answered})
	}
	return nil
}

// spied opens a group on a model, with the spy as its pipeline, that remembers
// enough for any delay.
func spied(t testing.TB, model string) (*daemon.Group, *spy) {
	t.Helper()
	s, dir := &spy{}, t.TempDir()
	tinymodel.Write(t, dir, "tiny.onnx", tinymodel.Bytes())
	reg := tta.NewRegistry(tta.Spec{Name: "spy", NewConfig: func() any { return nil }, New: func(tta.Env, any) (tta.Strategy, error) { return s, nil }})
	cfg, err := configs.Load("t.yaml", []byte(`version: 1
bus: {embedded: {}}
device: {threads: 1}
groups:
  g:
    model: `+model+`
    batch: {max_rows: 4}
    pipelines: [{name: main, strategies: [spy]}]
`), reg, nil)
	require.NoError(t, err)
	devices, err := daemon.OpenDevices(cfg.Device, zerolog.Nop())
	require.NoError(t, err)
	ledger := replay.Labels{Delay: 1000}.Ledger(1000, 4)
	g, err := daemon.OpenGroup("g", cfg.Groups["g"], daemon.GroupOptions{Dir: dir, Devices: devices, Registry: reg, Ledger: &ledger, Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, g.Close())
		require.NoError(t, daemon.CloseDevices(devices))
	})
	return g, s
}

// recorded is a group on someone else's outputs, of two classes.
func recorded(t testing.TB) (*daemon.Group, *spy) { return spied(t, "{kind: outputs, classes: 2}") }

// odds writes logits whose class 1 has the given log-odds.
func (f folder) odds(name string, values ...float32) string {
	logits := make([]float32, 0, 2*len(values))
	for _, v := range values {
		logits = append(logits, 0, v)
	}
	return f.floats(name, []int{len(values), 2}, logits)
}

// play runs files with labels as late as told, and returns what the learner heard.
func play(t testing.TB, files replay.Files, labels *replay.Labels) (*replay.Report, []heard) {
	t.Helper()
	d, err := replay.Load(files)
	require.NoError(t, err)
	g, s := recorded(t)
	r, err := replay.Run(t.Context(), g, d, replay.Options{Labels: labels})
	require.NoError(t, err)
	return r, s.heard
}

func TestLabelsComeWhenTheDelayIsOver(t *testing.T) {
	f := newFolder(t)
	files := replay.Files{
		Inputs: []string{f.odds("x.npy", make([]float32, 10)...)},
		Labels: []string{f.ints("y.npy", 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)},
	}
	tests := []struct {
		name  string
		delay int
		want  []heard // row, label, rows answered by then
	}{
		{"right after the batch", 0, []heard{{0, 0, 4}, {1, 1, 4}, {2, 0, 4}, {3, 1, 4}, {4, 0, 8}, {5, 1, 8}, {6, 0, 8}, {7, 1, 8}, {8, 0, 10}, {9, 1, 10}}},
		{"some rows later", 3, []heard{{0, 0, 4}, {1, 1, 8}, {2, 0, 8}, {3, 1, 8}, {4, 0, 8}, {5, 1, 10}, {6, 0, 10}}},
		{"a batch later", 4, []heard{{0, 0, 8}, {1, 1, 8}, {2, 0, 8}, {3, 1, 8}, {4, 0, 10}, {5, 1, 10}}},
		{"after the last row", 10, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, got := play(t, files, &replay.Labels{Delay: tt.delay, Share: 1})
			assert.Equal(t, tt.want, got)
			assert.Equal(t, len(tt.want), r.Learned)
			assert.Empty(t, r.Withheld)
		})
	}
}

func TestWithoutADelayLearnersHearNothingAndTheReportSaysSo(t *testing.T) {
	f := newFolder(t)
	r, got := play(t, replay.Files{Inputs: []string{f.odds("x.npy", 1, 2)}, Labels: []string{f.ints("y.npy", 0, 1)}}, nil)
	assert.Empty(t, got)
	assert.Equal(t, []string{"main"}, r.Withheld)
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	assert.Contains(t, text.String(), "no label reached main, which would learn from them: --label-delay says when they come\n")
	text.Reset()
	require.NoError(t, r.WriteMarkdown(&text))
	assert.Contains(t, text.String(), "\nno label reached main")
}

func TestAShareOfLabelsIsTheSameRowsAtEveryDelay(t *testing.T) {
	f := newFolder(t)
	const rows = 400
	files := replay.Files{Inputs: []string{f.odds("x.npy", make([]float32, rows)...)}, Labels: []string{f.ints("y.npy", make([]int, rows)...)}}
	told := func(delay int, share float64) (rows []int) {
		_, got := play(t, files, &replay.Labels{Delay: delay, Share: share})
		for _, h := range got {
			rows = append(rows, h.row)
		}
		return rows
	}
	half := told(0, 0.5)
	// 200 expected, standard deviation 10.
	assert.InDelta(t, 200, len(half), 50)
	assert.Equal(t, half, told(0, 0.5))
	later := told(40, 0.5)
	assert.Equal(t, half[:len(later)], later)
	assert.Less(t, len(later), len(half))
	for _, row := range told(0, 0.1) {
		assert.Contains(t, half, row, "a smaller share is part of a larger one")
	}
}

// Scores are against the labels, whatever learners are told.
func TestFeedbackIsWhatLearnersAreTold(t *testing.T) {
	f := newFolder(t)
	r, got := play(t, replay.Files{
		Inputs: []string{f.odds("x.npy", -1, -1, -1, -1)}, Labels: []string{f.ints("y.npy", 0, 0, 0, 0)}, Feedback: []string{f.ints("f.npy", 1, 0, -1, 1)},
	}, &replay.Labels{Share: 1})
	assert.Equal(t, []heard{{0, 1, 4}, {1, 0, 4}, {3, 1, 4}}, got)
	assert.Zero(t, r.Pipelines[0].Error)
}

func TestRowsWithoutAnAnswerHaveNoLabel(t *testing.T) {
	f := newFolder(t)
	values := tinymodel.Rows(4)
	for i := range tinymodel.RowSize {
		values[tinymodel.RowSize+i] = math.MaxFloat32
	}
	d, err := replay.Load(replay.Files{Inputs: []string{f.floats("x.npy", tinymodel.Shape(4), values)}, Labels: []string{f.ints("y.npy", 0, 1, 2, 0)}})
	require.NoError(t, err)
	g, s := spied(t, "{file: tiny.onnx}")
	r, err := replay.Run(t.Context(), g, d, replay.Options{Labels: &replay.Labels{Share: 1}})
	require.NoError(t, err)
	assert.Equal(t, []heard{{0, 0, 3}, {1, 2, 3}, {2, 0, 3}}, s.heard, "class 1 is the lost row's")
	assert.Equal(t, 3, r.Learned)
}

func TestTwoClassesAreScoredByRankToo(t *testing.T) {
	f := newFolder(t)
	files := replay.Files{
		// Of the pairs of a 1 and a 0, (3,1) (3,2) (2,1) are in order and (2,2) ties.
		Inputs: []string{f.odds("x.npy", 1, 2, 2, 3)}, Labels: []string{f.ints("y.npy", 0, 0, 1, 1)},
	}
	r, _ := play(t, files, nil)
	require.NotNil(t, r.Pipelines[0].AUC)
	assert.InDelta(t, 3.5/4, *r.Pipelines[0].AUC, 1e-12)
	assert.Nil(t, r.Pipelines[0].GAUC, "there are no keys")

	files.Keys = []string{f.ints("k.npy", 7, 8, 8, 7)}
	r, _ = play(t, files, nil)
	require.NotNil(t, r.Pipelines[0].GAUC)
	assert.InDelta(t, (1+0.5)/2, *r.Pipelines[0].GAUC, 1e-12, "3 above 1 in one key, a tie in the other")
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	assert.Regexp(t, `ece +auc +gauc +ahead of source, points`, text.String())
}

func TestLabelsThatCannotBeToldAreRefused(t *testing.T) {
	f := newFolder(t)
	x, y := f.odds("x.npy", 1, 2), f.ints("y.npy", 0, 1)
	tests := []struct {
		name   string
		files  replay.Files
		labels replay.Labels
		says   string
	}{
		{"none", replay.Files{Inputs: []string{x}}, replay.Labels{Share: 1}, "none were given: give labels or feedback"},
		{"a negative delay", replay.Files{Inputs: []string{x}, Labels: []string{y}}, replay.Labels{Delay: -1, Share: 1}, "a delay of -1 rows"},
		{"no share", replay.Files{Inputs: []string{x}, Labels: []string{y}}, replay.Labels{}, "a share of 0 of the labels, expected more than 0 and at most 1"},
		{"another class", replay.Files{Inputs: []string{x}, Labels: []string{y}, Feedback: []string{f.ints("f.npy", 0, 2)}}, replay.Labels{Share: 1},
			"feedback: row 1 has class 2, the model has classes 0 to 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := replay.Load(tt.files)
			require.NoError(t, err)
			g, _ := recorded(t)
			_, err = replay.Run(t.Context(), g, d, replay.Options{Labels: &tt.labels})
			assert.ErrorContains(t, err, tt.says)
		})
	}
	for _, files := range []replay.Files{
		{Inputs: []string{x}, Feedback: []string{f.ints("f3.npy", 0, 1, 0)}}, {Inputs: []string{x}, Keys: []string{f.ints("k3.npy", 0, 1, 0)}},
	} {
		_, err := replay.Load(files)
		assert.ErrorContains(t, err, "expected 2, one a row of the inputs")
	}
}

func TestTheSameFilesGiveTheSameReport(t *testing.T) {
	f := newFolder(t)
	labels := make([]int, 300)
	for i := range labels {
		labels[i] = i * i % 3
	}
	files := replay.Files{Inputs: []string{f.rows("x.npy", 0, len(labels))}, Labels: []string{f.ints("y.npy", labels...)}}
	report := func() *replay.Report {
		d, err := replay.Load(files)
		require.NoError(t, err)
		g := tiny(t, "batch: {max_rows: 16}, seed: 7, pipelines: [{name: main, strategies: [bnema, lame, labelshift, reloop: {adapt_weight: false}]}]")
		r, err := replay.Run(t.Context(), g, d, replay.Options{Labels: &replay.Labels{Delay: 20, Share: 0.7}})
		require.NoError(t, err)
		assert.Positive(t, r.Pipelines[1].Changed)
		r.Seconds, r.RowsPerSecond = 0, 0
		return r
	}
	assert.Equal(t, report(), report())
}

// The lead over the source is that of the same rows.
func TestTheLeadIsTheDifferenceOfAccuracies(t *testing.T) {
	f := newFolder(t)
	n := 400
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i % 3
	}
	d, err := replay.Load(replay.Files{Inputs: []string{f.rows("x.npy", 0, n)}, Labels: []string{f.ints("y.npy", labels...)}})
	require.NoError(t, err)
	r, err := replay.Run(t.Context(), tiny(t, "batch: {max_rows: 16}, pipelines: [{name: main, strategies: [alphabn: {source_weight: 0}]}]"), d, replay.Options{})
	require.NoError(t, err)
	source, main := r.Pipelines[0], r.Pipelines[1]
	require.Nil(t, source.Advantage)
	require.NotNil(t, main.Advantage)
	assert.NotEqual(t, source.Accuracy, main.Accuracy)
	assert.InDelta(t, main.Accuracy-source.Accuracy, main.Advantage.Mean, 1e-12)
	assert.InDelta(t, main.Brier-source.Brier, main.BrierAdvantage.Mean, 1e-9)
	assert.Less(t, main.Advantage.Low, main.Advantage.Mean)
	assert.Equal(t, n, main.Advantage.Rows)
}
