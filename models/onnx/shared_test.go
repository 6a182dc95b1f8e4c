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

// array reads a float32 or integer .npy file of the research data as float32.
func array(t *testing.T, elem ...string) *accel.Tensor {
	t.Helper()
	f, err := os.Open(testkit.Shared(t, append([]string{"data"}, elem...)...))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	r, err := npy.NewReader(f)
	require.NoError(t, err)
	x := accel.NewTensor(r.Header.Descr.Shape...)
	if r.Header.Descr.Type == "|u1" {
		raw := make([]uint8, len(x.Data))
		require.NoError(t, r.Read(&raw))
		for i, v := range raw {
			x.Data[i] = float32(v)
		}
		return x
	}
	require.NoError(t, r.Read(&x.Data))
	return x
}

// some returns rows from at to at+n, sharing memory.
func some(x *accel.Tensor, at, n int) *accel.Tensor {
	return accel.TensorOf(x.Data[at*x.RowLen():(at+n)*x.RowLen()], append([]int{n}, x.Shape[1:]...)...)
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
	const rows = 20
	for _, tt := range tests {
		t.Run(tt.model, func(t *testing.T) {
			g := imported(t, "models", tt.model)
			assert.Equal(t, 10, g.Classes)
			assert.Equal(t, 64, g.FeatureWidth)
			assert.NotNil(t, g.Head)
			assert.Len(t, g.Norms, tt.norms)
			assert.Len(t, g.FoldedBN, tt.folded)
			s := onCPU(t, g, rows)
			in := []*accel.Tensor{images(t, rows, tt.images)}
			out, err := s.Forward(t.Context(), in, rows, nil, models.Keep{Features: true})
			require.NoError(t, err)
			testkit.Close(t, "logits", out.Logits.Data, golden(t, tt.golden, "clean_logits")[:rows*10], 1e-4)
			testkit.Close(t, "features", out.Features.Data, golden(t, tt.golden, "clean_features")[:rows*64], 1e-4)
		})
	}
}

func TestBatchStatisticsGiveThePublishedLogits(t *testing.T) {
	for _, name := range []string{"resnet20", "resnet56"} {
		t.Run(name, func(t *testing.T) {
			const rows = 200
			g := imported(t, "models", name+".onnx")
			file := "golden_" + name + ".npz"
			s := onCPU(t, g, rows)
			in := []*accel.Tensor{images(t, rows, "cifar10c", "gaussian_noise_5.npy")}
			out, err := s.Forward(t.Context(), in, rows, nil, models.Keep{})
			require.NoError(t, err)
			testkit.Close(t, "source logits", out.Logits.Data, golden(t, file, "gaussian_noise_5_source_logits"), 1e-4)
			out, err = s.Forward(t.Context(), in, rows, batchOverlay(g), models.Keep{})
			require.NoError(t, err)
			testkit.Close(t, "batch logits", out.Logits.Data, golden(t, file, "gaussian_noise_5_batchstat_logits"), 1e-4)
		})
	}
}

// A batch of one row has statistics too where rows have several positions, and
// the oracle must agree with the device about them.
func TestOneImageAgreesWithTheOracle(t *testing.T) {
	g := imported(t, "models", "resnet20.onnx")
	in := []*accel.Tensor{images(t, 1, "cifar10c", "fog_5.npy")}
	want, err := plain.Run(g.Program, in, 1, batchStatistics(g))
	require.NoError(t, err)
	out, err := onCPU(t, g, 1).Forward(t.Context(), in, 1, batchOverlay(g), models.Keep{})
	require.NoError(t, err)
	testkit.Close(t, "logits", out.Logits.Data, want.Outputs[0].Data, 1e-3)
}

func TestTabularExportsGiveTheFrozenLogits(t *testing.T) {
	for _, name := range []string{"elec2", "bank"} {
		t.Run(name, func(t *testing.T) {
			const rows = 512
			g := imported(t, name, "model.onnx")
			assert.Equal(t, 2, g.Classes)
			assert.NotEmpty(t, g.Norms)
			s := onCPU(t, g, rows)
			x, want := array(t, name, "x.npy"), array(t, name, "frozen_logits.npy")
			out := &models.Output{}
			for at := 0; at < x.Rows(); at += rows {
				n := min(rows, x.Rows()-at)
				require.NoError(t, s.ForwardInto(t.Context(), []*accel.Tensor{some(x, at, n)}, n, nil, models.Keep{}, out))
				testkit.Close(t, "logits", out.Logits.Data, some(want, at, n).Data, 1e-4)
			}
		})
	}
}
