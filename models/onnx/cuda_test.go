package onnx_test

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
	"ttad/internal/testkit"
	"ttad/models"
)

// onCUDA compiles a graph for the double of an NVIDIA card, which executes the PTX that
// a card would be given, and closes everything at the end.
func onCUDA(t *testing.T, double *cudatest.Double, g *models.Graph) *models.Session {
	t.Helper()
	d, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	plan, err := models.NewPlan(g, []accel.Device{d}, zooRows)
	require.NoError(t, err)
	s, err := plan.NewSession()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, plan.Close())
		require.NoError(t, d.Close())
	})
	return s
}

// Whole models through CUDA's host code and the shipped PTX give PyTorch's logits.
func TestEveryFamilyRunsOnCUDA(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	for _, tt := range zoo {
		t.Run(tt.name, func(t *testing.T) {
			m := zooMember(t, tt.name)
			s := onCUDA(t, double, m.graph)
			out, err := s.Forward(t.Context(), m.in, zooRows, nil, models.Keep{})
			require.NoError(t, err)
			testkit.Close(t, "logits", out.Logits.Data, m.logits, 1e-4)
			if tt.norms == 0 {
				return
			}
			out, err = s.Forward(t.Context(), m.in, zooRows, batchOverlay(m.graph), models.Keep{})
			require.NoError(t, err)
			testkit.Close(t, "logits with batch statistics", out.Logits.Data, m.batchLogits, 1e-4)
		})
	}
}
