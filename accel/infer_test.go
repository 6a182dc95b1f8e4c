package accel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	n1   = RowsDim()
	n4   = Dim{PerRow: 4}
	unit = [2]int{1, 1}
)

func TestInferReturnsShapesForEveryRowCount(t *testing.T) {
	tests := []struct {
		name string
		op   Op
		in   []Shape
		want Shape
	}{
		{"conv keeps the size under same padding", Conv{unit, unit, [4]int{1, 1, 1, 1}, 1},
			[]Shape{BatchShape(3, 32, 32), StaticShape(16, 3, 3, 3), StaticShape(16)}, BatchShape(16, 32, 32)},
		{"conv halves by stride and rounds down", Conv{[2]int{2, 2}, unit, [4]int{1, 1, 1, 1}, 1},
			[]Shape{BatchShape(16, 33, 32), StaticShape(8, 16, 3, 3)}, BatchShape(8, 17, 16)},
		{"depthwise dilated conv on windows", Conv{unit, [2]int{2, 2}, [4]int{}, 6},
			[]Shape{{n4, Fixed(6), Fixed(7), Fixed(7)}, StaticShape(6, 1, 3, 3), nil}, Shape{n4, Fixed(6), Fixed(3), Fixed(3)}},
		{"max pool rounds up into the right padding", Pool{PoolMax, [2]int{3, 3}, [2]int{2, 2}, unit, [4]int{}, true, false},
			[]Shape{BatchShape(4, 6, 7)}, BatchShape(4, 3, 3)},
		{"a rounded up window never starts past the end", Pool{PoolMax, unit, [2]int{2, 2}, unit, [4]int{0, 0, 1, 1}, true, false},
			[]Shape{BatchShape(4, 3, 4)}, BatchShape(4, 2, 2)},
		{"dense layer with bias", MatMul{TransB: true, Alpha: 1, Beta: 1},
			[]Shape{BatchShape(64), StaticShape(10, 64), StaticShape(10)}, BatchShape(10)},
		{"attention scores broadcast heads", MatMul{Alpha: 1},
			[]Shape{BatchShape(2, 5, 8), StaticShape(1, 8, 5)}, BatchShape(2, 5, 5)},
		{"attention over windows", MatMul{TransA: true},
			[]Shape{{n4, Fixed(8), Fixed(5)}, {n4, Fixed(8), Fixed(6)}}, Shape{n4, Fixed(5), Fixed(6)}},
		{"scores between rows", MatMul{TransB: true, Alpha: 1}, []Shape{BatchShape(8), BatchShape(8)}, Shape{n1, n1}},
		{"binary broadcasts channels", Binary{Mul}, []Shape{BatchShape(8, 4, 4), BatchShape(8, 1, 1)}, BatchShape(8, 4, 4)},
		{"binary aligns at the last axis", Binary{Add}, []Shape{StaticShape(4), BatchShape(3, 4)}, BatchShape(3, 4)},
		{"one broadcasts to the batch", Binary{Add}, []Shape{StaticShape(1, 4), BatchShape(1)}, BatchShape(4)},
		{"a scalar fits everything", Binary{Pow}, []Shape{BatchShape(3), {}}, BatchShape(3)},
		{"where broadcasts all three", Where{}, []Shape{StaticShape(3, 1), BatchShape(1, 4), {}}, BatchShape(3, 4)},
		{"norm of images", Norm{Eps: 1e-5},
			[]Shape{BatchShape(3, 4, 4), StaticShape(3), StaticShape(3), StaticShape(3), StaticShape(3)}, BatchShape(3, 4, 4)},
		{"layer norm without bias", LayerNorm{Axis: 2, Eps: 1e-5}, []Shape{BatchShape(5, 8), StaticShape(8)}, BatchShape(5, 8)},
		{"mean over positions", Reduce{ReduceMean, []int{2, 3}, false}, []Shape{BatchShape(8, 4, 4)}, BatchShape(8)},
		{"mean over positions keeping them", Reduce{ReduceMean, []int{2, 3}, true}, []Shape{BatchShape(8, 4, 4)}, BatchShape(8, 1, 1)},
		{"rows move into windows", Reshape{Shape{n4, Fixed(16), Fixed(8)}}, []Shape{BatchShape(64, 8)}, Shape{n4, Fixed(16), Fixed(8)}},
		{"windows move back into rows", Reshape{BatchShape(64, 8)}, []Shape{{n4, Fixed(16), Fixed(8)}}, BatchShape(64, 8)},
		{"flatten", Reshape{BatchShape(128)}, []Shape{BatchShape(8, 4, 4)}, BatchShape(128)},
		{"flatten everything", Reshape{Shape{{PerRow: 12}}}, []Shape{BatchShape(3, 4)}, Shape{{PerRow: 12}}},
		{"transpose", Transpose{[]int{0, 2, 3, 1}}, []Shape{BatchShape(3, 5, 7)}, BatchShape(5, 7, 3)},
		{"concat channels", Concat{1}, []Shape{BatchShape(3, 4), BatchShape(5, 4)}, BatchShape(8, 4)},
		{"concat rows", Concat{0}, []Shape{BatchShape(4), StaticShape(1, 4)}, Shape{{1, 1}, Fixed(4)}},
		{"every second column", Slice{2, Fixed(0), Fixed(4), 2}, []Shape{BatchShape(3, 8)}, BatchShape(3, 4)},
		{"backwards", Slice{1, Fixed(2), Fixed(3), -1}, []Shape{BatchShape(3)}, BatchShape(3)},
		{"all rows but the first", Slice{0, Fixed(1), Dim{1, -1}, 1}, []Shape{BatchShape(3)}, Shape{{1, -1}, Fixed(3)}},
		{"an empty slice", Slice{1, Fixed(9), Fixed(0), 1}, []Shape{BatchShape(3)}, BatchShape(0)},
		{"zero padding of channels", Pad{[]int{0, 4}, []int{0, 4}, PadConstant, 0}, []Shape{BatchShape(16)}, BatchShape(24)},
		{"class token", Gather{1}, []Shape{BatchShape(5, 8), {}}, BatchShape(8)},
		{"embedding", Gather{0}, []Shape{StaticShape(100, 8), BatchShape(3)}, BatchShape(3, 8)},
		{"expand to the batch", Expand{BatchShape(1, 8)}, []Shape{StaticShape(1, 1, 8)}, BatchShape(1, 8)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.op.Infer(tt.in)
			require.NoError(t, err)
			require.Len(t, got, 1)
			assert.True(t, tt.want.Equal(got[0]), "got %v, want %v", got[0], tt.want)
		})
	}
}

func TestInferNamesTheOperandThatDoesNotFit(t *testing.T) {
	vec := StaticShape(3)
	tests := []struct {
		name string
		op   Op
		in   []Shape
		want string
	}{
		{"missing operand", Binary{Add}, []Shape{BatchShape(3)}, "1 operands given, want 2"},
		{"channels", Conv{unit, unit, [4]int{}, 1}, []Shape{BatchShape(4, 8, 8), StaticShape(8, 3, 1, 1)},
			"x [N 4 8 8] has 4 channels, w [8 3 1 1] with 1 groups wants 3"},
		{"groups", Conv{unit, unit, [4]int{}, 3}, []Shape{BatchShape(9, 8, 8), StaticShape(8, 3, 1, 1)},
			"8 output channels do not divide into 3 groups"},
		{"kernel larger than image", Conv{unit, unit, [4]int{}, 1}, []Shape{BatchShape(3, 4, 4), StaticShape(8, 3, 7, 7)},
			"rows of x [N 3 4 4]: window of 7 does not fit extent 4 padded by 0 and 0"},
		{"stride of zero", Pool{Fn: PoolMax, Kernel: unit, Dilation: unit}, []Shape{BatchShape(3, 4, 4)},
			"rows of x [N 3 4 4]: kernel 1, stride 0, dilation 1: each must be 1 or more"},
		{"negative padding", Conv{unit, unit, [4]int{-1, 0, 0, 0}, 1}, []Shape{BatchShape(3, 4, 4), StaticShape(8, 3, 1, 1)},
			"rows of x [N 3 4 4]: padding -1 before, 0 after: must not be negative"},
		{"inner extents", MatMul{}, []Shape{BatchShape(4), StaticShape(5, 6)},
			"a [N 4] and b [5 6] do not share an inner extent: 4 against 5"},
		{"batch against a number", Binary{Add}, []Shape{BatchShape(3), StaticShape(64, 3)},
			"[N 3] and [64 3] do not broadcast: N against 64"},
		{"norm parameters", Norm{}, []Shape{BatchShape(3, 2), vec, vec, StaticShape(4), vec},
			"mean [4] does not hold one value per channel, want [3]"},
		{"reshape that fits one batch only", Reshape{StaticShape(2, 32)}, []Shape{BatchShape(32)},
			"reshape [N 32] to [2 32]: different numbers of elements"},
		{"reshape overflow", Reshape{StaticShape(1<<20, 1<<20)}, []Shape{BatchShape(32)},
			"reshape [N 32] to [1048576 1048576]: more elements than a device can index"},
		{"permutation", Transpose{[]int{0, 0}}, []Shape{BatchShape(3)}, "perm [0 0] is not a permutation of the axes of x [N 3]"},
		{"concat", Concat{1}, []Shape{BatchShape(3, 4), BatchShape(3, 5)}, "operand 1 [N 3 5] differs from operand 0 [N 3 4] outside axis 1"},
		{"slice past one row", Slice{0, Fixed(1), Fixed(1), 1}, []Shape{BatchShape(3)}, "slice of 1 from 1 in steps of 1 leaves axis 0 of x [N 3]"},
		{"reflection", Pad{[]int{0, 3}, []int{0, 0}, PadReflect, 0}, []Shape{BatchShape(3)}, "axis 1 of x [N 3]: reflecting 3 elements needs more than 3"},
		{"expand shrinks", Expand{StaticShape(1, 3)}, []Shape{BatchShape(3)}, "[N 3] does not broadcast to [1 3]"},
		{"axis", Softmax{Axis: 2}, []Shape{BatchShape(3)}, "axis 2 is outside x [N 3]"},
		{"function", Map{Fn: "Sin"}, []Shape{BatchShape(3)}, `no function of one value is called "Sin"`},
		{"reduction axes", Reduce{ReduceSum, []int{1, 1}, false}, []Shape{BatchShape(3)}, "axes [1 1] are not sorted and distinct"},
		{"negative extent", Map{Fn: Relu}, []Shape{{Fixed(-1)}}, "operand 0 [-1]: extent -1 of axis 0 is out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.op.Infer(tt.in)
			require.EqualError(t, err, tt.want)
		})
	}
}

func TestKindNamesTheFunctionWhereOneTypeHasMany(t *testing.T) {
	assert.Equal(t, "Relu", Map{Fn: Relu}.Kind())
	assert.Equal(t, "PRelu", Binary{Fn: PRelu}.Kind())
	assert.Equal(t, "AveragePool", Pool{Fn: PoolAverage}.Kind())
	assert.Equal(t, "ReduceL2", Reduce{Fn: ReduceL2}.Kind())
	assert.Equal(t, "LogSoftmax", Softmax{Log: true}.Kind())
}
