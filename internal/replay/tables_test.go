package replay_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/internal/replay"
	"ttad/internal/testkit"
	"ttad/tta/builtin"
)

// table is the files of a recorded table.
func table(t testing.TB, name string) replay.Files {
	t.Helper()
	return replay.Files{Inputs: []string{testkit.Shared(t, "data", name, "x.npy")}, Labels: []string{testkit.Shared(t, "data", name, "y.npy")}}
}

// truth is a table's labels.
func truth(t testing.TB, name string) []int {
	t.Helper()
	a, err := npyfile.Read(testkit.Shared(t, "data", name, "y.npy"))
	require.NoError(t, err)
	labels, err := a.Ints()
	require.NoError(t, err)
	return labels
}

// through replays files through pipelines on the table's model.
func through(t testing.TB, name, pipelines string, files replay.Files, labels *replay.Labels) *replay.Report {
	t.Helper()
	data, err := replay.Load(files)
	require.NoError(t, err)
	cfg, err := configs.Load("t.yaml", fmt.Appendf(nil, "version: 1\nbus: {embedded: {}}\ngroups: {g: {model: {file: %q}, batch: {max_rows: 64}, pipelines: %s}}",
		testkit.Shared(t, "data", name, "model.onnx"), pipelines), builtin.Registry(), nil)
	require.NoError(t, err)
	devices, err := daemon.OpenDevices(cfg.Device, zerolog.Nop())
	require.NoError(t, err)
	ledger := replay.Labels{Delay: 5000}.Ledger(data.Rows(), 64)
	g, err := daemon.OpenGroup("g", cfg.Groups["g"], daemon.GroupOptions{Devices: devices, Registry: builtin.Registry(), Ledger: &ledger, Log: zerolog.Nop()})
	require.NoError(t, err)
	defer func() {
		require.NoError(t, g.Close())
		require.NoError(t, daemon.CloseDevices(devices))
	}()
	r, err := replay.Run(t.Context(), g, data, replay.Options{Labels: labels})
	require.NoError(t, err)
	return r
}

// Accuracy and AUC of the frozen models on the rows they were not trained on, by
// counting pairs of PyTorch's logits.
func TestScoresOfTheFrozenModelsAreThoseOfPyTorchsLogits(t *testing.T) {
	for name, trained := range map[string]int{"elec2": 13584, "bank": 18822} {
		t.Run(name, func(t *testing.T) {
			labels := truth(t, name)
			var rest []int
			for row := trained; row < len(labels); row++ {
				rest = append(rest, row)
			}
			files := table(t, name)
			files.Order = newFolder(t).ints("rest.npy", rest...)
			source := through(t, name, "[{name: main}]", files, nil).Pipelines[0]
			accuracy, auc := countPairs(t, name, labels, trained)
			assert.InDelta(t, accuracy, source.Accuracy, 2e-4, "a few rows are nearly undecided")
			require.NotNil(t, source.AUC)
			assert.InDelta(t, auc, *source.AUC, 1e-4)
		})
	}
}

// countPairs compares every row of class 1 with every row of class 0.
func countPairs(t testing.TB, name string, labels []int, first int) (accuracy, auc float64) {
	t.Helper()
	logits, err := npyfile.Read(testkit.Shared(t, "data", name, "frozen_logits.npy"))
	require.NoError(t, err)
	values, odds, right := logits.Float32(), [2][]float32{}, 0
	for row := first; row < len(labels); row++ {
		o := values[2*row+1] - values[2*row]
		odds[labels[row]] = append(odds[labels[row]], o)
		if (o > 0) == (labels[row] == 1) {
			right++
		}
	}
	ordered := 0.0
	for _, p := range odds[1] {
		for _, n := range odds[0] {
			switch {
			case p > n:
				ordered++
			case p == n:
				ordered += 0.5
			}
		}
	}
	return float64(right) / float64(len(labels)-first), ordered / float64(len(odds[0])) / float64(len(odds[1]))
}

const memory = "[{name: memory, strategies: [reloop]}]"

// What the error memory is there for: with its defaults it gains on real drift and
// harms nowhere, however late the labels.
func TestTheErrorMemoryGainsOnRealDriftAndHarmsNowhere(t *testing.T) {
	tests := []struct {
		name  string
		delay int
		least float64 // points of accuracy
	}{
		{"elec2", 100, 2}, {"elec2", 500, 2}, {"elec2", 5000, -0.5},
		{"bank", 100, -0.5}, {"bank", 500, -0.5}, {"bank", 5000, -0.5},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s, %d rows late", tt.name, tt.delay), func(t *testing.T) {
			r := through(t, tt.name, memory, table(t, tt.name), &replay.Labels{Delay: tt.delay, Share: 1})
			assert.GreaterOrEqual(t, 100*r.Pipelines[1].Advantage.Mean, tt.least)
			assert.Equal(t, r.Rows-tt.delay, r.Learned)
		})
	}
}

// Labels that are too many, one-sided or wrong cost less than a point.
func TestTheErrorMemoryUnderAttack(t *testing.T) {
	attacks := []struct {
		name string
		tell func(class int, r *rand.Rand) int
	}{
		{"flood", func(class int, r *rand.Rand) int {
			if r.IntN(2) == 0 {
				return unheard
			}
			return class
		}},
		{"a fifth flipped", func(class int, r *rand.Rand) int {
			if r.IntN(5) == 0 {
				return 1 - class
			}
			return class
		}},
		{"class 0 only", only(0)},
		{"class 1 only", only(1)},
	}
	for _, name := range []string{"elec2", "bank"} {
		labels := truth(t, name)
		for _, a := range attacks {
			t.Run(name+", "+a.name, func(t *testing.T) {
				r, told := rand.New(rand.NewPCG(1, 2)), make([]int, len(labels))
				for row, class := range labels {
					told[row] = a.tell(class, r)
				}
				files := table(t, name)
				files.Feedback = []string{newFolder(t).ints("told.npy", told...)}
				report := through(t, name, memory, files, &replay.Labels{Delay: 500, Share: 1})
				assert.Greater(t, 100*report.Pipelines[1].Advantage.Mean, -1.0)
				assert.Greater(t, report.Learned, 4000)
			})
		}
	}
}

// unheard stands for a label that never comes.
const unheard = -1

func only(class int) func(int, *rand.Rand) int {
	return func(truth int, _ *rand.Rand) int {
		if truth == class {
			return class
		}
		return unheard
	}
}
