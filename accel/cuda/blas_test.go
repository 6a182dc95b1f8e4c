package cuda_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// drawn is a matrix of drawn values.
func drawn(seed uint64, shape ...int) *accel.Tensor {
	random := rand.New(rand.NewPCG(1, seed))
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = float32(random.NormFloat64())
	}
	return t
}

// cuBLAS gives what our kernels give, for factors whichever way they lie.
func TestProductsByCUBLAS(t *testing.T) {
	const rows, depth, columns = 70, 33, 65
	double := cudatest.New(t, cudatest.Options{})
	library := double.CUBLAS(t)
	for _, tt := range []struct {
		name  string
		build func(b *acceltest.Builder) (result accel.ValueID, batch int)
	}{
		{"as they are", func(b *acceltest.Builder) (accel.ValueID, int) {
			return b.Step(accel.MatMul{Alpha: 0.5}, b.Input(accel.BatchShape(depth)), b.Const(drawn(1, depth, columns)), accel.NoValue), rows
		}},
		{"the left one transposed", func(b *acceltest.Builder) (accel.ValueID, int) {
			return b.Step(accel.MatMul{Alpha: 1, TransA: true}, b.Input(accel.BatchShape(rows)), b.Input(accel.BatchShape(columns)), accel.NoValue), depth
		}},
		{"the right one transposed", func(b *acceltest.Builder) (accel.ValueID, int) {
			return b.Step(accel.MatMul{Alpha: 1, TransB: true}, b.Input(accel.BatchShape(depth)), b.Const(drawn(1, columns, depth)), accel.NoValue), rows
		}},
		{"with an addend", func(b *acceltest.Builder) (accel.ValueID, int) {
			return b.Step(accel.MatMul{Alpha: 2, Beta: 0.5}, b.Input(accel.BatchShape(depth)), b.Const(drawn(1, depth, columns)), b.Const(drawn(2, columns))), rows
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := cuda.Open(cuda.Config{Library: double.Library(), CUBLAS: library}, zerolog.Nop())
			require.NoError(t, err)
			before := double.Calls("cublasSgemm_v2")
			b := &acceltest.Builder{}
			y, n := tt.build(b)
			p := b.Program(y)
			var in []*accel.Tensor
			for i, id := range p.Inputs {
				in = append(in, drawn(uint64(7+i), p.Values[id].Shape.At(n)...))
			}
			want, err := plain.Run(p, in, n, nil)
			require.NoError(t, err)
			testkit.Close(t, "product", answer(t, d, p, in, n), want.Outputs[0].Data, 1e-4)
			require.Equal(t, 1, double.Calls("cublasSgemm_v2")-before)
			require.NoError(t, d.Close())
		})
	}
}

// answer runs a program of one output on rows rows.
func answer(t *testing.T, d accel.Device, p *accel.Program, in []*accel.Tensor, rows int) []float32 {
	t.Helper()
	exec, err := d.Compile(p, rows)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	out := make([]float32, p.Values[p.Outputs[0]].Shape.Elements(rows))
	y, err := d.Alloc(len(out))
	require.NoError(t, err)
	args := accel.Args{Outputs: []accel.Buffer{y}}
	for _, x := range in {
		buffer, err := d.Alloc(len(x.Data))
		require.NoError(t, err)
		require.NoError(t, s.Upload(buffer, x.Data))
		args.Inputs = append(args.Inputs, buffer)
	}
	require.NoError(t, s.Run(exec, rows, args))
	require.NoError(t, s.Download(out, y))
	require.NoError(t, s.Sync(t.Context()))
	require.NoError(t, s.Close())
	require.NoError(t, exec.Close())
	for _, buffer := range append(args.Inputs, y) {
		require.NoError(t, buffer.Free())
	}
	return out
}

// What the kernel does beyond a plain product stays its own.
func TestProductsThatAreNotCUBLASs(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	d, err := cuda.Open(cuda.Config{Library: double.Library(), CUBLAS: double.CUBLAS(t)}, zerolog.Nop())
	require.NoError(t, err)
	acceltest.RunOnce(t, func(testing.TB) accel.Device { return unclosed{d} }, 2, 100)
	require.NoError(t, d.Close())
	require.Positive(t, double.Calls("cublasSgemm_v2"))
	require.Greater(t, double.Calls("cuLaunchKernel"), 10*double.Calls("cublasSgemm_v2"))
}

// unclosed is a device whose owner closes it.
type unclosed struct{ accel.Device }

func (unclosed) Close() error { return nil }

// Where cuBLAS is not, or is not as it should be, our kernels do its work.
func TestWithoutCUBLAS(t *testing.T) {
	for _, library := range []string{"/nowhere/libcublas.so.12", "libc.so.6"} {
		t.Run(library, func(t *testing.T) {
			double := cudatest.New(t, cudatest.Options{})
			var log bytes.Buffer
			d, err := cuda.Open(cuda.Config{Library: double.Library(), CUBLAS: library}, zerolog.New(&log))
			require.NoError(t, err)
			require.NoError(t, work(t, d))
			require.NoError(t, d.Close())
			require.Contains(t, log.String(), "products are ttad's own")
			require.Contains(t, log.String(), library)
		})
	}
}

// A library of a newer toolkit than the driver opens, and does not start.
func TestACUBLASThatDoesNotTakeTheCard(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	library := double.CUBLAS(t)
	double.Fail("cublasCreate_v2", 0, 1)
	var log bytes.Buffer
	d, err := cuda.Open(cuda.Config{Library: double.Library(), CUBLAS: library}, zerolog.New(&log))
	require.NoError(t, err)
	require.NoError(t, work(t, d))
	require.NoError(t, d.Close())
	require.Contains(t, log.String(), "cublasCreate_v2: cuBLAS status 1")
}

// cuBLAS fails as a card does.
func TestWhenCUBLASFails(t *testing.T) {
	for code, want := range map[int]error{3: accel.ErrOutOfMemory, 13: accel.ErrLost} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			double := cudatest.New(t, cudatest.Options{})
			d, err := cuda.Open(cuda.Config{Library: double.Library(), CUBLAS: double.CUBLAS(t)}, zerolog.Nop())
			require.NoError(t, err)
			double.Fail("cublasCreate_v2", 0, code)
			_, err = d.NewStream()
			require.ErrorIs(t, err, want)
			require.ErrorContains(t, err, fmt.Sprintf("cublasCreate_v2: cuBLAS status %d", code))
			require.NoError(t, d.Close())
		})
	}
}
