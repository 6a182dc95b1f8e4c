package demo

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
	"ttad/models/onnx"
)

// The figures of data/README.md, counted again with the engine the daemon uses.
func TestBundledModelIsAsGoodAsItsReadmeSays(t *testing.T) {
	graph, err := onnx.Import("model.onnx", modelFile, onnx.Options{})
	require.NoError(t, err)
	assert.Len(t, graph.Norms, 3, "BatchNormalization was kept")
	assert.Equal(t, 64, graph.FeatureWidth)
	device, err := cpu.New(cpu.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, device.Close()) }()
	const rows = 200
	plan, err := models.NewPlan(graph, []accel.Device{device}, rows)
	require.NoError(t, err)
	defer func() { require.NoError(t, plan.Close()) }()
	session, err := plan.NewSession()
	require.NoError(t, err)
	defer func() { require.NoError(t, session.Close()) }()

	set, err := LoadImages()
	require.NoError(t, err)
	right := 0
	for at := 0; at < len(set.Labels); at += rows {
		x := accel.NewTensor(rows, 1, Side, Side)
		for r := range rows {
			for k, b := range set.Pixels[at+r] {
				x.Row(r)[k] = (float32(b)/255 - 0.2860) / 0.3530
			}
		}
		out, err := session.Forward(t.Context(), []*accel.Tensor{x}, rows, &models.Overlay{}, models.Keep{})
		require.NoError(t, err)
		for r := range rows {
			if best(out.Logits.Row(r)) == set.Labels[at+r] {
				right++
			}
		}
	}
	assert.InDelta(t, 0.892, float64(right)/float64(len(set.Labels)), 0.001)
}

func best(row []float32) int {
	k := 0
	for i, v := range row {
		if v > row[k] {
			k = i
		}
	}
	return k
}
