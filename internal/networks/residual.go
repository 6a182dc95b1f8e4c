package networks

import "ttad/models/onnx"

// ResNet18 is the 18-layer residual network for images of 224 by 224 pixels (He et
// al. 2016, arXiv:1512.03385).
func ResNet18() *onnx.Model {
	net := newNetwork("resnet18", 3, 224, 224)
	x := net.relu(net.norm(net.conv("input", convolution{3, 64, 7, 2, 1}), 64))
	x = net.apply("MaxPool", []string{x}, window(3, 2, 1)...)
	return net.residual(x, 2, []int{64, 64, 128, 256, 512}, 1000)
}

// ResNet20 is the one of 20 layers for 32 by 32 pixels (as ResNet18), with 1x1
// convolutions where a shortcut changes shape.
func ResNet20() *onnx.Model {
	net := newNetwork("resnet20", 3, 32, 32)
	x := net.relu(net.norm(net.conv("input", convolution{3, 16, 3, 1, 1}), 16))
	return net.residual(x, 3, []int{16, 16, 32, 64}, 10)
}

// Smallest has a convolution, its norm and a ReLU over 4 by 4 pixels: a classifier
// whose rows take no time.
func Smallest() *onnx.Model {
	net := newNetwork("smallest", 3, 4, 4)
	return net.classify(net.relu(net.norm(net.conv("input", convolution{3, 8, 3, 1, 1}), 8)), 8, 10)
}

// residual appends stages of blocks, of widths[1:] channels each, and the head;
// widths[0] is x's.
func (n *network) residual(x string, blocks int, widths []int, classes int) *onnx.Model {
	for stage, out := range widths[1:] {
		in, stride := widths[stage], 2
		if stage == 0 {
			stride = 1
		}
		for range blocks {
			x = n.block(x, in, out, stride)
			in, stride = out, 1
		}
	}
	return n.classify(x, widths[len(widths)-1], classes)
}

// block is two 3x3 convolutions beside a shortcut.
func (n *network) block(x string, in, out, stride int) string {
	y := n.relu(n.norm(n.conv(x, convolution{in, out, 3, stride, 1}), out))
	y = n.norm(n.conv(y, convolution{out, out, 3, 1, 1}), out)
	if in != out {
		x = n.norm(n.conv(x, convolution{in, out, 1, stride, 1}), out)
	}
	return n.relu(n.add(y, x))
}
