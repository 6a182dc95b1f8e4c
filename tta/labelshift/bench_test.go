package labelshift

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/models"
	"ttad/tta"
)

// BenchmarkRatio is a batch corrected, remembered row by row and settled.
func BenchmarkRatio(b *testing.B) {
	for _, size := range [][2]int{{64, 10}, {200, 10}, {64, 1000}, {200, 1000}} {
		for _, estimate := range []string{EstimateMean, EstimateEM} {
			b.Run(fmt.Sprintf("%s/%dx%d", estimate, size[0], size[1]), func(b *testing.B) { benchRatio(b, estimate, size[0], size[1]) })
		}
	}
}

func benchRatio(b *testing.B, estimate string, rows, classes int) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := accel.NewTensor(rows, classes)
	for i := range logits.Data {
		logits.Data[i] = float32(3 * r.NormFloat64())
	}
	s := &learning{Strategy: build(b, classes, func(c *Config) { c.Estimate = estimate })}
	out, batch, given, probs := &models.Output{Logits: logits}, &tta.Batch{Rows: rows}, accel.NewTensor(rows, classes), accel.NewTensor(rows, classes)
	tta.Softmax(given, logits)
	kept := make([]float32, s.Needs().Remember)
	b.ReportAllocs()
	for b.Loop() {
		copy(probs.Data, given.Data)
		_ = s.Correct(b.Context(), batch, out, probs)
		for i := range rows {
			s.Remember(i, kept)
		}
		_ = s.Update(b.Context(), batch, out, probs)
	}
}

// BenchmarkAdapter is a head generated for a prior and applied to 64 rows.
func BenchmarkAdapter(b *testing.B) {
	for _, size := range [][2]int{{10, 64}, {1000, 512}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) { benchAdapter(b, size[0], size[1], 64) })
	}
}

func benchAdapter(b *testing.B, classes, features, hidden int) {
	out := OutputWidth(OutputsFull, classes, features)
	a := &Adapter{
		Model: "bench", Classes: classes, Features: features, Outputs: OutputsFull, Input: InputLogRatio, SourcePrior: uniform(classes),
		W1: make([]float32, hidden*classes), B1: make([]float32, hidden), W2: make([]float32, out*hidden), B2: make([]float32, out), Head: make([]float32, classes*features),
	}
	logits, h, prior := accel.NewTensor(64, classes), accel.NewTensor(64, features), uniform(classes)
	d := a.newHead(dense.Auto())
	b.ReportAllocs()
	for b.Loop() {
		d.generate(a.InputFor(prior))
		d.add(logits, h)
	}
}
