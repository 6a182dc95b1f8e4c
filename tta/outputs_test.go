package tta_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// BenchmarkOutputs is what a batch costs beside its forward and its strategies:
// probabilities, classes, guard, trail and what is published.
func BenchmarkOutputs(b *testing.B) {
	for _, size := range [][2]int{{64, 10}, {200, 10}, {64, 1000}, {200, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) { benchOutputs(b, size[0], size[1]) })
	}
}

func benchOutputs(b *testing.B, rows, classes int) {
	o := options(champion(&change{}))
	o.Forward = nil
	o.Env = tta.Env{Classes: classes, Model: "given", OutputsOnly: true, Now: time.Now, Log: zerolog.Nop()}
	g := build(b, o)
	r := rand.New(rand.NewPCG(1, 2))
	given := &tta.Batch{Rows: rows, Given: &models.Output{Logits: accel.NewTensor(rows, classes)}}
	for i := range given.Given.Logits.Data {
		given.Given.Logits.Data[i] = float32(3 * r.NormFloat64())
	}
	for i := range rows {
		given.Items = append(given.Items, tta.Item{ID: fmt.Sprint(i), Rows: 1})
	}
	b.ReportAllocs()
	for b.Loop() {
		settle(b, g, given).Predictions(0)
	}
}
