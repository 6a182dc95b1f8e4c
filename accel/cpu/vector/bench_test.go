package vector

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkVector reports how many floats a second a function makes, of operands
// in the first-level cache, in every family this processor has.
func BenchmarkVector(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	const n = 768
	x, z, y := draw(rng, n), draw(rng, n), make([]float32, n)
	row := draw(rng, 197)
	for _, f := range families() {
		sum, squares := make([]float64, n), make([]float64, n)
		pixels := n / f.Lanes
		p := Plane{x, n / 4}
		for _, c := range []struct {
			name   string
			floats int
			run    func()
		}{
			{"Add", n, func() { f.Add(y, x, z) }},
			{"Clip", n, func() { f.Clip(y, x, 0, 6) }},
			{"Standardize", n, func() { f.Standardize(y, x, 0.1, 1.1, 0.2) }},
			{"Exp", n, func() { f.Exp(y, x) }},
			{"Silu", n, func() { f.Silu(y, x) }},
			{"Tanh", n, func() { f.Tanh(y, x) }},
			{"Gelu", n, func() { f.Gelu(y, x) }},
			{"HardSwish", n, func() { f.HardSwish(y, x) }},
			{"Sum", n, func() { f.Sum(x) }},
			{"MaxOf", n, func() { f.MaxOf(x) }},
			{"Dot", n, func() { f.Dot(x, z) }},
			{"SumShifted", n, func() { f.SumShifted(x, 0.1) }},
			{"Softmax197", 197, func() { f.Softmax(y[:197], row) }},
			{"LayerNorm192", 192, func() { f.LayerNorm(y[:192], x, z, z, 1e-6) }},
			{"LayerNorm768", n, func() { f.LayerNorm(y, x, z, z, 1e-6) }},
			{"BlockMoments", n, func() {
				f.BlockMoments(BlockMoments{X: p, Shift: z, Sum: sum, Squares: squares, Height: 4, Width: pixels / 4})
			}},
			{"BlockAffine", n, func() {
				f.BlockAffine(BlockAffine{Y: Plane{y, n / 4}, X: p, Residual: p, Mean: z, Scale: z, Shift: z, Height: 4, Width: pixels / 4})
			}},
			{"ColumnMoments", n, func() { f.ColumnMoments(sum, squares, x, z[:n/8]) }},
			{"ColumnAffine", n, func() { f.ColumnAffine(ColumnAffine{Y: y, X: x, Mean: z[:n/8], Scale: z, Shift: z}) }},
			{"Transpose32x24", n, func() { f.Transpose(y, x, 32, 24, 32, 24) }},
			{"Interleave3", 3 * 192, func() { f.Interleave(y, x, 3, 4, 192, 192) }},
		} {
			b.Run(fmt.Sprintf("%s/%s", f.Name, c.name), func(b *testing.B) {
				for b.Loop() {
					c.run()
				}
				b.ReportMetric(float64(c.floats)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gfloat/s")
			})
		}
	}
}
