package cpu

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

// convLayer is a convolution as a network has it.
type convLayer struct {
	in, out, side, window, stride, groups, images int
}

func (l convLayer) String() string {
	return fmt.Sprintf("%dx%d_%d_to_%d_side_%d_stride_%d_groups_%d_images_%d", l.window, l.window, l.in, l.out, l.side, l.stride, l.groups, l.images)
}

func (l convLayer) program() *accel.Program {
	b := &acceltest.Builder{}
	pad := l.window / 2
	op := accel.Conv{Stride: [2]int{l.stride, l.stride}, Dilation: [2]int{1, 1}, Pad: [4]int{pad, pad, pad, pad}, Groups: l.groups}
	w := accel.NewTensor(l.out, l.in/l.groups, l.window, l.window)
	for i := range w.Data {
		w.Data[i] = float32(i%13)/13 - 0.5
	}
	return b.Program(b.Step(op, b.Input(accel.BatchShape(l.in, l.side, l.side)), b.Const(w)))
}

// BenchmarkDirect is the kernel alone, without the copies to and from channel
// blocks, on one core: GFLOP/s, and percent of the loop that only multiplies and
// adds registers. The two take turns and the medians count.
func BenchmarkDirect(b *testing.B) {
	layers := []convLayer{
		{16, 16, 32, 3, 1, 1, 64}, {32, 32, 16, 3, 1, 1, 64}, {64, 64, 8, 3, 1, 1, 64}, // ResNet-20
		{3, 16, 32, 3, 1, 1, 64}, {16, 32, 32, 3, 2, 1, 64}, {16, 32, 32, 1, 2, 1, 64},
		{64, 64, 56, 3, 1, 1, 4}, {128, 128, 28, 3, 1, 1, 4}, {256, 256, 14, 3, 1, 1, 4}, {512, 512, 7, 3, 1, 1, 8}, // ResNet-18
		{3, 64, 224, 7, 2, 1, 1}, {64, 128, 56, 3, 2, 1, 4}, {64, 128, 56, 1, 2, 1, 4}, {256, 512, 14, 3, 2, 1, 8},
		{16, 96, 112, 1, 1, 1, 1}, {24, 144, 56, 1, 1, 1, 4}, {144, 24, 56, 1, 1, 1, 4}, {384, 64, 14, 1, 1, 1, 8}, {960, 320, 7, 1, 1, 1, 8}, // MobileNetV2
		{128, 128, 56, 3, 1, 32, 2}, {256, 256, 28, 3, 1, 32, 2}, {512, 512, 14, 3, 1, 32, 4}, // ResNeXt
	}
	for _, isa := range []string{"avx512", "avx2", "generic"} {
		if _, err := kernel.New(isa); err != nil {
			continue
		}
		for _, l := range layers {
			b.Run(isa+"/"+l.String(), func(b *testing.B) { benchLayer(b, isa, l) })
		}
	}
}

func benchLayer(b *testing.B, isa string, l convLayer) {
	d, err := New(Config{Threads: 1, ISA: isa, Winograd: "off"})
	require.NoError(b, err)
	defer func() { require.NoError(b, d.Close()) }()
	p, err := newPlan(d, l.program(), l.images, forBatch, packs{})
	require.NoError(b, err)
	f := &frame{team: d.team, rows: l.images, calls: make([]kernel.Call, 1), data: make([][]float32, len(p.layouts))}
	var step *directStep
	for _, k := range p.kernels {
		if s, ok := k.runner.(*directStep); ok {
			step = s
		}
	}
	for _, id := range []accel.ValueID{step.x, step.y} {
		f.data[id] = make([]float32, p.floats(id, l.images))
	}
	flops := 2 * l.images * l.out * step.out.height * step.out.width * step.products
	calls := 1 + int(5e7)/flops
	var own, limit []float64
	for b.Loop() {
		start := time.Now()
		for range calls {
			require.NoError(b, step.run(f))
		}
		own = append(own, float64(calls*flops)/float64(time.Since(start)))
		start = time.Now()
		limit = append(limit, float64(d.kernels.Peak(10000))/float64(time.Since(start)))
	}
	b.ReportMetric(middle(own), "GFLOP/s")
	if peak := middle(limit); peak > 0 {
		b.ReportMetric(100*middle(own)/peak, "%limit")
	}
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
}

func middle(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
