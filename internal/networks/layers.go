package networks

import (
	"fmt"
	"math"

	"ttad/models/onnx"
)

// Product multiplies rows of k values with a constant matrix [k n].
func Product(k, n int) *onnx.Model {
	net := newNetwork("product", k)
	y := net.apply("MatMul", []string{"input", net.random(1/math.Sqrt(float64(k)), k, n)})
	return net.returns(y, n)
}

// Nothing is what a call costs whose work takes no time: two values through a ReLU.
func Nothing() *onnx.Model {
	net := newNetwork("nothing", 2)
	return net.returns(net.relu("input"), 2)
}

// Stack is 3x3 convolutions of square planes behind each other, as many as a stage
// of ResNet-20 has. A single one would be measured together with bringing its
// operands into an engine's own layout and back, which a network does once.
type Stack struct{ channels, side int }

const stackDepth = 6

// Stacks are the stages of ResNet-20.
func Stacks() []Stack { return []Stack{{16, 32}, {32, 16}, {64, 8}} }

// Name says how many convolutions of what.
func (s Stack) Name() string {
	return fmt.Sprintf("%d convolutions 3×3, %d channels, %d×%d", stackDepth, s.channels, s.side, s.side)
}

// FLOPs is of a row.
func (s Stack) FLOPs() float64 {
	return 2 * stackDepth * float64(9*s.channels*s.channels*s.side*s.side)
}

// Model is the stack by itself.
func (s Stack) Model() *onnx.Model {
	net, x := newNetwork("stack", s.channels, s.side, s.side), "input"
	for range stackDepth {
		x = net.conv(x, convolution{s.channels, s.channels, 3, 1, 1})
	}
	return net.returns(net.apply("Flatten", []string{x}, onnx.IntAttr("axis", 1)), s.channels*s.side*s.side)
}

// Perceptron has dense layers of the given widths with random weights, and a
// BatchNormalization and a ReLU behind each but the last.
func Perceptron(widths ...int) *onnx.Model {
	last := len(widths) - 1
	net, x := newNetwork("perceptron", widths[0]), "input"
	for i, out := range widths[1:last] {
		x = net.relu(net.norm(net.dense(x, widths[i], out), out))
	}
	return net.returns(net.dense(x, widths[last-1], widths[last]), widths[last])
}
