package onnx_test

import (
	"os"
	"testing"

	"github.com/sbinet/npyio/npy"
	"github.com/sbinet/npyio/npz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/models/onnx"
)

// imported reads a model of the research data.
func imported(t *testing.T, elem ...string) *models.Graph {
	t.Helper()
	path := testkit.Shared(t, append([]string{"data"}, elem...)...)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	g, err := onnx.Import(elem[len(elem)-1], data, onnx.Options{})
	require.NoError(t, err)
	return g
}

// images reads rows uint8 images and normalizes them as the model was trained.
func images(t *testing.T, rows int, elem ...string) *accel.Tensor {
	t.Helper()
	f, err := os.Open(testkit.Shared(t, append([]string{"data"}, elem...)...))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	r, err := npy.NewReader(f)
	require.NoError(t, err)
	raw := make([]uint8, accel.Elements(r.Header.Descr.Shape))
	require.NoError(t, r.Read(&raw))
	extents := r.Header.Descr.Shape
	mean, std := []float32{.485, .456, .406}, []float32{.229, .224, .225}
	if len(extents) == 3 {
		extents, mean, std = append(extents, 1), []float32{.2860}, []float32{.3530}
	}
	h, w, ch := extents[1], extents[2], extents[3]
	x := accel.NewTensor(rows, ch, h, w)
	for i := range x.Data {
		n, c, p := i/(ch*h*w), i/(h*w)%ch, i%(h*w)
		x.Data[i] = (float32(raw[(n*h*w+p)*ch+c])/255 - mean[c]) / std[c]
	}
	return x
}

// golden reads one array of a golden file.
func golden(t *testing.T, file, name string) []float32 {
	t.Helper()
	f, err := npz.Open(testkit.Shared(t, "data", "models", file))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var out []float32
	require.NoError(t, f.Read(name+".npy", &out))
	return out
}

// batchStatistics asks every norm for the moments of the batch alone.
func batchStatistics(g *models.Graph) []accel.NormRule {
	rules := make([]accel.NormRule, len(g.Norms))
	for i := range rules {
		rules[i].Mode = accel.NormBlend
	}
	return rules
}

func TestRealExportsGiveThePublishedLogits(t *testing.T) {
	tests := []struct {
		model, golden, images string
		norms, folded         int
	}{
		{"resnet20.onnx", "golden_resnet20.npz", "cifar10c/clean.npy", 19, 0},
		{"resnet20_torch_naive.onnx", "golden_resnet20.npz", "cifar10c/clean.npy", 19, 0},
		{"resnet20_bn_folded.onnx", "golden_resnet20.npz", "cifar10c/clean.npy", 0, 19},
		{"resnet56.onnx", "golden_resnet56.npz", "cifar10c/clean.npy", 55, 0},
		{"fmnist_cnn.onnx", "golden_fmnist.npz", "fmnist/clean.npy", 3, 0},
	}
	const rows = 3
	for _, tt := range tests {
		t.Run(tt.model, func(t *testing.T) {
			g := imported(t, "models", tt.model)
			assert.Equal(t, 10, g.Classes)
			assert.Equal(t, 64, g.FeatureWidth)
			assert.NotNil(t, g.Head)
			assert.Len(t, g.Norms, tt.norms)
			assert.Len(t, g.FoldedBN, tt.folded)
			out, err := plain.Run(g.Program, []*accel.Tensor{images(t, rows, tt.images)}, rows, nil)
			require.NoError(t, err)
			testkit.Close(t, "logits", out.Outputs[0].Data, golden(t, tt.golden, "clean_logits")[:rows*10], 1e-4)
			testkit.Close(t, "features", out.Outputs[1].Data, golden(t, tt.golden, "clean_features")[:rows*64], 1e-4)
		})
	}
}
