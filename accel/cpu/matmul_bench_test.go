package cpu_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu/kernel"
)

// dense is a layer: n outputs of k inputs, for m rows.
func dense(k, n int) *accel.Program {
	b := &acceltest.Builder{}
	return b.Program(b.Step(accel.MatMul{Alpha: 1}, b.Input(accel.BatchShape(k)), b.Const(ramp(k, n))))
}

// attention is the product of the stacks of an attention with so many heads.
func attention(heads, m, k, n int, transposed bool) *accel.Program {
	b := &acceltest.Builder{}
	right := accel.BatchShape(heads, k, n)
	if transposed {
		right = accel.BatchShape(heads, n, k)
	}
	return b.Program(b.Step(accel.MatMul{Alpha: 0.125, TransB: transposed}, b.Input(accel.BatchShape(heads, m, k)), b.Input(right)))
}

// BenchmarkMatMul reports products as GFLOP/s and, on one core, in percent of the
// loop that only multiplies and adds registers. The two take turns, about as long as
// one another, and the median of their ratios counts, for other work on the machine
// slows both.
func BenchmarkMatMul(b *testing.B) {
	for _, m := range [][3]int{
		{256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
		{12544, 64, 256}, {12544, 576, 64}, {788, 192, 768}, {788, 768, 192},
		{64, 64, 256}, {64, 256, 256}, {64, 256, 10}, {1, 2048, 1000}, {4, 2048, 1000},
	} {
		rows, k, n := m[0], m[1], m[2]
		flops := 2 * float64(rows) * float64(k) * float64(n)
		for _, threads := range []int{1, 0} {
			name := fmt.Sprintf("%dx%dx%d/threads=%d", rows, k, n, threads)
			b.Run(name, func(b *testing.B) { measureProduct(b, newBench(b, threads, dense(k, n), rows), threads, flops) })
		}
	}
	for name, p := range map[string]*accel.Program{
		"scores_197x64x197": attention(3, 197, 64, 197, true), "mixed_197x197x64": attention(3, 197, 197, 64, false),
	} {
		b.Run(name, func(b *testing.B) { measureProduct(b, newBench(b, 1, p, 8), 1, 8*3*2*197*64*197) })
	}
}

func measureProduct(b *testing.B, x *bench, threads int, flops float64) {
	family, err := kernel.New("auto")
	require.NoError(b, err)
	x.run(b) // makes the stream's scratch
	calls := 1 + int(3e6/flops)
	work := float64(calls) * flops
	rounds := 1 + int(work)/max(1, family.Peak(1))
	var own, ratio []float64
	for b.Loop() {
		start := time.Now()
		for range calls {
			x.run(b)
		}
		own = append(own, work/float64(time.Since(start)))
		start = time.Now()
		limit := float64(family.Peak(rounds)) / float64(time.Since(start))
		ratio = append(ratio, own[len(own)-1]/limit)
	}
	b.ReportMetric(middle(own), "GFLOP/s")
	if threads == 1 && family.Peak(1) > 0 {
		b.ReportMetric(100*middle(ratio), "%limit")
	}
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
}

func middle(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
