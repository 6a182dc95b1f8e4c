package daemon

import (
	"context"
	"errors"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/models"
)

// selfTest has a device run a small network that touches a convolution, a norm under
// two rules, pooling and a product, and compares with the processor.
func selfTest(ctx context.Context, d, processor accel.Device) (err error) {
	g := selfTestGraph()
	reference, err := newRunner(g, []accel.Device{processor}, canaryRows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reference.close()) }()
	c, err := newCanary(ctx, reference, canaryRows)
	if err != nil {
		return err
	}
	tested, err := newRunner(g, []accel.Device{d, processor}, canaryRows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tested.close()) }()
	return c.check(ctx, tested)
}

// selfTestGraph is a convolution, a norm, a clamp, pooling over all positions and a
// product, with made-up weights: 3 channels of 9x7 in, 5 classes.
func selfTestGraph() *models.Graph {
	const channels, features, classes = 3, 8, 5
	b := &programBuilder{}
	x := b.input("x", accel.BatchShape(channels, 9, 7))
	c := b.step(accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1},
		x, b.constant(features, channels, 3, 3), b.constant(features))
	gamma, beta, mean, variance := b.constant(features), b.constant(features), b.constant(features), b.squares(features)
	n := b.step(accel.Norm{Eps: 1e-5}, c, gamma, beta, mean, variance)
	r := b.step(accel.Map{Fn: accel.Relu}, n)
	pooled := b.step(accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, r)
	logits := b.step(accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, pooled, b.constant(classes, features), b.constant(classes))
	p := &b.program
	p.NormSteps, p.Outputs = []int{1}, []accel.ValueID{logits, pooled}
	return &models.Graph{
		Name: "self-test", Program: p, Inputs: []models.Port{{Name: "x", Shape: p.Values[x].Shape}},
		Logits: logits, Classes: classes, Features: pooled, FeatureWidth: features,
		Norms: []models.NormNode{{
			Name: "norm", Channels: features, Positions: 9 * 7, Eps: 1e-5,
			Source: bnstats.Moments{Mean: p.Values[mean].Const, Var: p.Values[variance].Const},
		}},
	}
}

// programBuilder writes a program whose steps fit by construction.
type programBuilder struct{ program accel.Program }

func (b *programBuilder) value(v accel.Value) accel.ValueID {
	b.program.Values = append(b.program.Values, v)
	return accel.ValueID(len(b.program.Values) - 1)
}

func (b *programBuilder) input(name string, s accel.Shape) accel.ValueID {
	id := b.value(accel.Value{Name: name, Shape: s})
	b.program.Inputs = append(b.program.Inputs, id)
	return id
}

// constant is a tensor of made-up values.
func (b *programBuilder) constant(extents ...int) accel.ValueID {
	data := madeUp(accel.Elements(extents), len(b.program.Values))
	return b.value(accel.Value{Name: "constant", Shape: accel.StaticShape(extents...), Const: data})
}

// squares is one for variances.
func (b *programBuilder) squares(n int) accel.ValueID {
	id := b.constant(n)
	for i, v := range b.program.Values[id].Const {
		b.program.Values[id].Const[i] = 0.5 + v*v
	}
	return id
}

func (b *programBuilder) step(op accel.Op, in ...accel.ValueID) accel.ValueID {
	p := &b.program
	p.Steps = append(p.Steps, accel.Step{Name: op.Kind(), Op: op, In: in})
	shapes, err := op.Infer(p.OperandShapes(len(p.Steps) - 1))
	if err != nil {
		panic("daemon: the self-test's own program: " + err.Error())
	}
	id := b.value(accel.Value{Name: op.Kind(), Shape: shapes[0]})
	p.Steps[len(p.Steps)-1].Out = []accel.ValueID{id}
	return id
}
