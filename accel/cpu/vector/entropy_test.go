package vector

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEntropyIsThatOfFloat64(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(12, 13))
		for _, n := range lengths() {
			for _, least := range []float32{1e-3, 1e-30, 0} {
				p, total := make([]float32, n), float32(0)
				for i := range p {
					p[i] = max(rng.Float32()*rng.Float32()-0.2, least)
					total += p[i]
				}
				for i := range p {
					p[i] /= max(total, 1e-20)
				}
				want := goEntropy(p)
				require.InDelta(t, want, f.Entropy(p), 1e-6*max(want, 1), "%d values", n)
			}
		}
		require.InDelta(t, 0, f.Entropy([]float32{0, 1, 0}), 1e-7, "certain")
		require.InDelta(t, 0, f.Entropy([]float32{1e-40, 1, 1e-45}), 1e-6, "certain, but for numbers too small")
		even := []float32{0.5, 0.5}
		require.Zero(t, testing.AllocsPerRun(5, func() { f.Entropy(even) }))
	})
}
