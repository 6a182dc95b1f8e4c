package replay_test

import (
	"fmt"
	"path/filepath"
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

// table replays a recorded table through pipelines, from row first on.
func table(t testing.TB, name, pipelines string, first int, labels *replay.Labels) *replay.Report {
	t.Helper()
	y := testkit.Shared(t, "data", name, "y.npy")
	truth, err := npyfile.Read(y)
	require.NoError(t, err)
	var order []int
	for row := first; row < truth.Len(); row++ {
		order = append(order, row)
	}
	rest := filepath.Join(t.TempDir(), "order.npy")
	require.NoError(t, npyfile.SaveInts(rest, order))
	data, err := replay.Load(replay.Files{Inputs: []string{testkit.Shared(t, "data", name, "x.npy")}, Labels: []string{y}, Order: rest})
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
			source := table(t, name, "[{name: main}]", trained, nil).Pipelines[0]
			accuracy, auc := countPairs(t, name, trained)
			assert.InDelta(t, accuracy, source.Accuracy, 2e-4, "a few rows are nearly undecided")
			require.NotNil(t, source.AUC)
			assert.InDelta(t, auc, *source.AUC, 1e-4)
		})
	}
}

// countPairs compares every row of class 1 with every row of class 0.
func countPairs(t testing.TB, name string, first int) (accuracy, auc float64) {
	t.Helper()
	logits, err := npyfile.Read(testkit.Shared(t, "data", name, "frozen_logits.npy"))
	require.NoError(t, err)
	truth, err := npyfile.Read(testkit.Shared(t, "data", name, "y.npy"))
	require.NoError(t, err)
	labels, err := truth.Ints()
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
			r := table(t, tt.name, "[{name: memory, strategies: [reloop]}]", 0, &replay.Labels{Delay: tt.delay, Share: 1})
			assert.GreaterOrEqual(t, 100*r.Pipelines[1].Advantage.Mean, tt.least)
			assert.Equal(t, r.Rows-tt.delay, r.Learned)
		})
	}
}
