package replay_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/internal/replay"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/builtin"
)

// cifar opens a group on ResNet-20 with the preprocessing its weights want.
func cifar(t testing.TB, batch int, pipelines string) *daemon.Group {
	t.Helper()
	text := fmt.Sprintf(`version: 1
bus: {servers: ["nats://127.0.0.1:4222"]}
groups:
  cifar:
    model: {file: %q}
    input: {layout: nhwc, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
    batch: {max_rows: %d}
    pipelines:
%s`, testkit.Shared(t, "data", "models", "resnet20.onnx"), batch, pipelines)
	cfg, err := configs.Load("cifar.yaml", []byte(text), builtin.Registry(), nil)
	require.NoError(t, err)
	device, err := cpu.New(cpu.Config{})
	require.NoError(t, err)
	g, err := daemon.OpenGroup("cifar", cfg.Groups["cifar"], daemon.GroupOptions{
		Devices: []accel.Device{device}, Registry: builtin.Registry(), Log: zerolog.Nop(),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, g.Close())
		require.NoError(t, device.Close())
	})
	return g
}

func load(t testing.TB, limit int, stream string) *replay.Data {
	t.Helper()
	d, err := replay.Load(replay.Files{
		Inputs: []string{testkit.Shared(t, "data", "cifar10c", stream+".npy")},
		Labels: []string{testkit.Shared(t, "data", "cifar10c", "labels.npy")}, Limit: limit,
	})
	require.NoError(t, err)
	return d
}

// Probabilities against PyTorch's of the same images: with stored statistics, and
// with every BatchNormalization on the statistics of the 200 rows.
func TestProbabilitiesAgreeWithPyTorch(t *testing.T) {
	golden, err := npyfile.ReadZip(testkit.Shared(t, "data", "models", "golden_resnet20.npz"))
	require.NoError(t, err)
	g := cifar(t, 200, `      - {name: batchstat, role: champion, strategies: [alphabn: {source_weight: 0}]}`)
	out := t.TempDir()
	_, err = replay.Run(t.Context(), g, load(t, 200, "gaussian_noise_5"), replay.Options{Out: out})
	require.NoError(t, err)
	for name, logits := range map[string]string{
		"source": "gaussian_noise_5_source_logits", "batchstat": "gaussian_noise_5_batchstat_logits",
	} {
		got, err := npyfile.Read(filepath.Join(out, name+".probs.npy"))
		require.NoError(t, err)
		require.Equal(t, []int{200, 10}, got.Shape)
		want := accel.NewTensor(200, 10)
		tta.Softmax(want, accel.TensorOf(golden[logits].Float32(), 200, 10))
		// Sums of up to 576 float32 products in another order than PyTorch's.
		testkit.Close(t, name, got.Float32(), want.Data, 1e-4)
	}
}

// The error of the model alone, and with batch statistics, as PyTorch 1.13 measured
// it on the same rows in batches of 200: all 2,000 rows, to the row.
func TestErrorIsWhatPyTorchMeasured(t *testing.T) {
	g := cifar(t, 200, `      - {name: batchstat, role: champion, strategies: [alphabn: {source_weight: 0}]}`)
	for stream, want := range map[string][2]float64{
		"clean": {0.0795, 0.1150}, "gaussian_noise_5": {0.7560, 0.4075}, "contrast_5": {0.7360, 0.2125},
	} {
		r, err := replay.Run(t.Context(), g, load(t, 0, stream), replay.Options{})
		require.NoError(t, err)
		assert.InDelta(t, want[0], r.Pipelines[0].Error, 0.001, "%s, source", stream)
		assert.InDelta(t, want[1], r.Pipelines[1].Error, 0.001, "%s, batch statistics", stream)
	}
}

// What a replay costs beside the forwards it needs: rows a second of both.
func BenchmarkReplay(b *testing.B) {
	const batch, rows = 64, 1024
	g := cifar(b, batch, `      - {name: main, role: champion, strategies: [source]}`)
	data := load(b, rows, "gaussian_noise_5")
	in := accel.NewTensor(batch, 3, 32, 32)
	rate := func(b *testing.B) { b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s") }
	b.Run("bare forward", func(b *testing.B) {
		session, err := g.Model.Plan().NewSession()
		require.NoError(b, err)
		defer session.Close()
		for b.Loop() {
			for range rows / batch {
				_, err := session.Forward(b.Context(), []*accel.Tensor{in}, batch, nil, models.Keep{})
				require.NoError(b, err)
			}
		}
		rate(b)
	})
	b.Run("replay", func(b *testing.B) {
		for b.Loop() {
			_, err := replay.Run(b.Context(), g, data, replay.Options{})
			require.NoError(b, err)
		}
		rate(b)
	})
}
