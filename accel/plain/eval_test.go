package plain_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

var (
	nan  = float32(math.NaN())
	inf  = float32(math.Inf(1))
	unit = [2]int{1, 1}
)

func tensor(shape []int, values ...float32) *accel.Tensor { return accel.TensorOf(values, shape...) }

func s(extents ...int) []int { return extents }

// ramp holds 0, 1, 2, ...
func ramp(shape ...int) *accel.Tensor {
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = float32(i)
	}
	return t
}

// Results small enough to be worked out on paper.
func TestEvalComputesWhatThePaperSays(t *testing.T) {
	image := ramp(1, 1, 3, 3)
	ones := tensor(s(1, 1, 2, 2), 1, 1, 1, 1)
	tests := []struct {
		name string
		op   accel.Op
		in   []*accel.Tensor
		want *accel.Tensor
	}{
		{"conv sums a window", accel.Conv{Stride: unit, Dilation: unit, Groups: 1},
			[]*accel.Tensor{image, ones}, tensor(s(1, 1, 2, 2), 8, 12, 20, 24)},
		{"conv sees nothing in the padding", accel.Conv{Stride: [2]int{2, 2}, Dilation: unit, Pad: [4]int{1, 1, 0, 0}, Groups: 1},
			[]*accel.Tensor{image, ones, tensor(s(1), 0.5)}, tensor(s(1, 1, 2, 2), 0.5, 3.5, 9.5, 24.5)},
		{"conv skips under dilation", accel.Conv{Stride: unit, Dilation: [2]int{2, 2}, Groups: 1},
			[]*accel.Tensor{image, ones}, tensor(s(1, 1, 1, 1), 0+2+6+8)},
		{"grouped conv keeps groups apart", accel.Conv{Stride: unit, Dilation: unit, Groups: 2},
			[]*accel.Tensor{tensor(s(1, 4, 1, 1), 1, 10, 100, 1000), tensor(s(2, 2, 1, 1), 1, 2, 3, 4)},
			tensor(s(1, 2, 1, 1), 21, 4300)},
		{"matmul", accel.MatMul{Alpha: 1}, []*accel.Tensor{ramp(2, 2), ramp(2, 2)}, tensor(s(2, 2), 2, 3, 6, 11)},
		{"matmul transposed, scaled and added to", accel.MatMul{TransA: true, TransB: true, Alpha: 2, Beta: 3},
			[]*accel.Tensor{ramp(2, 2), ramp(2, 2), tensor(s(2, 1), 1, 10)}, tensor(s(2, 2), 7, 15, 36, 52)},
		{"matmul broadcasts leading axes", accel.MatMul{Alpha: 1},
			[]*accel.Tensor{ramp(2, 1, 1, 1), tensor(s(2, 1, 1), 5, 7)}, tensor(s(2, 2, 1, 1), 0, 0, 5, 7)},
		{"max pool passes NaN on", accel.Pool{Fn: accel.PoolMax, Kernel: unit2(2), Stride: unit, Dilation: unit},
			[]*accel.Tensor{tensor(s(1, 1, 2, 3), 1, -inf, 3, 4, 5, nan)}, tensor(s(1, 1, 1, 2), 5, nan)},
		{"average pool divides by what it saw", accel.Pool{Fn: accel.PoolAverage, Kernel: unit2(2), Stride: unit2(2), Dilation: unit, Pad: [4]int{1, 1, 0, 0}},
			[]*accel.Tensor{image}, tensor(s(1, 1, 2, 2), 0, 1.5, 4.5, 6)},
		{"average pool may count padding", accel.Pool{Fn: accel.PoolAverage, Kernel: unit2(2), Stride: unit2(2), Dilation: unit, Pad: [4]int{1, 1, 0, 0}, CountPadding: true},
			[]*accel.Tensor{image}, tensor(s(1, 1, 2, 2), 0, 0.75, 2.25, 6)},
		{"rounding up adds a partial window", accel.Pool{Fn: accel.PoolAverage, Kernel: unit2(2), Stride: unit2(2), Dilation: unit, Ceil: true, CountPadding: true},
			[]*accel.Tensor{image}, tensor(s(1, 1, 2, 2), 2, 3.5, 6.5, 8)},
		{"sum over two axes", accel.Reduce{Fn: accel.ReduceSum, Axes: []int{0, 2}}, []*accel.Tensor{ramp(2, 2, 2)}, tensor(s(2), 10, 18)},
		{"mean kept", accel.Reduce{Fn: accel.ReduceMean, Axes: []int{1}, KeepDims: true}, []*accel.Tensor{ramp(2, 2)}, tensor(s(2, 1), 0.5, 2.5)},
		{"maximum of NaN", accel.Reduce{Fn: accel.ReduceMax, Axes: []int{1}}, []*accel.Tensor{tensor(s(2, 2), inf, nan, 3, 4)}, tensor(s(2), nan, 4)},
		{"minimum", accel.Reduce{Fn: accel.ReduceMin, Axes: []int{0}}, []*accel.Tensor{ramp(2, 2)}, tensor(s(2), 0, 1)},
		{"L2 norm", accel.Reduce{Fn: accel.ReduceL2, Axes: []int{1}}, []*accel.Tensor{tensor(s(1, 2), 3, -4)}, tensor(s(1), 5)},
		{"softmax along an inner axis", accel.Softmax{Axis: 0}, []*accel.Tensor{tensor(s(2, 2), 0, 1000, 0, -1000)}, tensor(s(2, 2), 0.5, 1, 0.5, 0)},
		{"log-softmax", accel.Softmax{Axis: 1, Log: true}, []*accel.Tensor{tensor(s(1, 2), 7, 7)}, tensor(s(1, 2), -math.Ln2, -math.Ln2)},
		{"layer norm", accel.LayerNorm{Axis: 1}, []*accel.Tensor{tensor(s(2, 2), 1, 3, 10, 30), tensor(s(2), 2, 2), tensor(s(2), 0, 5)}, tensor(s(2, 2), -2, 7, -2, 7)},
		{"instance norm", accel.InstanceNorm{}, []*accel.Tensor{tensor(s(1, 2, 2), 1, 3, 10, 30), tensor(s(2), 1, 2), tensor(s(2), 0, 5)}, tensor(s(1, 2, 2), -1, 1, 3, 7)},
		{"norm with source moments", accel.Norm{Eps: 1}, []*accel.Tensor{tensor(s(1, 2), 5, 5), tensor(s(2), 1, 2), tensor(s(2), 0, 1), tensor(s(2), 1, 2), tensor(s(2), 3, 8)}, tensor(s(1, 2), 2, 3)},
		{"where", accel.Where{}, []*accel.Tensor{tensor(s(2), 0, nan), ramp(2, 1), tensor(s(1), 9)}, tensor(s(2, 2), 9, 0, 9, 1)},
		{"reshape", accel.Reshape{To: accel.StaticShape(4)}, []*accel.Tensor{ramp(2, 2)}, ramp(4)},
		{"transpose", accel.Transpose{Perm: []int{1, 2, 0}}, []*accel.Tensor{ramp(2, 1, 3)}, tensor(s(1, 3, 2), 0, 3, 1, 4, 2, 5)},
		{"concat", accel.Concat{Axis: 1}, []*accel.Tensor{ramp(2, 1), ramp(2, 2)}, tensor(s(2, 3), 0, 0, 1, 1, 2, 3)},
		{"slice backwards", accel.Slice{Axis: 0, Start: accel.Fixed(4), Count: accel.Fixed(3), Step: -2}, []*accel.Tensor{ramp(5)}, tensor(s(3), 4, 2, 0)},
		{"pad with a value", accel.Pad{Before: s(1), After: s(2), Mode: accel.PadConstant, Value: 9}, []*accel.Tensor{ramp(2)}, tensor(s(5), 9, 0, 1, 9, 9)},
		{"pad by reflection", accel.Pad{Before: s(2), After: s(2), Mode: accel.PadReflect}, []*accel.Tensor{ramp(3)}, tensor(s(7), 2, 1, 0, 1, 2, 1, 0)},
		{"pad with the edge", accel.Pad{Before: s(2), After: s(1), Mode: accel.PadEdge}, []*accel.Tensor{ramp(3)}, tensor(s(6), 0, 0, 0, 1, 2, 2)},
		{"gather from either end", accel.Gather{Axis: 1}, []*accel.Tensor{ramp(2, 3), tensor(s(2), 1, -1)}, tensor(s(2, 2), 1, 2, 4, 5)},
		{"gather one", accel.Gather{Axis: 0}, []*accel.Tensor{ramp(2, 3), tensor(s(), 1)}, tensor(s(3), 3, 4, 5)},
		{"expand", accel.Expand{To: accel.StaticShape(2, 2, 2)}, []*accel.Tensor{ramp(2, 1)}, tensor(s(2, 2, 2), 0, 0, 1, 1, 0, 0, 1, 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := plain.Eval(tt.op, tt.in)
			require.NoError(t, err)
			require.Len(t, out, 1)
			assert.Equal(t, tt.want.Shape, out[0].Shape)
			// One rounding to float32 of numbers below 100.
			testkit.Close(t, tt.op.Kind(), out[0].Data, tt.want.Data, 4e-6)
		})
	}
}

func unit2(n int) [2]int { return [2]int{n, n} }

func TestFunctionsOfOneValue(t *testing.T) {
	tests := []struct {
		op      accel.Map
		x, want []float32
	}{
		{accel.Map{Fn: accel.Relu}, []float32{-1, 2, nan, -inf}, []float32{0, 2, nan, 0}},
		{accel.Map{Fn: accel.LeakyRelu, A: 0.5}, []float32{-2, 2, nan}, []float32{-1, 2, nan}},
		{accel.Map{Fn: accel.Elu, A: 2}, []float32{-inf, 1, -1}, []float32{-2, 1, -1.2642411}},
		{accel.Map{Fn: accel.Clip, A: 0, B: 6}, []float32{-1, 7, 3, nan}, []float32{0, 6, 3, nan}},
		{accel.Map{Fn: accel.Sigmoid}, []float32{0, -inf, inf, 1}, []float32{0.5, 0, 1, 0.7310586}},
		{accel.Map{Fn: accel.HardSigmoid, A: 0.2, B: 0.5}, []float32{-10, 10, 1}, []float32{0, 1, 0.7}},
		{accel.Map{Fn: accel.HardSwish}, []float32{-3, 3, 1, 0}, []float32{0, 3, 0.6666667, 0}},
		{accel.Map{Fn: accel.Silu}, []float32{0, 1}, []float32{0, 0.7310586}},
		{accel.Map{Fn: accel.Tanh}, []float32{0, 1, inf}, []float32{0, 0.7615942, 1}},
		{accel.Map{Fn: accel.Gelu}, []float32{0, 1, -1}, []float32{0, 0.8413447, -0.1586553}},
		{accel.Map{Fn: accel.GeluTanh}, []float32{0, 1, -1}, []float32{0, 0.8411920, -0.1588080}},
		{accel.Map{Fn: accel.Erf}, []float32{0, 1}, []float32{0, 0.8427008}},
		{accel.Map{Fn: accel.Exp}, []float32{0, 1, -inf}, []float32{1, math.E, 0}},
		{accel.Map{Fn: accel.Log}, []float32{1, 0, -1}, []float32{0, -inf, nan}},
		{accel.Map{Fn: accel.Sqrt}, []float32{9, -1}, []float32{3, nan}},
		{accel.Map{Fn: accel.Reciprocal}, []float32{4, 0}, []float32{0.25, inf}},
		{accel.Map{Fn: accel.Neg}, []float32{4, -1}, []float32{-4, 1}},
		{accel.Map{Fn: accel.Abs}, []float32{4, -1}, []float32{4, 1}},
		{accel.Map{Fn: accel.Floor}, []float32{1.5, -1.5}, []float32{1, -2}},
		{accel.Map{Fn: accel.Ceil}, []float32{1.5, -1.5}, []float32{2, -1}},
		{accel.Map{Fn: accel.Round}, []float32{0.5, 1.5, -2.5}, []float32{0, 2, -2}},
		{accel.Map{Fn: accel.Trunc}, []float32{1.5, -1.5}, []float32{1, -1}},
		{accel.Map{Fn: accel.Softplus}, []float32{0, 100, -100}, []float32{math.Ln2, 100, 0}},
		{accel.Map{Fn: accel.Not}, []float32{0, 2, nan}, []float32{1, 0, 0}},
		{accel.Map{Fn: accel.Affine, A: 2, B: 1}, []float32{3}, []float32{7}},
	}
	seen := map[accel.MapFn]bool{}
	for _, tt := range tests {
		seen[tt.op.Fn] = true
		t.Run(tt.op.Kind(), func(t *testing.T) {
			out, err := plain.Eval(tt.op, []*accel.Tensor{tensor(s(len(tt.x)), tt.x...)})
			require.NoError(t, err)
			testkit.Close(t, tt.op.Kind(), out[0].Data, tt.want, 1e-6)
		})
	}
	assert.Len(t, seen, len(accel.MapFns()), "every function has a case")
}

func TestFunctionsOfTwoValues(t *testing.T) {
	tests := []struct {
		fn         accel.BinaryFn
		a, b, want []float32
	}{
		{accel.Add, []float32{1, inf}, []float32{2, -inf}, []float32{3, nan}},
		{accel.Sub, []float32{1}, []float32{2}, []float32{-1}},
		{accel.Mul, []float32{3, 0}, []float32{2, inf}, []float32{6, nan}},
		{accel.Div, []float32{3, 1}, []float32{2, 0}, []float32{1.5, inf}},
		{accel.Pow, []float32{3, -8}, []float32{2, 0.5}, []float32{9, nan}},
		{accel.Min, []float32{3, -inf, 1}, []float32{2, nan, 4}, []float32{2, nan, 1}},
		{accel.Max, []float32{3, nan, 1}, []float32{2, inf, 4}, []float32{3, nan, 4}},
		{accel.Mod, []float32{7, -7, 7, 6}, []float32{3, 3, -3, 3}, []float32{1, 2, -2, 0}},
		{accel.Equal, []float32{1, nan}, []float32{1, nan}, []float32{1, 0}},
		{accel.Less, []float32{1, 2, 3}, []float32{2, 2, 2}, []float32{1, 0, 0}},
		{accel.LessEqual, []float32{1, 2, 3}, []float32{2, 2, 2}, []float32{1, 1, 0}},
		{accel.Greater, []float32{1, 2, 3}, []float32{2, 2, 2}, []float32{0, 0, 1}},
		{accel.GreaterEqual, []float32{1, 2, 3}, []float32{2, 2, nan}, []float32{0, 1, 0}},
		{accel.And, []float32{1, 2}, []float32{0, -2}, []float32{0, 1}},
		{accel.Or, []float32{1, 0}, []float32{0, 0}, []float32{1, 0}},
		{accel.PRelu, []float32{-2, 2, nan}, []float32{0.5, 0.5, 0.5}, []float32{-1, 2, nan}},
	}
	seen := map[accel.BinaryFn]bool{}
	for _, tt := range tests {
		seen[tt.fn] = true
		t.Run(string(tt.fn), func(t *testing.T) {
			out, err := plain.Eval(accel.Binary{Fn: tt.fn}, []*accel.Tensor{tensor(s(len(tt.a)), tt.a...), tensor(s(len(tt.b)), tt.b...)})
			require.NoError(t, err)
			testkit.Close(t, string(tt.fn), out[0].Data, tt.want, 0)
		})
	}
	assert.Len(t, seen, len(accel.BinaryFns()), "every function has a case")
}

func TestEvalRefusesWhatCannotBeComputed(t *testing.T) {
	tests := []struct {
		name string
		op   accel.Op
		in   []*accel.Tensor
		want string
	}{
		{"index past the end", accel.Gather{}, []*accel.Tensor{ramp(3), tensor(s(1), 3)}, "op Gather: index 3 is outside an axis of 3"},
		{"index before the start", accel.Gather{}, []*accel.Tensor{ramp(3), tensor(s(1), -4)}, "op Gather: index -4 is outside an axis of 3"},
		{"fractional index", accel.Gather{}, []*accel.Tensor{ramp(3), tensor(s(1), 0.5)}, "op Gather: index 0.5 is not a whole number"},
		{"NaN index", accel.Gather{}, []*accel.Tensor{ramp(3), tensor(s(1), nan)}, "op Gather: index NaN is not a whole number"},
		{"infinite index", accel.Gather{}, []*accel.Tensor{ramp(3), tensor(s(1), -inf)}, "op Gather: index -Inf is outside an axis of 3"},
		{"missing values", accel.Map{Fn: accel.Relu}, []*accel.Tensor{{Shape: s(4), Data: make([]float32, 3)}}, "op Relu: operand 0: 3 values for shape [4]"},
		{"shapes", accel.Binary{Fn: accel.Add}, []*accel.Tensor{ramp(3), ramp(2)}, "op Add: [3] and [2] do not broadcast: 3 against 2"},
		{"an extent that is not fixed", accel.Expand{To: accel.BatchShape(3)}, []*accel.Tensor{ramp(3)}, "op Expand: result [N 3] depends on the number of rows"},
		{"size", accel.Expand{To: accel.StaticShape(1<<30, 3)}, []*accel.Tensor{ramp(3)}, "op Expand: result [1073741824 3] has more than 2^31-4096 elements"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := plain.Eval(tt.op, tt.in)
			require.EqualError(t, err, tt.want)
		})
	}
}

func ExampleEval() {
	x := accel.TensorOf([]float32{1, 2, 3, 4}, 2, 2)
	out, err := plain.Eval(accel.MatMul{Alpha: 1, TransB: true}, []*accel.Tensor{x, x})
	fmt.Println(out[0].Shape, out[0].Data, err)
	// Output: [2 2] [5 11 11 25] <nil>
}
