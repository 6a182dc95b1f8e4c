//go:build linux && !noaccel

package onnx_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/opencl/opencltest"
	"ttad/accel/plain"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/models/onnx"
)

// Whole models on PoCL: nothing of them is left to another device.

func TestEveryFamilyRunsOnOpenCL(t *testing.T) {
	for _, tt := range zoo {
		t.Run(tt.name, func(t *testing.T) {
			m := zooMember(t, tt.name)
			s := on(t, opencltest.Open(t), m.graph, zooRows)
			out, err := s.Forward(t.Context(), m.in, zooRows, nil, models.Keep{Features: true, Moments: true})
			require.NoError(t, err)
			testkit.Close(t, "logits", out.Logits.Data, m.logits, 1e-4)
			assert.Len(t, out.Moments, tt.norms)
			if tt.norms > 0 {
				out, err = s.Forward(t.Context(), m.in, zooRows, batchOverlay(m.graph), models.Keep{})
				require.NoError(t, err)
				testkit.Close(t, "logits with batch statistics", out.Logits.Data, m.batchLogits, 1e-4)
			}
		})
	}
}

func TestTheBundledModelRunsOnOpenCL(t *testing.T) {
	const rows = 9
	file := filepath.Join("..", "..", "internal", "demo", "data", "model.onnx")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	g, err := onnx.Import("model.onnx", data, onnx.Options{})
	require.NoError(t, err)
	x := accel.NewTensor(g.Inputs[0].Shape.At(rows)...)
	random := rand.New(rand.NewPCG(7, 1))
	for i := range x.Data {
		x.Data[i] = float32(random.NormFloat64())
	}
	s := on(t, opencltest.Open(t), g, rows)
	for _, c := range []struct {
		overlay *models.Overlay
		rules   []accel.NormRule
	}{{nil, nil}, {batchOverlay(g), batchStatistics(g)}} {
		want, err := plain.Run(g.Program, []*accel.Tensor{x}, rows, c.rules)
		require.NoError(t, err)
		out, err := s.Forward(t.Context(), []*accel.Tensor{x}, rows, c.overlay, models.Keep{})
		require.NoError(t, err)
		testkit.Close(t, "logits", out.Logits.Data, want.Outputs[0].Data, 1e-4)
	}
}

func TestPublishedLogitsOnOpenCL(t *testing.T) {
	const rows, file = 200, "golden_resnet20.npz"
	g := imported(t, "models", "resnet20.onnx")
	in := []*accel.Tensor{images(t, rows, "cifar10c", "gaussian_noise_5.npy")}
	s := on(t, opencltest.Open(t), g, rows)
	out, err := s.Forward(t.Context(), in, rows, nil, models.Keep{})
	require.NoError(t, err)
	testkit.Close(t, "source logits", out.Logits.Data, golden(t, file, "gaussian_noise_5_source_logits"), 1e-4)
	out, err = s.Forward(t.Context(), in, rows, batchOverlay(g), models.Keep{})
	require.NoError(t, err)
	testkit.Close(t, "batch logits", out.Logits.Data, golden(t, file, "gaussian_noise_5_batchstat_logits"), 1e-4)
}

// Alpha-BN on corrupted images: the same answers as the processor's, and moments.
func TestAlphaBNOnOpenCLAgreesWithTheProcessor(t *testing.T) {
	const rows = 32
	g := imported(t, "models", "resnet20.onnx")
	rules := make([]accel.NormRule, len(g.Norms))
	for i := range rules {
		rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.7}
	}
	o := &models.Overlay{}
	o.SetNorms("blend(0.7)", rules)
	device, processor := on(t, opencltest.Open(t), g, rows), onCPU(t, g, rows)
	for _, corruption := range []string{"fog_5.npy", "gaussian_noise_5.npy"} {
		in := []*accel.Tensor{images(t, rows, "cifar10c", corruption)}
		keep := models.Keep{Features: true, Moments: true}
		got, err := device.Forward(t.Context(), in, rows, o, keep)
		require.NoError(t, err)
		want, err := processor.Forward(t.Context(), in, rows, o, keep)
		require.NoError(t, err)
		testkit.Close(t, corruption+": logits", got.Logits.Data, want.Logits.Data, 1e-4)
		testkit.Close(t, corruption+": features", got.Features.Data, want.Features.Data, 1e-4)
		for i := range want.Moments {
			testkit.Close(t, corruption+": batch means", got.Moments[i].Mean, want.Moments[i].Mean, 1e-4)
			testkit.Close(t, corruption+": batch variances", got.Moments[i].Var, want.Moments[i].Var, 1e-4)
		}
	}
}
