package onnx_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/models/onnx"
)

func BenchmarkImport(b *testing.B) {
	for _, name := range []string{"resnet", "vit_13", "swin"} {
		b.Run(name, func(b *testing.B) {
			data, err := os.ReadFile(filepath.Join("testdata", "zoo", name+".onnx"))
			require.NoError(b, err)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := onnx.Import(name, data, onnx.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkForwardInto(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("testdata", "zoo", "mlp.onnx"))
	require.NoError(b, err)
	g, err := onnx.Import("mlp", data, onnx.Options{})
	require.NoError(b, err)
	const rows = 64
	s, out := onCPU(b, g, rows), &models.Output{}
	in := []*accel.Tensor{accel.NewTensor(rows, 7)}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.ForwardInto(b.Context(), in, rows, nil, models.Keep{Features: true}, out); err != nil {
			b.Fatal(err)
		}
	}
}
