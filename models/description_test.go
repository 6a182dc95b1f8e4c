package models_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/models"
)

func TestDescribe(t *testing.T) {
	d := models.Describe(smallCNN(t, true))
	assert.Equal(t, []models.PortDescription{{Name: "x", Shape: "[N 2 4 4]", Type: "float"}}, d.Inputs)
	assert.Equal(t, "f", d.Features)
	assert.True(t, d.LinearHead)
	assert.Equal(t, 3*2*9+4*3+3*4+4, d.Parameters)
	assert.Equal(t, []models.NormDescription{{Name: "bn", Channels: 3, Positions: 16}}, d.Norms)
	conv, gemm := 2.*3*16*2*9, 2.*4*3
	assert.Equal(t, "Conv", d.Operators[0].Op)
	assert.Equal(t, conv, d.Operators[0].FLOPs)
	assert.Equal(t, conv+gemm+48+2*48+48, d.FLOPs, "norm counts 2 a value, Relu and the mean 1")
	assert.Equal(t, 48*3+3+3+4, d.ActivationFloats)
	assert.Equal(t, 96, d.PeakFloats)
	assert.Empty(t, d.Advice)
}

func TestDescribeSaysWhenBatchNormWasFoldedAway(t *testing.T) {
	text := &bytes.Buffer{}
	require.NoError(t, models.Describe(smallCNN(t, false)).WriteText(text))
	golden := filepath.Join("testdata", "describe_folded.txt")
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, text.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), text.String())
}
