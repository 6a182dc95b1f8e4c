package loki

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/tta"
)

func BenchmarkDecide(b *testing.B) {
	for _, size := range [][2]int{{64, 10}, {200, 10}, {64, 1000}, {200, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) { benchDecide(b, size[0], size[1]) })
	}
}

// benchDecide decides by a path: distances are differences of class numbers.
func benchDecide(b *testing.B, rows, classes int) {
	cfg := &Config{Distance: make([][]float64, classes)}
	for i := range cfg.Distance {
		cfg.Distance[i] = make([]float64, classes)
		for j := range cfg.Distance[i] {
			cfg.Distance[i][j] = math.Abs(float64(i - j))
		}
	}
	s, err := New(tta.Env{Classes: classes}, cfg)
	require.NoError(b, err)
	r, probs := rand.New(rand.NewPCG(1, 2)), accel.NewTensor(rows, classes)
	for i := range probs.Data {
		probs.Data[i] = r.Float32() / float32(classes)
	}
	batch, class, score := &tta.Batch{Rows: rows}, make([]int32, rows), make([]float32, rows)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Decide(b.Context(), batch, nil, probs, class, score); err != nil {
			b.Fatal(err)
		}
	}
}
