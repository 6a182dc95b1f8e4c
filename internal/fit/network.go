package fit

import (
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/accel"
	"ttad/models"
	"ttad/tta/labelshift"
)

// network is the adapter as a program: from logits, features (not for bias), what
// is made of a prior, and the loss' offset, to the logits the loss is taken of.
type network struct {
	accel.Program
	learn []accel.ValueID // w1, b1, w2, b2
}

// sizes of a network.
type sizes struct {
	inputs, hidden, classes, features int
	outputs                           string
}

// weights is how many values are learned.
func (z sizes) weights() int {
	return z.hidden*(z.inputs+1) + (z.hidden+1)*labelshift.OutputWidth(z.outputs, z.classes, z.features)
}

// saysRatio is whether the network can pass every class's log ratio on to db.
func (z sizes) saysRatio() bool { return z.inputs == z.classes && z.hidden >= 2*z.classes }

// newNetwork writes the program of labelshift.Adapter.
func newNetwork(z sizes, head *models.Head, rng *rand.Rand) *network {
	n := &network{}
	logits := n.input("logits", accel.BatchShape(z.classes))
	features := accel.NoValue
	if z.outputs != labelshift.OutputsBias {
		features = n.input("features", accel.BatchShape(z.features))
	}
	prior := n.input("prior", accel.StaticShape(1, z.inputs))
	offset := n.input("offset", accel.StaticShape(1, z.classes))
	o := n.layers(prior, z, rng)
	at := 0
	next := func(name string, count int) accel.ValueID {
		at += count
		return n.step(name, accel.Slice{Axis: 1, Start: accel.Fixed(at - count), Count: accel.Fixed(count), Step: 1}, o)
	}
	f := logits
	if features != accel.NoValue {
		scaled := n.step("scaled", accel.Binary{Fn: accel.Mul}, features, next("gamma-1", z.features))
		moved := n.step("moved", accel.Binary{Fn: accel.Add}, scaled, next("beta", z.features))
		weight := n.constant("head", head.Weight.Data, z.classes, z.features)
		f = n.step("plain head", accel.Binary{Fn: accel.Add}, f, n.step("on moved", linear(), moved, weight))
		if z.outputs == labelshift.OutputsFull {
			dw := n.step("dW", accel.Reshape{To: accel.StaticShape(z.classes, z.features)}, next("flat dW", z.classes*z.features))
			all := n.step("features moved", accel.Binary{Fn: accel.Add}, features, moved)
			f = n.step("changed head", accel.Binary{Fn: accel.Add}, f, n.step("on all", linear(), all, dw))
		}
	}
	f = n.step("adapted", accel.Binary{Fn: accel.Add}, f, next("db", z.classes))
	n.Outputs = []accel.ValueID{n.step("adjusted", accel.Binary{Fn: accel.Add}, f, offset)}
	return n
}

// layers is one hidden layer of ReLUs and a linear one, which starts at zeros: the
// head as it is.
func (n *network) layers(prior accel.ValueID, z sizes, rng *rand.Rand) accel.ValueID {
	out := labelshift.OutputWidth(z.outputs, z.classes, z.features)
	first, second := gaussian(rng, math.Sqrt(2/float64(z.inputs)), z.hidden*z.inputs), make([]float32, out*z.hidden)
	if z.saysRatio() {
		startAtRatio(first, second[(out-z.classes)*z.hidden:], z)
	}
	w1 := n.constant("w1", first, z.hidden, z.inputs)
	b1 := n.constant("b1", make([]float32, z.hidden), z.hidden)
	w2 := n.constant("w2", second, out, z.hidden)
	b2 := n.constant("b2", make([]float32, out), out)
	n.learn = []accel.ValueID{w1, b1, w2, b2}
	hidden := n.step("relu", accel.Map{Fn: accel.Relu}, n.step("hidden", linear(), prior, w1, b1))
	return n.step("outputs", linear(), hidden, w2, b2)
}

// startAtRatio lets two hidden units a class pass its log ratio r on to db, by
// r = relu(r) - relu(-r): training then starts at the prior ratio, which is Bayes'
// rule for a calibrated model, and has only what is left to learn.
func startAtRatio(w1, db []float32, z sizes) {
	clear(w1[:2*z.classes*z.inputs])
	for k := range z.classes {
		w1[2*k*z.inputs+k], w1[(2*k+1)*z.inputs+k] = 1, -1
		db[k*z.hidden+2*k], db[k*z.hidden+2*k+1] = 1, -1
	}
}

func linear() accel.MatMul { return accel.MatMul{TransB: true, Alpha: 1, Beta: 1} }

func gaussian(rng *rand.Rand, deviation float64, count int) []float32 {
	out := make([]float32, count)
	for i := range out {
		out[i] = float32(deviation * rng.NormFloat64())
	}
	return out
}

func (n *network) value(name string, shape accel.Shape, data []float32) accel.ValueID {
	n.Values = append(n.Values, accel.Value{Name: name, Shape: shape, Const: data})
	return accel.ValueID(len(n.Values) - 1)
}

func (n *network) input(name string, shape accel.Shape) accel.ValueID {
	id := n.value(name, shape, nil)
	n.Inputs = append(n.Inputs, id)
	return id
}

func (n *network) constant(name string, data []float32, extents ...int) accel.ValueID {
	return n.value(name, accel.StaticShape(extents...), data)
}

// step applies op. The network is a constant of this program but for its sizes, so
// one that does not fit together is a programming error.
func (n *network) step(name string, op accel.Op, in ...accel.ValueID) accel.ValueID {
	shapes := make([]accel.Shape, len(in))
	for i, id := range in {
		shapes[i] = n.Values[id].Shape
	}
	out, err := op.Infer(shapes)
	if err != nil {
		panic(fmt.Sprintf("fit: %s: %v", name, err))
	}
	id := n.value(name, out[0], nil)
	n.Steps = append(n.Steps, accel.Step{Name: name, Op: op, In: in, Out: []accel.ValueID{id}})
	return id
}
