package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/internal/networks"
	"ttad/models"
	"ttad/models/onnx"
)

func imported(t *testing.T, m *onnx.Model) *models.Graph {
	g, err := onnx.Import("test", onnx.Encode(m), onnx.Options{})
	require.NoError(t, err)
	return g
}

func TestWhatABatchAsksOfACardIsCountedFromItsLaunches(t *testing.T) {
	m := networks.Perceptron(64, 256, 256, 10)
	g := imported(t, m)
	wide := card{flops: 1e12, memory: 1e9, host: 1e9, launch: 1e-9}
	source, err := demandOf(t.Context(), g, drawnFor(m, 16), task{Mode: frozen}, wide)
	require.NoError(t, err)
	require.EqualValues(t, 2*16*(64*256+256*256+256*10), source.flops)
	require.EqualValues(t, 4*16*64, source.up, "one batch of inputs: weights are there, rules too")
	require.EqualValues(t, 4*16*10, source.down)
	require.InDelta(t, float64(source.moved)/wide.memory, source.traffic, 1e-12)
	seconds, bound := source.bound()
	require.Equal(t, "kernels", bound)
	require.Equal(t, source.kernels, seconds)

	mixed, err := demandOf(t.Context(), g, drawnFor(m, 16), task{Mode: blended, SourceWeight: 0.5}, wide)
	require.NoError(t, err)
	require.Equal(t, source.flops, mixed.flops)
	require.Greater(t, mixed.launches, source.launches, "batch statistics have kernels of their own")
	require.Greater(t, mixed.moved, source.moved)
}

func TestResNet18NeedsNoMoreThanItShould(t *testing.T) {
	if testing.Short() {
		t.Skip("draws and folds 11 million weights")
	}
	m := networks.ResNet18()
	g := imported(t, m)
	for _, c := range []struct {
		mode     mode
		launches int64
	}{{frozen, 24}, {blended, 84}} {
		d, err := demandOf(t.Context(), g, drawnFor(m, onPaper), task{Mode: c.mode, SourceWeight: 0.5}, h100)
		require.NoError(t, err)
		require.LessOrEqual(t, d.launches, c.launches, c.mode)
		require.LessOrEqual(t, d.syncs, int64(3), c.mode)
	}
}

func TestTheLongestBoundCounts(t *testing.T) {
	d := demand{kernels: 1, queue: 3, transfer: 2}
	seconds, name := d.bound()
	require.Equal(t, 3.0, seconds)
	require.Equal(t, "launches", name)
}

func TestAModesScheduleIsFound(t *testing.T) {
	both := []accel.Schedule{{When: "source statistics"}, {When: "batch statistics"}}
	for m, want := range map[mode]string{frozen: "source statistics", blended: "batch statistics"} {
		s, err := scheduleOf(both, m)
		require.NoError(t, err)
		require.Equal(t, want, s.When)
	}
	s, err := scheduleOf([]accel.Schedule{{When: "every batch"}}, frozen)
	require.NoError(t, err)
	require.Equal(t, "every batch", s.When)
	_, err = scheduleOf(both[1:2:2], blended)
	require.NoError(t, err)
	_, err = scheduleOf(nil, frozen)
	require.ErrorContains(t, err, "none of 0 schedules is for source statistics")
}

func TestDevicesAreComparedAndTheSectionIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "performance.md")
	require.NoError(t, os.WriteFile(file, []byte("# Speed\n\n## "+devicesTitle+"\n\nold\n\n## Next\n\nkept\n"), 0o600))
	o, err := parseDeviceOptions([]string{"-only", "^MLP", "-rounds", "1", "-round", "1ms"})
	require.NoError(t, err)
	o.out = file
	var out bytes.Buffer
	require.NoError(t, compareDevices(t.Context(), o, &out))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), out.String())
	require.NotContains(t, string(text), "\nold\n")
	require.True(t, strings.HasSuffix(string(text), "\n## Next\n\nkept\n"))
	require.Contains(t, out.String(), "| "+nameMLP+", alpha-BN |")
}

func TestDeviceOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for args, want := range map[string]string{
		"-rounds 0":     "both must be positive",
		"-round -1s":    "both must be positive",
		"-only (":       "-only",
		"-only x -o y":  "leave out one",
		"-no-such-flag": "not defined",
	} {
		_, err := parseDeviceOptions(strings.Fields(args))
		require.ErrorContains(t, err, want, args)
	}
}

func TestFiguresHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 560606: "561000", 38.847: "38.8", 0.0000977: "0.0000977", 232: "232"} {
		require.Equal(t, want, figure(v))
	}
}

func TestASlowDeviceTellsEnoughInOneBatch(t *testing.T) {
	o := deviceOptions{rounds: 3, round: time.Nanosecond}
	slow := &racer{rows: 4, batches: 1, spent: patience.Seconds() + 1, rates: []float64{7}}
	require.NoError(t, takeTurns(t.Context(), o.rounds, slow))
	require.Equal(t, []float64{7}, slow.rates)
}
