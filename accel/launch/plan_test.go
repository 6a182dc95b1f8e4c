package launch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// told writes a plan as one line: each node's first step, [folded steps], what is added
// and what is done to the result.
func told(p *plan) string {
	var nodes []string
	for i, n := range p.nodes {
		text := p.name(i)
		for _, step := range n.folded {
			text += " [" + p.program.Steps[step].Name + "]"
		}
		if n.tail.add != accel.NoValue {
			text += " + " + p.program.Values[n.tail.add].Name
		}
		if n.tail.act.Fn != "" {
			text += " " + string(n.tail.act.Fn)
		}
		nodes = append(nodes, text)
	}
	return strings.Join(nodes, "; ")
}

// net builds small programs with constants of ones.
type net struct{ acceltest.Builder }

func (b *net) ones(extents ...int) accel.ValueID {
	t := accel.NewTensor(extents...)
	for i := range t.Data {
		t.Data[i] = 1
	}
	return b.Const(t)
}

func (b *net) image() accel.ValueID { return b.Input(accel.BatchShape(2, 4, 4)) }

func (b *net) conv(x accel.ValueID) accel.ValueID {
	op := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	return b.Step(op, x, b.ones(2, 2, 1, 1))
}

func (b *net) norm(x accel.ValueID) accel.ValueID { return b.normOf(accel.Norm{Eps: 1e-5}, x) }

func (b *net) normOf(op accel.Norm, x accel.ValueID) accel.ValueID {
	return b.Step(op, x, b.ones(2), b.ones(2), b.ones(2), b.ones(2))
}

func (b *net) add(x, y accel.ValueID) accel.ValueID {
	return b.Step(accel.Binary{Fn: accel.Add}, x, y)
}

func (b *net) relu(x accel.ValueID) accel.ValueID { return b.Step(accel.Map{Fn: accel.Relu}, x) }

func TestFormsOfAProgram(t *testing.T) {
	tests := []struct {
		name          string
		build         func(b *net) *accel.Program
		source, batch string
	}{
		{"a norm melts into weights and is a kernel of its own where it measures", func(b *net) *accel.Program {
			return b.Program(b.relu(b.norm(b.conv(b.image()))))
		}, "Conv0 [Norm1] Relu", "Conv0; Norm1 Relu"},
		{"the addition of a shortcut and what follows are done to the result", func(b *net) *accel.Program {
			x := b.relu(b.conv(b.image()))
			return b.Program(b.relu(b.add(b.norm(b.conv(x)), x)))
		}, "Conv0 Relu; Conv2 [Norm3] + Relu1 Relu", "Conv0 Relu; Conv2; Norm3 + Relu1 Relu"},
		{"a kernel waits for what is added to its result", func(b *net) *accel.Program {
			x := b.image()
			y := b.conv(x)
			pool := b.Step(accel.Softmax{Axis: 1}, x)
			return b.Program(b.add(y, pool))
		}, "Softmax1; Conv0 + Softmax1", ""},
		{"nothing is added behind an activation", func(b *net) *accel.Program {
			x := b.image()
			return b.Program(b.add(b.relu(b.conv(x)), x))
		}, "Conv0 Relu; Add2", ""},
		{"a value twice is not an addend", func(b *net) *accel.Program {
			y := b.conv(b.image())
			return b.Program(b.add(y, y))
		}, "Conv0; Add1", ""},
		{"what somebody outside reads is computed", func(b *net) *accel.Program {
			y := b.conv(b.image())
			return b.Program(b.relu(b.norm(y)), y)
		}, "Conv0; Norm1 Relu", "Conv0; Norm1 Relu"},
		{"what another node reads is computed", func(b *net) *accel.Program {
			y := b.conv(b.image())
			return b.Program(b.relu(y), b.Step(accel.Map{Fn: accel.Tanh}, y))
		}, "Conv0; Relu1; Tanh2", ""},
		{"what has another name as well is computed", func(b *net) *accel.Program {
			y := b.conv(b.image())
			flat := b.Step(accel.Reshape{To: accel.BatchShape(32)}, y)
			return b.Program(b.relu(y), flat)
		}, "Conv0; Relu2", ""},
		{"functions that kernels do not finish with have launches of their own", func(b *net) *accel.Program {
			return b.Program(b.Step(accel.Map{Fn: accel.Tanh}, b.conv(b.image())))
		}, "Conv0; Tanh1", ""},
		{"a virtual norm is nothing to the source model", func(b *net) *accel.Program {
			return b.Program(b.relu(b.normOf(accel.Norm{Virtual: true}, b.conv(b.image()))))
		}, "Conv0 Relu", "Conv0; Norm1 Relu"},
		{"a virtual norm of an input is the input", func(b *net) *accel.Program {
			return b.Program(b.relu(b.normOf(accel.Norm{Virtual: true}, b.image())))
		}, "Relu1", "Norm0 Relu"},
		{"constants that are added to channels are the bias", func(b *net) *accel.Program {
			return b.Program(b.relu(b.norm(b.add(b.conv(b.image()), b.ones(2, 1, 1)))))
		}, "Conv0 [Add1] [Norm2] Relu", "Conv0 [Add1]; Norm2 Relu"},
		{"constants that are added to pixels are not", func(b *net) *accel.Program {
			return b.Program(b.add(b.conv(b.image()), b.ones(4, 4)))
		}, "Conv0; Add1", ""},
		{"a product's bias is whatever constant stretches to it", func(b *net) *accel.Program {
			x := b.Input(accel.BatchShape(3, 2))
			return b.Program(b.add(b.Step(accel.MatMul{Alpha: 1}, x, b.ones(2, 2)), b.ones(3, 1)))
		}, "MatMul0 [Add1]", ""},
		{"a constant that stretches the product is not a bias", func(b *net) *accel.Program {
			x := b.Input(accel.BatchShape(2))
			return b.Program(b.add(b.Step(accel.MatMul{Alpha: 1}, x, b.ones(2, 2)), b.ones(1, 1, 2)))
		}, "MatMul0; Add1", ""},
		{"a norm of weights that would not be finite stays", func(b *net) *accel.Program {
			y := b.conv(b.image())
			zero := b.Const(accel.TensorOf([]float32{0, -1}, 2)) // variances whose root is 0 and NaN
			return b.Program(b.Step(accel.Norm{}, y, b.ones(2), b.ones(2), b.ones(2), zero))
		}, "Conv0; Norm1", "Conv0; Norm1"},
		{"another shape is another name", func(b *net) *accel.Program {
			flat := b.Step(accel.Reshape{To: accel.BatchShape(32)}, b.conv(b.image()))
			return b.Program(b.relu(flat))
		}, "Conv0; Relu2", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.build(&net{})
			require.NoError(t, p.Check())
			require.Equal(t, tt.source, told(newPlan(p, forSource)))
			if tt.batch == "" {
				tt.batch = tt.source
			}
			require.Equal(t, tt.batch, told(newPlan(p, forBatch)))
			require.Equal(t, told(newPlan(p, forBatch)), told(newPlan(p, forGiven)))
		})
	}
}

// Every step of a program is in exactly one place of each plan.
func TestNoStepIsLost(t *testing.T) {
	b := &net{}
	x := b.relu(b.conv(b.image()))
	y := b.add(b.normOf(accel.Norm{Virtual: true}, b.norm(b.conv(x))), x)
	y = b.Step(accel.Reshape{To: accel.BatchShape(32)}, b.relu(y))
	p := b.Program(y)
	for f := forBatch; f <= forSource; f++ {
		places := make([]int, len(p.Steps))
		plan := newPlan(p, f)
		for _, n := range plan.nodes {
			for _, step := range append(append([]int{n.step}, n.folded...), n.fused...) {
				places[step]++
			}
		}
		for _, step := range plan.free {
			places[step]++
		}
		for step, n := range places {
			require.Equal(t, 1, n, "form %d: step %s", f, p.Steps[step].Name)
		}
	}
}

// Melted weights are those of the norm's arithmetic, for products written either way.
func TestMeltedWeights(t *testing.T) {
	for _, transposed := range []bool{false, true} {
		t.Run(fmt.Sprintf("transposed %v", transposed), func(t *testing.T) {
			b := &net{}
			w := accel.TensorOf([]float32{1, 2, 3, 4, 5, 6}, 3, 2) // [K P]
			if transposed {
				w = accel.TensorOf([]float32{1, 3, 5, 2, 4, 6}, 2, 3) // the same, [P K]
			}
			vector := func(x, y float32) accel.ValueID { return b.Const(accel.TensorOf([]float32{x, y}, 2)) }
			y := b.Step(accel.MatMul{TransB: transposed, Alpha: 2, Beta: 3}, b.Input(accel.BatchShape(3)), b.Const(w), vector(10, 20))
			// Scales 2/sqrt(16) and 3/sqrt(1).
			y = b.Step(accel.Norm{}, y, vector(2, 3), vector(7, 8), vector(1, -1), vector(16, 1))
			p := newPlan(b.Program(y), forSource)
			require.Len(t, p.nodes, 1)
			n := p.nodes[0]
			scaled := accel.TensorOf([]float32{0.5, 6, 1.5, 12, 2.5, 18}, 3, 2)
			if transposed {
				scaled = accel.TensorOf([]float32{0.5, 1.5, 2.5, 6, 12, 18}, 2, 3)
			}
			require.Equal(t, scaled.Data, p.program.Values[n.in[1]].Const)
			require.Equal(t, []float32{0.5*(3*10-1) + 7, 3*(3*20+1) + 8}, p.program.Values[n.in[2]].Const)
			require.Equal(t, accel.MatMul{TransB: transposed, Alpha: 2, Beta: 1}, n.op, "what is scaled is not scaled again")
		})
	}
}
