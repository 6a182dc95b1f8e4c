package ptx

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// BenchmarkProduct executes a product of 256 x 256 matrices; instructions are those
// of threads.
func BenchmarkProduct(b *testing.B) {
	for name, o := range map[string]Options{"one worker": {Workers: 1}, "races": {Races: true}} {
		b.Run(name, func(b *testing.B) {
			m := shipped(b)
			d := opened(b, NewDriver(m, o))
			const n = 256
			builder := &acceltest.Builder{}
			weights := builder.Const(&accel.Tensor{Shape: []int{n, n}, Data: make([]float32, n*n)})
			p := builder.Program(builder.Step(accel.MatMul{Alpha: 1}, builder.Input(accel.BatchShape(n)), weights, accel.NoValue))
			e, err := d.Compile(p, n)
			require.NoError(b, err)
			s, err := d.NewStream()
			require.NoError(b, err)
			x, err := d.Alloc(n * n)
			require.NoError(b, err)
			y, err := d.Alloc(n * n)
			require.NoError(b, err)
			require.NoError(b, s.Upload(x, make([]float32, n*n)))
			before := executed(m)
			for b.Loop() {
				require.NoError(b, s.Run(e, n, accel.Args{Inputs: []accel.Buffer{x}, Outputs: []accel.Buffer{y}}))
				require.NoError(b, s.Sync(b.Context()))
			}
			b.ReportMetric(float64(executed(m)-before)/1e6/b.Elapsed().Seconds(), "Minstructions/s")
		})
	}
}

func executed(m *Module) (n uint64) {
	for _, k := range m.Kernels() {
		n += k.Executed()
	}
	return n
}
