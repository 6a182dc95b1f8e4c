package networks

import (
	"math"

	"ttad/models/onnx"
)

// transformer is the extents of a vision transformer.
type transformer struct{ side, patch, width, heads, layers, classes int }

// VisionTiny is ViT-Tiny (Dosovitskiy et al. 2021, arXiv:2010.11929, in the size
// of Touvron et al. 2021, arXiv:2012.12877) for images of 224 by 224 pixels.
func VisionTiny() *onnx.Model {
	return transformer{side: 224, patch: 16, width: 192, heads: 3, layers: 12, classes: 1000}.model()
}

func (t transformer) model() *onnx.Model {
	n := newNetwork("vit", 3, t.side, t.side)
	x := t.embed(n)
	for range t.layers {
		x = n.add(x, t.attention(n, n.layerNorm(x, t.width)))
		x = n.add(x, t.feedForward(n, n.layerNorm(x, t.width)))
	}
	x = n.layerNorm(x, t.width)
	first := n.apply("Slice", []string{x, n.integers(0), n.integers(1), n.integers(1), n.integers(1)})
	first = n.apply("Flatten", []string{first}, onnx.IntAttr("axis", 1))
	return n.returns(n.dense(first, t.width, t.classes), t.classes)
}

// tokens is one for every patch and one for the class.
func (t transformer) tokens() int { return 1 + t.side/t.patch*(t.side/t.patch) }

// embed makes a token of every patch. The class token is a row of zeros before
// them, for its values can be part of the positions that are added.
func (t transformer) embed(n *network) string {
	fan := float64(3 * t.patch * t.patch)
	weight := n.random(1/math.Sqrt(fan), t.width, 3, t.patch, t.patch)
	x := n.apply("Conv", []string{"input", weight, n.random(0.1, t.width)},
		window(t.patch, t.patch, 0, onnx.IntsAttr("dilations", 1, 1), onnx.IntAttr("group", 1))...)
	x = n.apply("Reshape", []string{x, n.integers(0, int64(t.width), -1)})
	x = n.apply("Transpose", []string{x}, onnx.IntsAttr("perm", 0, 2, 1))
	x = n.apply("Pad", []string{x, n.integers(0, 1, 0, 0, 0, 0)})
	return n.add(x, n.random(0.5, 1, t.tokens(), t.width))
}

// attention is every token's mixture of all tokens, head by head.
func (t transformer) attention(n *network, x string) string {
	width := t.width / t.heads
	part := func(perm ...int64) string {
		y := n.apply("Reshape", []string{n.linear(x, t.width, t.width), n.integers(0, 0, int64(t.heads), int64(width))})
		return n.apply("Transpose", []string{y}, onnx.IntsAttr("perm", perm...))
	}
	query, key, value := part(0, 2, 1, 3), part(0, 2, 3, 1), part(0, 2, 1, 3)
	scores := n.apply("MatMul", []string{query, key})
	scores = n.apply("Div", []string{scores, n.scalar(math.Sqrt(float64(width)))})
	scores = n.apply("Softmax", []string{scores}, onnx.IntAttr("axis", -1))
	y := n.apply("MatMul", []string{scores, value})
	y = n.apply("Transpose", []string{y}, onnx.IntsAttr("perm", 0, 2, 1, 3))
	y = n.apply("Reshape", []string{y, n.integers(0, 0, int64(t.width))})
	return n.linear(y, t.width, t.width)
}

func (t transformer) feedForward(n *network, x string) string {
	const widen = 4
	return n.linear(n.gelu(n.linear(x, t.width, widen*t.width)), widen*t.width, t.width)
}

// linear is a product with a constant matrix and a bias, as exporters write it for
// operands of more than two axes.
func (n *network) linear(x string, in, out int) string {
	y := n.apply("MatMul", []string{x, n.random(1/math.Sqrt(float64(in)), in, out)})
	return n.add(n.random(0.1, out), y)
}

// gelu is the exact one, in the operators exporters write it with.
func (n *network) gelu(x string) string {
	y := n.apply("Div", []string{x, n.scalar(math.Sqrt2)})
	y = n.add(n.apply("Erf", []string{y}), n.scalar(1))
	return n.apply("Mul", []string{n.apply("Mul", []string{x, y}), n.scalar(0.5)})
}

func (n *network) layerNorm(x string, width int) string {
	return n.apply("LayerNormalization", []string{x, n.random(1, width), n.random(0.1, width)},
		onnx.IntAttr("axis", -1), onnx.FloatAttr("epsilon", 1e-6))
}
