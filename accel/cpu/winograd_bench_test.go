package cpu

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// BenchmarkWinograd compares Winograd's algorithm with the direct convolution,
// without the copies to and from channel blocks, on one core: GFLOP/s of both,
// counted as the direct one's, and how many times faster it is. The two take turns
// and the medians count.
func BenchmarkWinograd(b *testing.B) {
	layers := []convLayer{
		{16, 16, 32, 3, 1, 1, 4}, {32, 32, 16, 3, 1, 1, 4}, {64, 64, 8, 3, 1, 1, 4}, // ResNet-20
		{64, 64, 56, 3, 1, 1, 1}, {128, 128, 28, 3, 1, 1, 1}, {256, 256, 14, 3, 1, 1, 1}, {256, 256, 14, 3, 1, 1, 4}, // ResNet-18
		{512, 512, 14, 3, 1, 1, 1}, // VGG
	}
	for _, isa := range []string{"avx512", "avx2", "generic"} {
		if _, err := kernel.New(isa); err != nil {
			continue
		}
		for _, l := range layers {
			b.Run(isa+"/"+l.String(), func(b *testing.B) { benchTransformed(b, isa, l) })
		}
	}
}

func benchTransformed(b *testing.B, isa string, l convLayer) {
	own, direct := timer(b, Config{Threads: 1, ISA: isa}, l), timer(b, Config{Threads: 1, ISA: isa, Winograd: "off"}, l)
	var fast, slow []float64
	for b.Loop() {
		fast, slow = append(fast, own()), append(slow, direct())
	}
	b.ReportMetric(middle(fast), "GFLOP/s")
	b.ReportMetric(middle(slow), "direct-GFLOP/s")
	b.ReportMetric(middle(fast)/middle(slow), "times")
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
}

// timer returns a function that runs the convolution of a layer once and tells how
// fast it was.
func timer(b *testing.B, c Config, l convLayer) func() float64 {
	d, err := New(c)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, d.Close()) })
	p, err := newPlan(d, l.program(), l.images, forBatch, packs{})
	require.NoError(b, err)
	f := &frame{rows: l.images, calls: make([]kernel.Call, 1), tiles: make([]kernel.Tiles, 1), data: make([][]float32, len(p.layouts))}
	var conv runner
	for _, k := range p.kernels {
		if _, ok := k.runner.(*reorderStep); !ok {
			conv = k.runner
		}
	}
	for id := range f.data {
		f.data[id] = make([]float32, p.floats(accel.ValueID(id), l.images))
	}
	f.scratch = [][]float32{make([]float32, conv.needs(l.images).worker)}
	flops := 2 * 9 * l.in * l.out * l.side * l.side * l.images
	return func() float64 {
		start := time.Now()
		require.NoError(b, conv.run(f))
		return float64(flops) / float64(time.Since(start))
	}
}
