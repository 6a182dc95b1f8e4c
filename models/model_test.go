package models_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/models"
	"ttad/models/onnx"
)

// random returns reproducible weights.
func random(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

func positive(seed uint64, n int) []float32 {
	out := random(seed, n)
	for i, v := range out {
		out[i] = 0.5 + v*v
	}
	return out
}

// smallCNN is Conv, BatchNormalization, Relu, global pool, Gemm: 2 channels of
// 4x4 in, 3 features, 4 classes. Without the norm the convolution has a bias
// with an exporter's number for a name, as after folding.
func smallCNN(t *testing.T, withNorm bool) *models.Graph {
	t.Helper()
	m := &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 17}}}
	g := &m.Graph
	g.Inputs = []onnx.ValueInfo{onnx.Float("x", -1, 2, 4, 4)}
	g.Outputs = []onnx.ValueInfo{onnx.Float("logits", -1, 4)}
	g.Initializers = []onnx.Tensor{
		onnx.FloatTensor("conv.weight", random(1, 3*2*3*3), 3, 2, 3, 3),
		onnx.FloatTensor("fc.weight", random(2, 4*3), 4, 3), onnx.FloatTensor("fc.bias", random(3, 4), 4),
	}
	conv := onnx.Node{Name: "conv", OpType: "Conv", Inputs: []string{"x", "conv.weight"}, Outputs: []string{"c"},
		Attrs: []onnx.Attribute{onnx.IntsAttr("pads", 1, 1, 1, 1)}}
	normed := "c"
	if withNorm {
		normed = "n"
		g.Nodes = []onnx.Node{conv, {Name: "bn", OpType: "BatchNormalization",
			Inputs: []string{"c", "bn.weight", "bn.bias", "bn.mean", "bn.var"}, Outputs: []string{"n"}}}
		for i, name := range []string{"bn.weight", "bn.bias", "bn.mean"} {
			g.Initializers = append(g.Initializers, onnx.FloatTensor(name, random(uint64(4+i), 3), 3))
		}
		g.Initializers = append(g.Initializers, onnx.FloatTensor("bn.var", positive(7, 3), 3))
	} else {
		conv.Inputs = append(conv.Inputs, "onnx::Conv_12")
		g.Initializers = append(g.Initializers, onnx.FloatTensor("onnx::Conv_12", random(8, 3), 3))
		g.Nodes = []onnx.Node{conv}
	}
	g.Nodes = append(g.Nodes,
		onnx.Node{Name: "relu", OpType: "Relu", Inputs: []string{normed}, Outputs: []string{"r"}},
		onnx.Node{Name: "pool", OpType: "GlobalAveragePool", Inputs: []string{"r"}, Outputs: []string{"p"}},
		onnx.Node{Name: "flatten", OpType: "Flatten", Inputs: []string{"p"}, Outputs: []string{"f"}},
		onnx.Node{Name: "fc", OpType: "Gemm", Inputs: []string{"f", "fc.weight", "fc.bias"}, Outputs: []string{"logits"},
			Attrs: []onnx.Attribute{onnx.IntAttr("transB", 1)}})
	graph, err := onnx.Import("small.onnx", onnx.Encode(m), onnx.Options{})
	require.NoError(t, err)
	return graph
}

// batch returns reproducible rows for smallCNN.
func batch(seed uint64, rows int) []*accel.Tensor {
	return []*accel.Tensor{accel.TensorOf(random(seed, rows*32), rows, 2, 4, 4)}
}

// session compiles a graph on the oracle and closes everything at the end.
func session(t *testing.T, g *models.Graph, d accel.Device, maxRows int) *models.Session {
	t.Helper()
	plan, err := models.NewPlan(g, []accel.Device{d}, maxRows)
	require.NoError(t, err)
	s, err := plan.NewSession()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, plan.Close())
		require.NoError(t, d.Close())
	})
	return s
}

// foldedCNN is smallCNN with its norm merged into the convolution: weights times
// gamma/sqrt(var+eps), a bias to match, no norm left.
func foldedCNN(t *testing.T) *models.Graph {
	t.Helper()
	g := smallCNN(t, false)
	n := smallCNN(t, true)
	bn := n.Program.Steps[n.Program.NormSteps[0]]
	value := func(i int) []float32 { return n.Program.Values[bn.In[i]].Const }
	gamma, beta, mean, variance := value(1), value(2), value(3), value(4)
	conv := g.Program.Steps[0]
	w, b := g.Program.Values[conv.In[1]].Const, g.Program.Values[conv.In[2]].Const
	for c := range gamma {
		scale := gamma[c] / float32(math.Sqrt(float64(variance[c]+1e-5)))
		for k := range 18 {
			w[c*18+k] *= scale
		}
		b[c] = beta[c] - mean[c]*scale
	}
	return g
}

// setSourceMoments makes the statistics stored in g's only norm those of rows,
// as if g had been trained on them, keeping what the norm computes: the folded
// twin has the stored moments in its weights.
func setSourceMoments(t *testing.T, g *models.Graph, rows *accel.Tensor) {
	t.Helper()
	r, err := plain.Run(g.Program, []*accel.Tensor{rows}, rows.Rows(), nil)
	require.NoError(t, err)
	bn := g.Program.Steps[g.Program.NormSteps[0]]
	value := func(i int) []float32 { return g.Program.Values[bn.In[i]].Const }
	gamma, beta, mean, variance := value(1), value(2), value(3), value(4)
	for c := range gamma {
		scale := float64(gamma[c]) / math.Sqrt(float64(variance[c])+1e-5)
		shift := float64(beta[c]) - float64(mean[c])*scale
		mean[c], variance[c] = r.Norms[0].Mean[c], r.Norms[0].Var[c]
		gamma[c] = float32(scale * math.Sqrt(float64(variance[c])+1e-5))
		beta[c] = float32(shift + float64(mean[c])*scale)
	}
}
