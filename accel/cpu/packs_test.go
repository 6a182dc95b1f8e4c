package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// scaled is a network with a norm behind every kind of kernel that packs weights:
// Winograd's, depthwise, direct and products. Channel c of each has gamma(c).
func scaled(gamma func(c int) float32) *accel.Program {
	r, b := rand.New(rand.NewPCG(1, 2)), &acceltest.Builder{}
	norm := func(x accel.ValueID) accel.ValueID {
		n := b.Shape(x)[1].Fixed
		g, variance := accel.NewTensor(n), accel.NewTensor(n)
		for c := range n {
			g.Data[c], variance.Data[c] = gamma(c), 0.5+r.Float32()
		}
		return b.Step(accel.Norm{Eps: 1e-3}, x, b.Const(g), b.Const(noise(r, []int{n})), b.Const(noise(r, []int{n})), b.Const(variance))
	}
	conv := func(x accel.ValueID, op accel.Conv, weights ...int) accel.ValueID {
		op.Dilation, op.Pad = [2]int{1, 1}, [4]int{1, 1, 1, 1}
		return norm(b.Step(op, x, b.Const(noise(r, weights)), b.Const(noise(r, weights[:1]))))
	}
	x := conv(b.Input(accel.BatchShape(16, 8, 8)), accel.Conv{Stride: [2]int{1, 1}, Groups: 1}, 32, 16, 3, 3)
	x = conv(x, accel.Conv{Stride: [2]int{1, 1}, Groups: 32}, 32, 1, 3, 3)
	x = conv(x, accel.Conv{Stride: [2]int{2, 2}, Groups: 1}, 21, 32, 3, 3)
	x = b.Step(accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, x)
	product := accel.MatMul{Alpha: 0.5, Beta: 2}
	return b.Program(norm(b.Step(product, x, b.Const(noise(r, []int{21, 7})), b.Const(noise(r, []int{7})))))
}

// weightsOf are the packed weights of a plan, each by its first.
func weightsOf(p *plan) (all []*float32) {
	for _, k := range p.kernels {
		switch s := k.runner.(type) {
		case *directStep:
			all = append(all, &s.packed[0])
		case *blockDepthwiseStep:
			all = append(all, &s.weights[0])
		case *matMulStep:
			all = append(all, &s.weights[0])
		case *winogradStep:
			for _, g := range s.groups {
				all = append(all, &g.weights[0])
			}
		}
	}
	return all
}

func small(c int) float32 { return []float32{1e-6, -2, 1, 30}[c%4] }
func zero(c int) float32  { return float32(c % 2) }

func TestPlansHaveTheirWeightsInCommon(t *testing.T) {
	d := planned(t)
	for _, tt := range []struct {
		name   string
		gamma  func(int) float32
		common bool
	}{
		{"any scale that can be undone", small, true},
		{"zeros, which cannot", zero, false},
	} {
		e, err := d.Compile(scaled(tt.gamma), 8)
		require.NoError(t, err)
		x := e.(*exec)
		live, given, folded := weightsOf(x.live), weightsOf(x.given), weightsOf(x.folded)
		require.GreaterOrEqual(t, len(live), 4)
		require.Len(t, given, len(live))
		require.Len(t, folded, len(live))
		for i := range live {
			assert.Same(t, live[i], given[i], "both normalize")
			assert.Equal(t, tt.common, live[i] == folded[i], "%s, weights %d", tt.name, i)
		}
		require.NoError(t, e.Close())
	}
}

// The scales in a live plan's weights are in neither its results nor the moments it
// tells.
func TestScalesInTheWeightsAreUndone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, gamma := range map[string]func(int) float32{"small": small, "zero": zero} {
		n := trial{p: scaled(gamma), maxRows: 5, rows: 5, chunkRows: 2, finite: true}
		n.inputs = []*accel.Tensor{noise(r, []int{5, 16, 8, 8})}
		for _, n.isa = range available() {
			for range 4 {
				n.rules = nil
				for i := range n.p.NormSteps {
					n.rules = append(n.rules, drawRule(r, n.p.NormChannels(i)))
				}
				t.Run(name+" on "+isaNames[n.isa], func(t *testing.T) { n.check(t, n.run(t, 2)) })
			}
		}
	}
}
