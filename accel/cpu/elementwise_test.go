package cpu_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
	"ttad/accel/plain"
)

// betweenProducts are operators in shapes that end within a register, a strip, a
// square or a task, larger than the conformance suite has them.
func betweenProducts() map[string]struct {
	op    accel.Op
	shape accel.Shape
} {
	type c = struct {
		op    accel.Op
		shape accel.Shape
	}
	return map[string]c{
		"turn a matrix over":            {accel.Transpose{Perm: []int{0, 2, 1}}, accel.BatchShape(67, 129)},
		"turn a wide one over in bands": {accel.Transpose{Perm: []int{0, 2, 1}}, accel.BatchShape(300, 90)},
		"turn a narrow one over":        {accel.Transpose{Perm: []int{0, 2, 1}}, accel.BatchShape(3, 500)},
		"channels last":                 {accel.Transpose{Perm: []int{0, 2, 3, 1}}, accel.BatchShape(20, 9, 11)},
		"channels first":                {accel.Transpose{Perm: []int{0, 3, 1, 2}}, accel.BatchShape(9, 11, 20)},
		"rows within":                   {accel.Transpose{Perm: []int{1, 0, 2}}, accel.BatchShape(17, 33)},
		"reverse all":                   {accel.Transpose{Perm: []int{3, 2, 1, 0}}, accel.BatchShape(5, 18, 6)},
		"softmax of rows":               {accel.Softmax{Axis: 2}, accel.BatchShape(5, 197)},
		"softmax of columns":            {accel.Softmax{Axis: 1}, accel.BatchShape(50, 21)},
		"log softmax of columns":        {accel.Softmax{Axis: 1, Log: true}, accel.BatchShape(50, 21)},
		"sum of columns":                {accel.Reduce{Fn: accel.ReduceSum, Axes: []int{1}}, accel.BatchShape(197, 33)},
		"mean of wide columns":          {accel.Reduce{Fn: accel.ReduceMean, Axes: []int{1}}, accel.BatchShape(19, 2500)},
		"mean of outer axes":            {accel.Reduce{Fn: accel.ReduceMean, Axes: []int{0, 2}}, accel.BatchShape(7, 40, 18)},
		"largest of columns":            {accel.Reduce{Fn: accel.ReduceMax, Axes: []int{1}}, accel.BatchShape(37, 19)},
		"least of columns":              {accel.Reduce{Fn: accel.ReduceMin, Axes: []int{1}}, accel.BatchShape(37, 19)},
		"length of columns":             {accel.Reduce{Fn: accel.ReduceL2, Axes: []int{1}}, accel.BatchShape(37, 19)},
		"sum of very many rows":         {accel.Reduce{Fn: accel.ReduceSum, Axes: []int{1}}, accel.BatchShape(5000, 2)},
		"global average":                {accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, accel.BatchShape(30, 7, 7)},
		"largest of rows":               {accel.Reduce{Fn: accel.ReduceMax, Axes: []int{2}}, accel.BatchShape(9, 83)},
	}
}

func TestWhatLiesBetweenProductsAgreesWithTheOracle(t *testing.T) {
	for name, c := range betweenProducts() {
		t.Run(name, func(t *testing.T) {
			b := &acceltest.Builder{}
			p := b.Program(b.Step(c.op, b.Input(c.shape)))
			for _, isa := range isas() {
				for _, threads := range []int{1, 3} {
					x := newBenchOn(t, cpu.Config{Threads: threads, ISA: isa}, p, 3)
					in := ramp(c.shape.At(3)...)
					want, err := plain.Run(p, []*accel.Tensor{in}, 3, nil)
					require.NoError(t, err)
					got := x.result(t, in)
					for i, w := range want.Outputs[0].Data {
						require.InDelta(t, w, got[i], 1e-5*math.Max(1, math.Abs(float64(w))), "%s, %d threads, value %d", isa, threads, i)
					}
					assert.Zero(t, testing.AllocsPerRun(3, func() { x.run(t) }), "allocations of %s with %d threads", isa, threads)
				}
			}
		})
	}
}

func TestAPowerOfTwoIsAProduct(t *testing.T) {
	for _, shape := range []accel.Shape{accel.BatchShape(1), accel.BatchShape(67)} {
		b := &acceltest.Builder{}
		p := b.Program(b.Step(accel.Binary{Fn: accel.Pow}, b.Input(shape), b.Const(accel.TensorOf([]float32{2}))))
		for _, isa := range isas() {
			in := ramp(shape.At(3)...)
			got := newBenchOn(t, cpu.Config{Threads: 1, ISA: isa}, p, 3).result(t, in)
			for i, v := range in.Data {
				require.Equal(t, v*v, got[i], "%s: square of %v", isa, v)
			}
		}
	}
}

// isas are the instructions this processor and this build have.
func isas() []string {
	var all []string
	for _, name := range []string{"avx512", "avx2", "neon", "generic"} {
		if d, err := cpu.New(cpu.Config{Threads: 1, ISA: name}); err == nil && d.Close() == nil {
			all = append(all, name)
		}
	}
	return all
}

// result runs on one input and returns the only output.
func (x *bench) result(t testing.TB, in *accel.Tensor) []float32 {
	require.NoError(t, x.stream.Upload(x.args.Inputs[0], in.Data))
	x.run(t)
	out := make([]float32, x.args.Outputs[0].Floats())
	require.NoError(t, x.stream.Download(out, x.args.Outputs[0]))
	require.NoError(t, x.stream.Sync(t.Context()))
	return out
}
