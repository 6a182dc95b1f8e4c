package onnx_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/internal/testkit"
	"ttad/models"
)

// onCPU compiles a graph for the processor and closes everything at the end.
func onCPU(t testing.TB, g *models.Graph, maxRows int) *models.Session {
	t.Helper()
	d, err := cpu.New(cpu.Config{})
	require.NoError(t, err)
	return on(t, d, g, maxRows)
}

// on compiles a graph for a device alone and closes everything at the end.
func on(t testing.TB, d accel.Device, g *models.Graph, maxRows int) *models.Session {
	t.Helper()
	plan, err := models.NewPlan(g, []accel.Device{d}, maxRows)
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

// batchOverlay asks for batch statistics everywhere.
func batchOverlay(g *models.Graph) *models.Overlay {
	o := &models.Overlay{}
	o.SetNorms("blend(0)", batchStatistics(g))
	return o
}

func TestEveryFamilyRunsOnTheCPU(t *testing.T) {
	for _, tt := range zoo {
		t.Run(tt.name, func(t *testing.T) {
			m := zooMember(t, tt.name)
			s := onCPU(t, m.graph, zooRows)
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
