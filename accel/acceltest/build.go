package acceltest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"ttad/accel"
)

// Builder writes programs. It panics when a step does not fit: the programs are
// the test's own.
type Builder struct{ p accel.Program }

func (b *Builder) value(v accel.Value) accel.ValueID {
	b.p.Values = append(b.p.Values, v)
	return accel.ValueID(len(b.p.Values) - 1)
}

// Input adds an operand that is given at run time.
func (b *Builder) Input(s accel.Shape) accel.ValueID {
	id := b.value(accel.Value{Name: fmt.Sprintf("input%d", len(b.p.Inputs)), Shape: s})
	b.p.Inputs = append(b.p.Inputs, id)
	return id
}

// Const adds a constant.
func (b *Builder) Const(t *accel.Tensor) accel.ValueID {
	return b.value(accel.Value{Name: "constant", Shape: accel.StaticShape(t.Shape...), Const: t.Data})
}

// Step adds an operator and returns its result.
func (b *Builder) Step(op accel.Op, in ...accel.ValueID) accel.ValueID {
	shapes := make([]accel.Shape, len(in))
	for i, id := range in {
		if id != accel.NoValue {
			shapes[i] = b.p.Values[id].Shape
		}
	}
	out, err := op.Infer(shapes)
	if err != nil {
		panic(fmt.Sprintf("acceltest: op %s: %v", op.Kind(), err))
	}
	name := fmt.Sprintf("%s%d", op.Kind(), len(b.p.Steps))
	id := b.value(accel.Value{Name: name, Shape: out[0]})
	if _, ok := op.(accel.Norm); ok {
		b.p.NormSteps = append(b.p.NormSteps, len(b.p.Steps))
	}
	b.p.Steps = append(b.p.Steps, accel.Step{Name: name, Op: op, In: in, Out: []accel.ValueID{id}})
	return id
}

// Norm adds a normalization with random parameters.
func (b *Builder) Norm(op accel.Norm, x accel.ValueID, r *rand.Rand) accel.ValueID {
	c := b.p.Values[x].Shape[1].Fixed
	vec := func(fill Fill) accel.ValueID { return b.Const(fill.tensor(r, c)) }
	return b.Step(op, x, vec(Positive), vec(Numbers), vec(Numbers), vec(Positive))
}

// Shape returns the shape of a value.
func (b *Builder) Shape(id accel.ValueID) accel.Shape { return b.p.Values[id].Shape }

// Program ends building; the values given are the outputs.
func (b *Builder) Program(outputs ...accel.ValueID) *accel.Program {
	b.p.Outputs = outputs
	return &b.p
}

// Fill says what random values an operand gets.
type Fill int

// Kinds of random values.
const (
	Numbers  Fill = iota // normally distributed
	Positive             // between 0.5 and 1.5
	Few                  // -2 to 2, whole: many ties and zeros
	Places               // -3 to 2, whole: indices of an axis of 3 or more, from either end
)

func (f Fill) tensor(r *rand.Rand, shape ...int) *accel.Tensor {
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		switch f {
		case Numbers:
			t.Data[i] = float32(r.NormFloat64())
		case Positive:
			t.Data[i] = 0.5 + r.Float32()
		case Few:
			t.Data[i] = float32(r.IntN(5) - 2)
		case Places:
			t.Data[i] = float32(r.IntN(6) - 3)
		}
	}
	return t
}

// seeded returns the random numbers of a test, always the same for its name.
func seeded(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}
