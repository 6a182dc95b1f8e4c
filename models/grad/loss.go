package grad

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// crossEntropy adds the mean over rows of -sum(target*log softmax(logits)) to the
// graph. Each row subtracts its own maximum, so no row can overflow another.
func crossEntropy(logits, target *G.Node) (*G.Node, error) {
	grad := &op{name: "crossentropy.dlogits", dims: []int{2, 2}, outDims: 2, shape: sameAs(0), run: crossEntropyGrad}
	loss := &op{name: "crossentropy", dims: []int{2, 2}, data: 1, run: crossEntropyLoss,
		shape: func([]tensor.Shape) tensor.Shape { return tensor.ScalarShape() }}
	// The incoming gradient is that of the whole cost, which is this node: one.
	loss.diff = func(in G.Nodes, _, _ *G.Node) (G.Nodes, error) {
		g, err := G.ApplyOp(grad, in[0], in[1])
		return G.Nodes{g, nil}, err
	}
	return G.ApplyOp(loss, logits, target)
}

func crossEntropyLoss(out []float32, in []operand) {
	rows, classes := in[0].shape[0], in[0].shape[1]
	var sum float64
	for r := range rows {
		z, t := in[0].data[r*classes:(r+1)*classes], in[1].data[r*classes:(r+1)*classes]
		norm := logSumExp(z)
		for k, v := range z {
			sum -= float64(t[k]) * (float64(v) - norm)
		}
	}
	out[0] = float32(sum / float64(rows))
}

// crossEntropyGrad is (softmax(logits)*sum(target) - target) / rows.
func crossEntropyGrad(out []float32, in []operand) {
	rows, classes := in[0].shape[0], in[0].shape[1]
	for r := range rows {
		z, t := in[0].data[r*classes:(r+1)*classes], in[1].data[r*classes:(r+1)*classes]
		norm, mass := logSumExp(z), 0.0
		for _, v := range t {
			mass += float64(v)
		}
		for k, v := range z {
			out[r*classes+k] = float32((math.Exp(float64(v)-norm)*mass - float64(t[k])) / float64(rows))
		}
	}
}

func logSumExp(z []float32) float64 {
	top := math.Inf(-1)
	for _, v := range z {
		top = math.Max(top, float64(v))
	}
	var sum float64
	for _, v := range z {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
