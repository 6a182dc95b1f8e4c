package acceltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// productCases has sizes on both sides of where devices commonly cut products:
// tiles of 64 rows and columns, 16 of the depth at a time, 8 rows or fewer, and a
// long depth of few results, which several groups may share.
func productCases() []opCase {
	dense := accel.MatMul{TransB: true, Alpha: 1, Beta: 1}
	return []opCase{
		{"a full tile", accel.MatMul{Alpha: 1}, []operand{static(64, 16), static(16, 64)}, 16},
		{"a tile and one more", dense, []operand{static(65, 17), static(65, 17), static(65)}, 17},
		{"nine rows, transposed", accel.MatMul{TransA: true, Alpha: 2, Beta: 0.5}, []operand{static(33, 9), static(33, 66), static(9, 1)}, 33},
		{"eight rows", accel.MatMul{Alpha: 1, Beta: 2}, []operand{static(8, 40), static(40, 33), static()}, 40},
		{"eight rows, transposed", accel.MatMul{TransA: true, TransB: true, Alpha: 1}, []operand{static(31, 8), static(9, 31)}, 31},
		{"eight rows, full c", accel.MatMul{Alpha: 1, Beta: -1}, []operand{static(8, 7), static(7, 32), static(8, 32)}, 8},
		{"a stack of tiles", accel.MatMul{Alpha: 1, Beta: 1}, []operand{batch(2, 9, 5), static(2, 5, 7), batch(1, 9, 7)}, 5},
		{"a stack of two axes", accel.MatMul{TransB: true, Alpha: 0.5}, []operand{batch(1, 3, 10, 4), batch(2, 1, 6, 4)}, 4},
		{"tokens", accel.MatMul{Alpha: 1, Beta: 1}, []operand{batch(13, 20), static(20, 30), static(30)}, 20},
		{"tokens of one row", accel.MatMul{Alpha: 1, Beta: 1}, []operand{static(12, 1, 20), static(20, 3), static(12, 1, 3)}, 20},
		{"nine rows, no depth", accel.MatMul{Alpha: 1, Beta: 1}, []operand{static(9, 0), static(0, 3), static(3)}, 1},
		{"in parts", accel.MatMul{TransB: true, Alpha: 2, Beta: 0.5}, []operand{static(10, 800), static(12, 800), static(12)}, 800},
		{"in two parts, scalar c", accel.MatMul{Alpha: 1, Beta: 2}, []operand{static(9, 512), static(512, 3), static(1, 1)}, 512},
		{"long, with a c for each row", accel.MatMul{Alpha: 1, Beta: 1}, []operand{static(9, 520), static(520, 3), static(9, 1)}, 520},
		{"a stack in parts", accel.MatMul{Alpha: 1}, []operand{batch(9, 520), batch(520, 2)}, 520},
		{"a tile of outputs and positions", accel.Conv{Stride: unit, Dilation: unit, Groups: 1}, []operand{batch(16, 8, 8), static(64, 16, 1, 1)}, 16},
		{"an output beyond a tile", conv3, []operand{batch(2, 3, 3), static(65, 2, 3, 3), static(65)}, 18},
		{"groups of 33 outputs", accel.Conv{Stride: same(2), Dilation: unit, Pad: [4]int{1, 0, 0, 1}, Groups: 2}, []operand{batch(4, 5, 5), static(66, 2, 3, 3), static(66)}, 18},
		{"groups of 32 outputs", accel.Conv{Stride: unit, Dilation: unit, Groups: 2}, []operand{batch(10, 5, 9), static(64, 5, 2, 2), static(64)}, 20},
		{"groups of 16 outputs", accel.Conv{Stride: unit, Dilation: unit, Groups: 2}, []operand{batch(4, 3, 2), static(32, 2, 2, 1), static(32)}, 4},
		{"as many groups as taps", accel.Conv{Stride: unit, Dilation: unit, Groups: 4}, []operand{batch(8, 4, 5), static(12, 2, 2, 2)}, 8},
		{"groups of 15 outputs", accel.Conv{Stride: unit, Dilation: unit, Groups: 2}, []operand{batch(4, 3, 2), static(30, 2, 2, 1)}, 4},
		{"outputs in parts", conv3, []operand{batch(57, 2, 3), static(40, 57, 3, 3), static(40)}, 513},
		{"groups in parts", accel.Conv{Stride: unit, Dilation: unit, Groups: 2}, []operand{batch(256, 2, 3), static(64, 128, 2, 2), static(64)}, 512},
		{"one window", accel.Conv{Stride: unit, Dilation: same(3), Groups: 1}, []operand{batch(3, 1, 4), static(6, 3, 1, 1), static(6)}, 3},
		{"the whole image", accel.Conv{Stride: same(2), Dilation: unit, Groups: 1}, []operand{batch(3, 4, 5), static(6, 3, 4, 5), static(6)}, 60},
		{"the whole image but for padding", accel.Conv{Stride: same(9), Dilation: unit, Pad: [4]int{0, 1, 0, 0}, Groups: 1}, []operand{batch(2, 2, 3), static(3, 2, 2, 3)}, 12},
		{"depthwise, four rows", accel.Conv{Stride: unit, Dilation: unit, Pad: [4]int{1, 1, 1, 1}, Groups: 3}, []operand{batch(3, 4, 3), static(3, 1, 3, 3)}, 9},
		{"depthwise, five rows apart", accel.Conv{Stride: [2]int{2, 1}, Dilation: same(2), Pad: [4]int{2, 2, 2, 2}, Groups: 2}, []operand{batch(2, 9, 4), static(4, 1, 3, 3), static(4)}, 9},
	}
}

// finished are operators whose kernels commonly finish their result, with an input of
// which they make so many values a row that every way of computing them is met.
func finished() []opCase {
	return []opCase{
		{"convolution", conv3, []operand{batch(3, 3, 4), static(33, 3, 3, 3), static(33)}, 27},
		{"convolution to few channels", conv3, []operand{batch(3, 5, 4), static(5, 3, 3, 3), static(5)}, 27},
		{"deep convolution", conv3, []operand{batch(60, 3, 3), static(4, 60, 3, 3), static(4)}, 540},
		{"depthwise", accel.Conv{Stride: unit, Dilation: unit, Groups: 3}, []operand{batch(3, 6, 4), static(3, 1, 2, 2), static(3)}, 8},
		{"squeezed", accel.Conv{Stride: unit, Dilation: unit, Groups: 1}, []operand{batch(9, 1, 1), static(7, 9, 1, 1), static(7)}, 9},
		{"rows", accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, []operand{batch(20), static(9, 20), static(9)}, 20},
		{"tokens", accel.MatMul{Alpha: 1, Beta: 1}, []operand{batch(10, 20), static(20, 9), static(9)}, 20},
		{"norm", accel.Norm{Eps: 1e-3}, []operand{batch(3, 5, 4), static(3), static(3), static(3), static(3).filled(Positive)}, 8},
		{"deep tokens", accel.MatMul{Alpha: 1, Beta: 1}, []operand{batch(10, 520), static(520, 9), static(9)}, 520},
	}
}

// activations are what networks commonly put behind such operators.
func activations() []accel.Map {
	return []accel.Map{
		{}, {Fn: accel.Relu}, {Fn: accel.LeakyRelu, A: 0.1}, {Fn: accel.Clip, A: -0.5, B: 0.75},
		{Fn: accel.HardSigmoid, A: 0.2, B: 0.5}, {Fn: accel.HardSwish}, {Fn: accel.Sigmoid}, {Fn: accel.Silu},
	}
}

// runFinished adds another value to a result and applies a function to the sum.
func runFinished(t *testing.T, open Open) {
	d := opened(t, open)
	for _, c := range finished() {
		t.Run(c.name, func(t *testing.T) {
			random := seeded(t.Name())
			r := newRunner(t, d)
			defer r.close()
			for _, act := range activations() {
				p := finishedProgram(random, c, act)
				e := r.compile(p, 9)
				for _, rows := range []int{9, 1} {
					r.compare(e, rows, inputsOf(p, rows, random), nil, max(c.depth, 8))
				}
				require.NoError(t, e.Close())
			}
		})
	}
}

// finishedProgram has weights that make sums near 1: a function keeps a large sum
// small, but not the error it has by then.
func finishedProgram(random *rand.Rand, c opCase, act accel.Map) *accel.Program {
	b := &Builder{}
	ids := []accel.ValueID{b.Input(c.in[0].shape)}
	_, norm := c.op.(accel.Norm)
	for k, o := range c.in[1:] {
		constant := o.fill.tensor(random, o.shape.At(0)...)
		if k == 0 && !norm {
			for i := range constant.Data {
				constant.Data[i] /= float32(math.Sqrt(float64(c.depth)))
			}
		}
		ids = append(ids, b.Const(constant))
	}
	y := b.Step(c.op, ids...)
	y = b.Step(accel.Binary{Fn: accel.Add}, y, b.Input(b.Shape(y)))
	if act.Fn != "" {
		y = b.Step(act, y)
	}
	return b.Program(y)
}
