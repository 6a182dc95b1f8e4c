package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkWinograd is the transforms of a line of eight tiles, of all 36 points
// of a pass of 64.
func BenchmarkWinograd(b *testing.B) {
	for _, f := range families() {
		w, rng := f.winograd, rand.New(rand.NewPCG(1, 2))
		t := &Tiles{Line: 34 * w.Lanes, Stride: 65 * w.Lanes, Rows: 4, Cols: 32}
		t.Pixels, t.Points = small(rng, 6*t.Line), small(rng, TilePoints*t.Stride)
		b.Run(fmt.Sprintf("%s/input", f.Name), func(b *testing.B) {
			for b.Loop() {
				w.Input(t)
			}
		})
		b.Run(fmt.Sprintf("%s/output", f.Name), func(b *testing.B) {
			for b.Loop() {
				w.Output(t)
			}
		})
	}
}
