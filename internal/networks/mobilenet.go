package networks

import "ttad/models/onnx"

// inverted is a stage of MobileNetV2: blocks that widen their input, filter every
// channel by itself and narrow the result.
type inverted struct{ widen, out, blocks, stride int }

var mobileStages = []inverted{
	{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
}

// MobileNetV2 is that network at width 1 for images of 224 by 224 pixels (Sandler
// et al. 2018, arXiv:1801.04381, table 2).
func MobileNetV2() *onnx.Model {
	net := newNetwork("mobilenet_v2", 3, 224, 224)
	x, in := net.bounded("input", convolution{3, 32, 3, 2, 1}), 32
	for _, s := range mobileStages {
		for i := range s.blocks {
			stride := s.stride
			if i > 0 {
				stride = 1
			}
			x, in = net.bottleneck(x, in, s, stride), s.out
		}
	}
	const features = 1280
	return net.classify(net.bounded(x, convolution{in, features, 1, 1, 1}), features, 1000)
}

// bottleneck is one block; a shortcut goes round it where shapes allow.
func (n *network) bottleneck(x string, in int, s inverted, stride int) string {
	y, wide := x, in*s.widen
	if s.widen > 1 {
		y = n.bounded(y, convolution{in, wide, 1, 1, 1})
	}
	y = n.bounded(y, convolution{wide, wide, 3, stride, wide})
	y = n.norm(n.conv(y, convolution{wide, s.out, 1, 1, 1}), s.out)
	if in == s.out && stride == 1 {
		return n.add(x, y)
	}
	return y
}

// bounded is a convolution, its norm and a ReLU that ends at 6.
func (n *network) bounded(x string, c convolution) string {
	y := n.norm(n.conv(x, c), c.out)
	return n.apply("Clip", []string{y, n.scalar(0), n.scalar(6)})
}
