package launch_test

import (
	"context"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/launch"
	"ttad/internal/networks"
	"ttad/models/onnx"
)

// A batch of 64 images is launched without a word from the host: it waits once, for the
// logits.
func TestLaunchesAndWaitsOfResNet18(t *testing.T) {
	g, err := onnx.Import("resnet18", onnx.Encode(networks.ResNet18()), onnx.Options{})
	require.NoError(t, err)
	d, err := launch.New(&launch.Idle{}, zerolog.Nop())
	require.NoError(t, err)
	const rows = 64
	e, err := d.Compile(g.Program, rows)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	in, err := d.Alloc(rows * 3 * 224 * 224)
	require.NoError(t, err)
	out, err := d.Alloc(rows * 1000)
	require.NoError(t, err)
	outputs := make([]accel.Buffer, len(g.Program.Outputs))
	outputs[0] = out
	image, logits := make([]float32, in.Floats()), make([]float32, out.Floats())
	batch := func(rules []accel.NormRule) accel.Stats {
		before := d.Stats()
		require.NoError(t, s.Upload(in, image))
		require.NoError(t, s.Run(e, rows, accel.Args{Inputs: []accel.Buffer{in}, Outputs: outputs, Norms: rules}))
		require.NoError(t, s.Download(logits, out))
		require.NoError(t, s.Sync(context.Background()))
		after := d.Stats()
		return accel.Stats{
			Launches: after.Launches - before.Launches, Syncs: after.Syncs - before.Syncs,
			UploadedBytes: after.UploadedBytes - before.UploadedBytes, DownloadedBytes: after.DownloadedBytes - before.DownloadedBytes,
		}
	}
	alpha := make([]accel.NormRule, len(g.Program.NormSteps))
	for i := range alpha {
		alpha[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.9}
	}
	batch(nil)
	frozen := batch(nil)
	batch(alpha)
	blended := batch(alpha)
	// Each norm is in its convolution; two pools and the classifier, which is in two parts
	// that are joined.
	assert.Equal(t, int64(20+2+2), frozen.Launches)
	// Behind each convolution: moments of chunks, their sum and the mix, the norm.
	assert.Equal(t, int64(20*4+2+2), blended.Launches)
	for _, s := range []accel.Stats{frozen, blended} {
		assert.Equal(t, int64(1), s.Syncs)
		assert.Equal(t, int64(4*len(image)), s.UploadedBytes, "the images alone")
		assert.Equal(t, int64(4*len(logits)), s.DownloadedBytes)
	}
}
