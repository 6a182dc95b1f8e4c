package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/accel"
)

// builder appends layers to a program, drawing their weights from rng.
type builder struct {
	p     *accel.Program
	rng   *rand.Rand
	last  accel.ValueID
	learn []accel.ValueID
}

// network is three 3x3 convolutions of 16, 32 and 64 channels, the last two with
// stride 2, each followed by a norm and a ReLU; the mean over positions gives 64
// features, and one linear layer the ten logits. About 24,000 weights. It returns
// the program and the constants to learn.
func network(seed uint64) (*accel.Program, []accel.ValueID) {
	b := &builder{p: &accel.Program{}, rng: rand.New(rand.NewPCG(seed, 0x7a))}
	b.last = b.value("input", accel.BatchShape(1, side, side), nil)
	b.p.Inputs = []accel.ValueID{b.last}
	b.block(1, 1, 16, 1)
	b.block(2, 16, 32, 2)
	b.block(3, 32, 64, 2)
	features := b.step("features", accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}})
	weight := b.gaussian("head.weight", math.Sqrt(1.0/64), classes, 64)
	bias := b.filled("head.bias", 0, classes)
	logits := b.step("logits", accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, weight, bias)
	b.learn = append(b.learn, weight, bias)
	b.p.Outputs = []accel.ValueID{logits, features}
	return b.p, b.learn
}

// block is convolution, norm, ReLU. The convolution has no bias: the norm would
// subtract it again.
func (b *builder) block(i, in, out, stride int) {
	name := func(part string) string { return fmt.Sprintf("block%d.%s", i, part) }
	// He initialization keeps the size of activations through ReLU layers.
	weight := b.gaussian(name("conv.weight"), math.Sqrt(2/float64(9*in)), out, in, 3, 3)
	b.step(name("conv"), accel.Conv{Stride: [2]int{stride, stride}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}, weight)
	scale, shift := b.filled(name("norm.scale"), 1, out), b.filled(name("norm.bias"), 0, out)
	mean, variance := b.filled(name("norm.mean"), 0, out), b.filled(name("norm.var"), 1, out)
	b.p.NormSteps = append(b.p.NormSteps, len(b.p.Steps))
	b.step(name("norm"), accel.Norm{Eps: 1e-5}, scale, shift, mean, variance)
	b.step(name("relu"), accel.Map{Fn: accel.Relu})
	b.learn = append(b.learn, weight, scale, shift)
}

func (b *builder) value(name string, shape accel.Shape, data []float32) accel.ValueID {
	b.p.Values = append(b.p.Values, accel.Value{Name: name, Shape: shape, Const: data})
	return accel.ValueID(len(b.p.Values) - 1)
}

func (b *builder) gaussian(name string, deviation float64, extents ...int) accel.ValueID {
	data := make([]float32, accel.Elements(extents))
	for i := range data {
		data[i] = float32(deviation * b.rng.NormFloat64())
	}
	return b.value(name, accel.StaticShape(extents...), data)
}

func (b *builder) filled(name string, v float32, n int) accel.ValueID {
	data := make([]float32, n)
	for i := range data {
		data[i] = v
	}
	return b.value(name, accel.StaticShape(n), data)
}

// step applies op to the last result and more operands. The network is a constant
// of this program, so one that does not fit together is a programming error.
func (b *builder) step(name string, op accel.Op, more ...accel.ValueID) accel.ValueID {
	in := append([]accel.ValueID{b.last}, more...)
	shapes := make([]accel.Shape, len(in))
	for i, id := range in {
		shapes[i] = b.p.Values[id].Shape
	}
	out, err := op.Infer(shapes)
	if err != nil {
		panic(fmt.Sprintf("network: %s: %v", name, err))
	}
	b.last = b.value(name, out[0], nil)
	b.p.Steps = append(b.p.Steps, accel.Step{Name: name, Op: op, In: in, Out: []accel.ValueID{b.last}})
	return b.last
}
