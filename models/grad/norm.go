package grad

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"ttad/accel"
)

// norm is one normalization node: y = gamma*(x-mean)/sqrt(variance+eps) + beta over
// axis 1. With batch set, mean and variance are those of the batch, and gradients
// run through them; otherwise they are constants.
type norm struct {
	name      string
	eps       float64
	batch     bool
	mean, std []float64 // of the last forward, one a channel
	variance  []float64 // biased
	count     int       // values a channel had
	run       running
}

// running are the moments that will be stored in the program: a moving average
// over training batches.
type running struct {
	mean, variance accel.ValueID
	m, v           []float32
}

func newNorm(name string, o accel.Norm, batch bool, r running) *norm {
	n := &norm{name: name, eps: float64(o.Eps), batch: batch, run: r}
	n.mean, n.std, n.variance = make([]float64, len(r.m)), make([]float64, len(r.m)), make([]float64, len(r.m))
	return n
}

// apply adds the node and its gradients to the graph.
func (n *norm) apply(x, gamma, beta *G.Node) (*G.Node, error) {
	d := x.Dims()
	forward := &op{name: n.name + ".norm", dims: []int{d, 1, 1}, outDims: d, shape: sameAs(0), run: n.forward}
	dx := &op{name: n.name + ".dx", dims: []int{d, 1, d}, outDims: d, shape: sameAs(0), run: n.gradX}
	dGamma := &op{name: n.name + ".dgamma", dims: []int{d, 1, d}, outDims: 1, shape: sameAs(1), run: n.gradGamma}
	dBeta := &op{name: n.name + ".dbeta", dims: []int{d, 1, d}, outDims: 1, shape: sameAs(1), run: n.gradBeta}
	forward.diff = func(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
		var out G.Nodes
		for _, o := range []*op{dx, dGamma, dBeta} {
			g, err := G.ApplyOp(o, in[0], in[1], grad)
			if err != nil {
				return nil, fmt.Errorf("differentiate %s: %w", n.name, err)
			}
			out = append(out, g)
		}
		return out, nil
	}
	return G.ApplyOp(forward, x, gamma, beta)
}

func (n *norm) forward(out []float32, in []operand) {
	x, gamma, beta := in[0], in[1].data, in[2].data
	n.count = x.perChannel()
	for c := range n.mean {
		n.moments(c, x)
		a := float32(float64(gamma[c]) / n.std[c])
		b := float32(float64(beta[c]) - n.mean[c]*float64(gamma[c])/n.std[c])
		x.channel(c, func(at, to int) {
			src, dst := x.data[at:to], out[at:to]
			for i, v := range src {
				dst[i] = a*v + b
			}
		})
	}
}

// moments sets what channel c is normalized with.
func (n *norm) moments(c int, x operand) {
	mean, variance := float64(n.run.m[c]), float64(n.run.v[c])
	if n.batch {
		mean, variance = x.moments(c)
	}
	n.mean[c], n.variance[c], n.std[c] = mean, variance, math.Sqrt(variance+n.eps)
}

// gradX is gamma/std * (dy - mean(dy) - xhat*mean(dy*xhat)) through batch moments,
// gamma/std * dy through constant ones.
func (n *norm) gradX(out []float32, in []operand) {
	x, gamma, dy := in[0], in[1].data, in[2].data
	count := float64(x.perChannel())
	for c := range n.mean {
		var meanDY, meanDYX float64
		if n.batch {
			sum, sumX := n.sums(c, x, dy)
			meanDY, meanDYX = sum/count, sumX/count
		}
		k := float64(gamma[c]) / n.std[c]
		a, b := float32(k), float32(k*meanDYX/n.std[c])
		shift := float32(k * (meanDY - meanDYX*n.mean[c]/n.std[c]))
		x.channel(c, func(at, to int) {
			src, grad, dst := x.data[at:to], dy[at:to], out[at:to]
			for i, v := range src {
				dst[i] = a*grad[i] - b*v - shift
			}
		})
	}
}

func (n *norm) gradGamma(out []float32, in []operand) {
	for c := range n.mean {
		_, sumX := n.sums(c, in[0], in[2].data)
		out[c] = float32(sumX)
	}
}

func (n *norm) gradBeta(out []float32, in []operand) {
	for c := range n.mean {
		sum, _ := n.sums(c, in[0], in[2].data)
		out[c] = float32(sum)
	}
}

// sums returns the channel's sum of dy and of dy*xhat.
func (n *norm) sums(c int, x operand, dy []float32) (sum, sumX float64) {
	m, s := n.mean[c], n.std[c]
	x.channel(c, func(at, to int) {
		for i, v := range x.data[at:to] {
			g := float64(dy[at+i])
			sum += g
			sumX += g * (float64(v) - m)
		}
	})
	return sum, sumX / s
}

// remember moves the running moments towards the last batch's by weight. The
// variance stored is the unbiased one, as in other training frameworks.
func (n *norm) remember(weight float64) {
	unbiased := float64(n.count) / math.Max(float64(n.count-1), 1)
	for c := range n.mean {
		n.run.m[c] += float32(weight * (n.mean[c] - float64(n.run.m[c])))
		n.run.v[c] += float32(weight * (n.variance[c]*unbiased - float64(n.run.v[c])))
	}
}

// channel calls visit with the bounds of each run of channel c's values.
func (x operand) channel(c int, visit func(at, to int)) {
	positions := accel.Elements(x.shape[2:])
	for row := range x.shape[0] {
		at := (row*x.shape[1] + c) * positions
		visit(at, at+positions)
	}
}

func (x operand) perChannel() int { return x.shape[0] * accel.Elements(x.shape[2:]) }

// moments returns the channel's mean and biased variance, in two passes because
// the difference of large sums loses what is small.
func (x operand) moments(c int) (mean, variance float64) {
	count := float64(x.perChannel())
	x.channel(c, func(at, to int) {
		for _, v := range x.data[at:to] {
			mean += float64(v)
		}
	})
	mean /= count
	x.channel(c, func(at, to int) {
		for _, v := range x.data[at:to] {
			d := float64(v) - mean
			variance += d * d
		}
	})
	return mean, variance / count
}
