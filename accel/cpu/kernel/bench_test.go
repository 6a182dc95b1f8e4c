package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkKernel reports how fast every shape is on operands in the first-level
// cache, a 3x3 convolution of one block of input channels, as GFLOP/s and in
// percent of the loop that only multiplies and adds registers. The two take turns
// and the medians count, for other work on the machine slows both.
func BenchmarkKernel(b *testing.B) {
	for _, f := range families() {
		for _, k := range f.kernels {
			b.Run(fmt.Sprintf("%s/%dx%d", f.Name, k.Pixels, k.Blocks), func(b *testing.B) { benchKernel(b, f, k) })
		}
	}
}

func benchKernel(b *testing.B, f Family, k Kernel) {
	fix := newFixture(k, geometry{taps: 9, depth: k.Lanes, step: k.Lanes}, rand.New(rand.NewPCG(1, 1)), true)
	fix.epilogue(0)
	calls := 1 + 2e6/k.Flops(&fix.Call)
	var own, limit []float64
	for b.Loop() {
		start := time.Now()
		for range calls {
			k.Run(&fix.Call)
		}
		own = append(own, float64(calls*k.Flops(&fix.Call))/float64(time.Since(start)))
		start = time.Now()
		limit = append(limit, float64(f.Peak(1000))/float64(time.Since(start)))
	}
	b.ReportMetric(median(own), "GFLOP/s")
	if peak := median(limit); peak > 0 {
		b.ReportMetric(peak, "limit-GFLOP/s")
		b.ReportMetric(100*median(own)/peak, "%limit")
	}
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
