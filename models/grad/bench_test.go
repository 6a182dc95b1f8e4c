package grad_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models/grad"
)

func BenchmarkStep(b *testing.B) {
	p, learn := residual(b)
	n, err := grad.New(p, grad.Config{Rows: 64, Learn: learn, BatchMoments: true})
	require.NoError(b, err)
	defer n.Close()
	x, y := []*accel.Tensor{batch(64, 2, 5, 5)}, oneHot(3, make([]int, 64)...)
	b.ReportAllocs()
	for b.Loop() {
		_, err := n.Backward(x, y)
		require.NoError(b, err)
		require.NoError(b, n.Step(0.001))
	}
}
