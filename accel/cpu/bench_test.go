package cpu_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
	"ttad/accel/plain"
)

// ramp holds small values that are neither zero nor growing.
func ramp(shape ...int) *accel.Tensor {
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = float32(i%13)/13 - 0.5
	}
	return t
}

// bench is a program with its operands on a device.
type bench struct {
	device accel.Device
	stream accel.Stream
	exec   accel.Exec
	args   accel.Args
	rows   int
}

func newBench(b testing.TB, threads int, p *accel.Program, rows int) *bench {
	return newBenchOn(b, cpu.Config{Threads: threads}, p, rows)
}

// newBenchOn is newBench on a device of that description.
func newBenchOn(b testing.TB, c cpu.Config, p *accel.Program, rows int) *bench {
	d, err := cpu.New(c)
	require.NoError(b, err)
	s, err := d.NewStream()
	require.NoError(b, err)
	e, err := d.Compile(p, rows)
	require.NoError(b, err)
	out := &bench{device: d, stream: s, exec: e, rows: rows}
	for _, id := range p.Inputs {
		x := ramp(p.Values[id].Shape.At(rows)...)
		buf, err := d.Alloc(len(x.Data))
		require.NoError(b, err)
		require.NoError(b, s.Upload(buf, x.Data))
		out.args.Inputs = append(out.args.Inputs, buf)
	}
	for _, id := range p.Outputs {
		buf, err := d.Alloc(p.Values[id].Shape.Elements(rows))
		require.NoError(b, err)
		out.args.Outputs = append(out.args.Outputs, buf)
	}
	b.Cleanup(func() {
		for _, buf := range append(out.args.Inputs, out.args.Outputs...) {
			require.NoError(b, buf.Free())
		}
		require.NoError(b, e.Close())
		require.NoError(b, s.Close())
		require.NoError(b, d.Close())
	})
	return out
}

func (x *bench) run(b testing.TB) {
	if err := x.stream.Run(x.exec, x.rows, x.args); err != nil {
		b.Fatal(err)
	}
}

// rate reports how many floating-point operations a second were done.
func rate(b *testing.B, flops float64) {
	b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

var conv3 = accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}

// BenchmarkConv is the three layers a CIFAR ResNet is made of, at 64 images.
func BenchmarkConv(b *testing.B) {
	for _, l := range []struct{ channels, side int }{{16, 32}, {32, 16}, {64, 8}} {
		c, side := l.channels, l.side
		build := &acceltest.Builder{}
		p := build.Program(build.Step(conv3, build.Input(accel.BatchShape(c, side, side)), build.Const(ramp(c, c, 3, 3))))
		flops := 2 * float64(c*c*9*side*side)
		for _, threads := range []int{1, 0} {
			b.Run(fmt.Sprintf("%dch_%dx%d/threads=%d", c, side, side, threads), func(b *testing.B) {
				x := newBench(b, threads, p, 64)
				x.run(b) // makes the stream's scratch
				b.ReportAllocs()
				for b.Loop() {
					x.run(b)
				}
				rate(b, 64*flops)
			})
		}
		b.Run(fmt.Sprintf("%dch_%dx%d/plain", c, side, side), func(b *testing.B) {
			in := ramp(1, c, side, side)
			for b.Loop() {
				if _, err := plain.Run(p, []*accel.Tensor{in}, 1, nil); err != nil {
					b.Fatal(err)
				}
			}
			rate(b, flops)
		})
	}
}
