package grad_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/models/grad"
)

// sketch writes small programs for tests.
type sketch struct {
	p    *accel.Program
	rng  *rand.Rand
	last accel.ValueID
}

func newSketch(input accel.Shape) *sketch {
	s := &sketch{p: &accel.Program{}, rng: rand.New(rand.NewPCG(1, 2))}
	s.last = s.value(accel.Value{Name: "input", Shape: input})
	s.p.Inputs = []accel.ValueID{s.last}
	return s
}

func (s *sketch) value(v accel.Value) accel.ValueID {
	s.p.Values = append(s.p.Values, v)
	return accel.ValueID(len(s.p.Values) - 1)
}

// weights adds a constant of values around centre.
func (s *sketch) weights(name string, centre float64, extents ...int) accel.ValueID {
	data := make([]float32, accel.Elements(extents))
	for i := range data {
		data[i] = float32(centre + 0.4*s.rng.NormFloat64())
	}
	return s.value(accel.Value{Name: name, Shape: accel.StaticShape(extents...), Const: data})
}

// then applies an operator to the last result and more operands.
func (s *sketch) then(t testing.TB, name string, op accel.Op, more ...accel.ValueID) accel.ValueID {
	t.Helper()
	in := append([]accel.ValueID{s.last}, more...)
	shapes := make([]accel.Shape, len(in))
	for i, id := range in {
		shapes[i] = s.p.Values[id].Shape
	}
	out, err := op.Infer(shapes)
	require.NoError(t, err)
	s.last = s.value(accel.Value{Name: name, Shape: out[0]})
	if _, ok := op.(accel.Norm); ok {
		s.p.NormSteps = append(s.p.NormSteps, len(s.p.Steps))
	}
	s.p.Steps = append(s.p.Steps, accel.Step{Name: name, Op: op, In: in, Out: []accel.ValueID{s.last}})
	s.p.Outputs = []accel.ValueID{s.last}
	return s.last
}

func (s *sketch) norm(t testing.TB, name string, channels int) []accel.ValueID {
	gamma, beta := s.weights(name+".gamma", 1, channels), s.weights(name+".beta", 0, channels)
	mean, variance := s.weights(name+".mean", 0, channels), s.weights(name+".var", 2, channels)
	for i, v := range s.p.Values[variance].Const {
		s.p.Values[variance].Const[i] = float32(math.Abs(float64(v)) + 0.1)
	}
	s.then(t, name, accel.Norm{Eps: 1e-5}, gamma, beta, mean, variance)
	return []accel.ValueID{gamma, beta}
}

func conv(stride, pad int) accel.Conv {
	return accel.Conv{Stride: [2]int{stride, stride}, Dilation: [2]int{1, 1}, Pad: [4]int{pad, pad, pad, pad}, Groups: 1}
}

// residual is every supported operator in one small network.
func residual(t testing.TB) (*accel.Program, []accel.ValueID) {
	s := newSketch(accel.BatchShape(2, 5, 5))
	w1, b1 := s.weights("w1", 0, 4, 2, 3, 3), s.weights("b1", 0, 4)
	s.then(t, "conv1", conv(2, 1), w1, b1)
	learn := append([]accel.ValueID{w1, b1}, s.norm(t, "bn1", 4)...)
	skip := s.then(t, "relu1", accel.Map{Fn: accel.Relu})
	w2 := s.weights("w2", 0, 4, 4, 3, 3)
	s.then(t, "conv2", conv(1, 1), w2)
	learn = append(append(learn, w2), s.norm(t, "bn2", 4)...)
	s.then(t, "add", accel.Binary{Fn: accel.Add}, skip)
	s.then(t, "pool", accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}, KeepDims: true})
	s.then(t, "flatten", accel.Reshape{To: accel.BatchShape(4)})
	w3, b3 := s.weights("w3", 0, 3, 4), s.weights("b3", 0, 3)
	s.then(t, "head", accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, w3, b3)
	return s.p, append(learn, w3, b3)
}

func batch(rows int, extents ...int) *accel.Tensor {
	rng := rand.New(rand.NewPCG(3, 4))
	x := accel.NewTensor(append([]int{rows}, extents...)...)
	for i := range x.Data {
		x.Data[i] = float32(rng.NormFloat64())
	}
	return x
}

func oneHot(classes int, labels ...int) *accel.Tensor {
	t := accel.NewTensor(len(labels), classes)
	for r, l := range labels {
		t.Row(r)[l] = 1
	}
	return t
}

func TestGradientsMatchDifferenceQuotients(t *testing.T) {
	for name, batchMoments := range map[string]bool{"batch moments": true, "stored moments": false} {
		t.Run(name, func(t *testing.T) {
			p, learn := residual(t)
			checkGradients(t, p, grad.Config{Rows: 6, Learn: learn, BatchMoments: batchMoments}, batch(6, 2, 5, 5))
		})
	}
}

// checkGradients asserts that the slope along random directions is what a small
// step shows. float32 arithmetic leaves about three digits of a difference quotient.
func checkGradients(t *testing.T, p *accel.Program, cfg grad.Config, inputs ...*accel.Tensor) {
	t.Helper()
	loss := func(p *accel.Program) (float64, *grad.Net) {
		n, err := grad.New(p, cfg)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, n.Close()) })
		l, err := n.Backward(inputs, oneHot(3, 0, 1, 2, 0, 1, 2))
		require.NoError(t, err)
		return l, n
	}
	_, n := loss(p)
	rng := rand.New(rand.NewPCG(5, 6))
	for i, id := range cfg.Learn {
		g, err := n.Gradient(i)
		require.NoError(t, err)
		direction, slope := make([]float32, len(g.Data)), 0.0
		for k := range direction {
			direction[k] = float32(rng.NormFloat64())
			slope += float64(direction[k]) * float64(g.Data[k])
		}
		const h = 4e-4
		up, _ := loss(moved(p, id, direction, h))
		down, _ := loss(moved(p, id, direction, -h))
		assert.InDelta(t, (up-down)/(2*h), slope, 2e-3*(1+math.Abs(slope)), p.Values[id].Name)
	}
}

// moved returns the program with one constant moved along a direction.
func moved(p *accel.Program, id accel.ValueID, direction []float32, by float32) *accel.Program {
	q := *p
	q.Values = append([]accel.Value(nil), p.Values...)
	q.Values[id].Const = append([]float32(nil), p.Values[id].Const...)
	for k, d := range direction {
		q.Values[id].Const[k] += by * d
	}
	return &q
}

func TestCrossEntropySurvivesLogitsFarApart(t *testing.T) {
	s := newSketch(accel.BatchShape(2))
	w := s.weights("w", 0, 2, 2)
	copy(s.p.Values[w].Const, []float32{1, 0, 0, 1})
	s.then(t, "head", accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, w)
	n, err := grad.New(s.p, grad.Config{Rows: 2, Learn: []accel.ValueID{w}})
	require.NoError(t, err)
	defer n.Close()
	x := accel.TensorOf([]float32{1000, 0, -1000, 0}, 2, 2)
	loss, err := n.Backward([]*accel.Tensor{x}, oneHot(2, 0, 0))
	require.NoError(t, err)
	assert.InDelta(t, 500, loss, 1e-3, "the first row is certain and right, the second certain and wrong by 1000")
	g, err := n.Gradient(0)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{500, 0, -500, 0}, g.Data, 1e-3)
}

func TestTrainingLearnsAndKeepsRunningMoments(t *testing.T) {
	p, learn := residual(t)
	before := p.Values[p.Steps[1].In[3]].Const
	n, err := grad.New(p, grad.Config{Rows: 6, Learn: learn, BatchMoments: true, Momentum: 0.5})
	require.NoError(t, err)
	defer n.Close()
	x, y := batch(6, 2, 5, 5), oneHot(3, 0, 1, 2, 0, 1, 2)
	var first, last float64
	for i := range 60 {
		last, err = n.Backward([]*accel.Tensor{x}, y)
		require.NoError(t, err)
		require.NoError(t, n.Step(0.02))
		if i == 0 {
			first = last
		}
	}
	assert.Less(t, last, first/4, "sixty steps on six rows")
	trained, err := n.Program()
	require.NoError(t, err)
	assert.NotEqual(t, before, trained.Values[p.Steps[1].In[3]].Const, "the stored mean follows the batches")
	assert.Equal(t, before, p.Values[p.Steps[1].In[3]].Const, "the program given stays as it was")

	// With the stored moments now those of the batch, both ways of running agree.
	frozen, err := grad.New(trained, grad.Config{Rows: 6, Learn: learn})
	require.NoError(t, err)
	defer frozen.Close()
	stored, err := frozen.Backward([]*accel.Tensor{x}, y)
	require.NoError(t, err)
	assert.InDelta(t, last, stored, 0.15, "stored variances are unbiased, so not quite the same")
}

func TestTheSameSeedTrainsTheSameBits(t *testing.T) {
	run := func() *accel.Program {
		p, learn := residual(t)
		n, err := grad.New(p, grad.Config{Rows: 6, Learn: learn, BatchMoments: true})
		require.NoError(t, err)
		defer n.Close()
		for range 5 {
			_, err := n.Backward([]*accel.Tensor{batch(6, 2, 5, 5)}, oneHot(3, 0, 1, 2, 0, 1, 2))
			require.NoError(t, err)
			require.NoError(t, n.Step(0.01))
		}
		trained, err := n.Program()
		require.NoError(t, err)
		return trained
	}
	assert.Equal(t, run().Values, run().Values)
}

func TestNewRefusesByName(t *testing.T) {
	learnable := func(s *sketch) []accel.ValueID { return []accel.ValueID{s.weights("w", 0, 3)} }
	for name, tc := range map[string]struct {
		op   accel.Op
		want string
	}{
		"operator without gradient": {accel.Map{Fn: accel.Erf}, `node "x": op Erf`},
		"mean of the first axes":    {accel.Reduce{Fn: accel.ReduceMean, Axes: []int{1}}, "want the last ones"},
		"slice of a cube": {accel.Slice{Axis: 1, Start: accel.Fixed(1), Count: accel.Fixed(2), Step: 1},
			"want neighbouring columns of a matrix"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSketch(accel.BatchShape(3, 3))
			learn := learnable(s)
			s.then(t, "x", tc.op)
			_, err := grad.New(s.p, grad.Config{Rows: 2, Learn: learn})
			require.ErrorIs(t, err, accel.ErrUnsupported)
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func TestBackwardRefusesWrongShapes(t *testing.T) {
	p, learn := residual(t)
	n, err := grad.New(p, grad.Config{Rows: 6, Learn: learn})
	require.NoError(t, err)
	defer n.Close()
	_, err = n.Backward([]*accel.Tensor{batch(5, 2, 5, 5)}, oneHot(3, 0, 0, 0, 0, 0))
	assert.ErrorContains(t, err, "input 0: shape [5 2 5 5], want (6, 2, 5, 5)")
	_, err = n.Backward(nil, nil)
	assert.ErrorContains(t, err, "0 inputs, want 1")
}

// generated is a head whose weights come from a small network of a second input:
// the operators a label shift adapter is made of.
func generated(t testing.TB) (*accel.Program, []accel.ValueID) {
	s := newSketch(accel.BatchShape(4)) // features
	features := s.last
	prior := s.value(accel.Value{Name: "prior", Shape: accel.StaticShape(1, 3)})
	s.p.Inputs = append(s.p.Inputs, prior)
	linear := accel.MatMul{TransB: true, Alpha: 1, Beta: 1}
	w1, b1 := s.weights("w1", 0, 5, 3), s.weights("b1", 0, 5)
	w2, b2 := s.weights("w2", 0, 4+12, 5), s.weights("b2", 0, 4+12)
	s.last = prior
	s.then(t, "hidden", linear, w1, b1)
	s.then(t, "relu", accel.Map{Fn: accel.Relu})
	out := s.then(t, "out", linear, w2, b2)
	columns := func(from, count int) accel.Slice {
		return accel.Slice{Axis: 1, Start: accel.Fixed(from), Count: accel.Fixed(count), Step: 1}
	}
	scale := s.then(t, "scale", columns(0, 4))
	s.last = out
	s.then(t, "flat", columns(4, 12))
	weight := s.then(t, "weight", accel.Reshape{To: accel.StaticShape(3, 4)})
	s.last = features
	s.then(t, "scaled", accel.Binary{Fn: accel.Mul}, scale)
	s.then(t, "shifted", accel.Binary{Fn: accel.Add}, scale)
	s.then(t, "head", linear, weight)
	s.then(t, "offset", accel.Binary{Fn: accel.Add}, prior)
	return s.p, []accel.ValueID{w1, b1, w2, b2}
}

func TestAGeneratedHeadHasTheLogitsOfTheOracleAndItsOwnGradients(t *testing.T) {
	p, learn := generated(t)
	inputs := []*accel.Tensor{batch(6, 4), accel.TensorOf([]float32{0.7, -0.4, -0.3}, 1, 3)}
	cfg := grad.Config{Rows: 6, Learn: learn}
	checkGradients(t, p, cfg, inputs...)
	n, err := grad.New(p, cfg)
	require.NoError(t, err)
	defer n.Close()
	_, err = n.Backward(inputs, oneHot(3, 0, 1, 2, 0, 1, 2))
	require.NoError(t, err)
	logits, err := n.Logits()
	require.NoError(t, err)
	want, err := plain.Run(p, inputs, 6, nil)
	require.NoError(t, err)
	assert.InDeltaSlice(t, want.Outputs[0].Data, logits.Data, 1e-5)
}
