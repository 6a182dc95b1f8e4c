package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColumnSoftmaxIsThatOfFloat64(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(10, 11))
		for _, columns := range []int{1, 8, 16, 21, 48} {
			for _, rows := range []int{1, 2, 10, 1000} {
				what := fmt.Sprintf("%d x %d", rows, columns)
				x, v := draw(rng, rows*columns), make([]float32, rows*columns)
				for i := range x {
					x[i], v[i] = 15*x[i], rng.Float32()+1e-10
				}
				y, all := guarded(len(x))
				copy(y, x)
				top, sums := make([]float32, columns), make([]float64, columns)
				f.ColumnSoftmax(y, v, top, sums)
				requireGuards(t, all, len(y))
				for c := range columns {
					requireSoftmax(t, x, v, y, top[c], sums[c], c, columns, what)
				}
			}
		}
	})
}

// requireSoftmax looks at one column.
func requireSoftmax(t *testing.T, x, v, y []float32, top float32, sum float64, c, columns int, what string) {
	t.Helper()
	most, want, total := math.Inf(-1), 0.0, 0.0
	for at := c; at < len(x); at += columns {
		most = max(most, float64(x[at]))
	}
	for at := c; at < len(x); at += columns {
		want += float64(v[at]) * math.Exp(float64(x[at])-most)
		total += float64(y[at])
	}
	require.InDelta(t, most, top, 0, what)
	require.InEpsilon(t, want, sum, 1e-6, what)
	require.InDelta(t, 1, total, 1e-6, what)
	for at := c; at < len(x); at += columns {
		require.InDelta(t, float64(v[at])*math.Exp(float64(x[at])-most)/want, y[at], 1e-6, what)
	}
}
