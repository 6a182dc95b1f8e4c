package labelshift

import (
	"math/rand/v2"
	"testing"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// A batch of 64 over 1,000 classes, stepped and settled.
func BenchmarkRatio(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := accel.NewTensor(64, 1000)
	for i := range logits.Data {
		logits.Data[i] = float32(3 * r.NormFloat64())
	}
	s := build(b, 1000, asIs)
	out, batch, probs := &models.Output{Logits: logits}, &tta.Batch{Rows: 64}, accel.NewTensor(64, 1000)
	tta.Softmax(probs, logits)
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Correct(b.Context(), batch, out, probs)
		_ = s.Update(b.Context(), batch, out, probs)
	}
}

// A full head of 1,000 classes on 512 features, generated once and applied to 64
// rows.
func BenchmarkAdapter(b *testing.B) {
	const classes, features, hidden = 1000, 512, 64
	out := OutputWidth(OutputsFull, classes, features)
	a := &Adapter{
		Model: "bench", Classes: classes, Features: features, Outputs: OutputsFull, Input: InputLogRatio, SourcePrior: uniform(classes),
		W1: make([]float32, hidden*classes), B1: make([]float32, hidden), W2: make([]float32, out*hidden), B2: make([]float32, out), Head: make([]float32, classes*features),
	}
	logits, h, prior := accel.NewTensor(64, classes), accel.NewTensor(64, features), uniform(classes)
	b.ReportAllocs()
	for b.Loop() {
		a.Adapt(prior, logits, h)
	}
}
