package builtin_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/opencl/opencltest"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/builtin"
	"ttad/tta/labelshift"
	"ttad/tta/lame"
	"ttad/tta/reloop"
	"ttad/tta/ttatest"
)

// operators runs single operators on a device.
type operators struct {
	t      testing.TB
	device accel.Device
	stream accel.Stream
}

func newOperators(t testing.TB) *operators {
	d := opencltest.Open(t)
	s, err := d.NewStream()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, d.Close())
	})
	return &operators{t, d, s}
}

// run applies an operator to tensors.
func (o *operators) run(op accel.Op, in ...*accel.Tensor) *accel.Tensor {
	b := &acceltest.Builder{}
	var ids []accel.ValueID
	var a accel.Args
	for _, x := range in {
		ids = append(ids, b.Input(accel.StaticShape(x.Shape...)))
		a.Inputs = append(a.Inputs, o.buffer(len(x.Data)))
		require.NoError(o.t, o.stream.Upload(a.Inputs[len(a.Inputs)-1], x.Data))
	}
	y := b.Step(op, ids...)
	out := accel.NewTensor(b.Shape(y).At(1)...)
	e, err := o.device.Compile(b.Program(y), 1)
	require.NoError(o.t, err)
	a.Outputs = []accel.Buffer{o.buffer(len(out.Data))}
	require.NoError(o.t, o.stream.Run(e, 1, a))
	require.NoError(o.t, o.stream.Download(out.Data, a.Outputs[0]))
	require.NoError(o.t, o.stream.Sync(context.Background()))
	require.NoError(o.t, e.Close())
	for _, buffer := range append(a.Inputs, a.Outputs...) {
		require.NoError(o.t, buffer.Free())
	}
	return out
}

func (o *operators) buffer(floats int) accel.Buffer {
	b, err := o.device.Alloc(floats)
	require.NoError(o.t, err)
	return b
}

// offloaded is a strategy whose corrections the device does.
type offloaded struct {
	tta.Offloader
	on *operators
}

func (s offloaded) Needs() tta.Needs { return s.Offloader.(tta.Strategy).Needs() }

func (s offloaded) Correct(ctx context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	how, able := s.Offload()
	given, ready := s.Given(b)
	if !able || !ready {
		return s.Offloader.Correct(ctx, b, out, probs)
	}
	in := []*accel.Tensor{probs}
	if how.Features {
		in = []*accel.Tensor{out.Features, probs}
	}
	for i, v := range given {
		in = append(in, accel.TensorOf(v, how.Given[i].At(1)...))
	}
	return s.Adopt(b, out, probs, s.on.run(how.Op, in...))
}

// stateful and learning are offloaded strategies with more stages.
type stateful struct {
	offloaded
	tta.Updater
	tta.Stateful
}

type learning struct {
	stateful
	tta.Learner
}

func (s learning) Needs() tta.Needs { return s.offloaded.Needs() }

// wrapped is a spec whose strategies' corrections the device does.
func wrapped(spec tta.Spec, on *operators) tta.Spec {
	build := spec.New
	spec.New = func(env tta.Env, cfg any) (tta.Strategy, error) {
		s, err := build(env, cfg)
		if err != nil {
			return nil, err
		}
		o := offloaded{s.(tta.Offloader), on}
		u, updates := s.(tta.Updater)
		if !updates {
			return o, nil
		}
		full := stateful{o, u, s.(tta.Stateful)}
		if l, ok := s.(tta.Learner); ok {
			return learning{full, l}, nil
		}
		return full, nil
	}
	return spec
}

func TestCorrectionsOnADeviceKeepTheLaws(t *testing.T) {
	on := newOperators(t)
	for _, spec := range []tta.Spec{lame.Spec(), labelshift.Spec()} {
		t.Run(spec.Name, func(t *testing.T) { ttatest.Run(t, wrapped(spec, on), variants()[spec.Name]...) })
	}
}

// Values of the reference implementations. A step more or less before the iteration
// stops moves answers by 1e-4.
func TestLAMEOnADeviceAgreesWithGoldenVectors(t *testing.T) {
	on := newOperators(t)
	for _, c := range ttatest.Golden(t, "lame") {
		t.Run(c.Name, func(t *testing.T) {
			var p struct {
				Affinity string `json:"affinity"`
				TopK     int    `json:"top_k"`
				Symmetry bool   `json:"force_symmetry"`
				Steps    int    `json:"max_steps"`
			}
			var in struct{ Probabilities, Features ttatest.Array }
			var want struct{ Z ttatest.Array }
			c.Decode(t, &p, &in, &want)
			q := accel.TensorOf(in.Probabilities.Float32(), in.Probabilities.Shape...)
			f := accel.TensorOf(in.Features.Float32(), in.Features.Shape...)
			cfg := &lame.Config{Affinity: strings.ToLower(p.Affinity), Neighbors: p.TopK, MaxIterations: p.Steps, ForceSymmetry: p.Symmetry, MinRows: 1}
			s, err := lame.New(tta.Env{}, cfg)
			require.NoError(t, err)
			host := q.Clone()
			b := &tta.Batch{Rows: q.Rows()}
			out := &models.Output{Features: f}
			require.NoError(t, s.Correct(t.Context(), b, out, host))
			require.NoError(t, offloaded{s, on}.Correct(t.Context(), b, out, q))
			testkit.Close(t, "the host's", q.Data, host.Data, 1e-4)
			if agrees(host.Data, want.Z.Data) { // our rules may differ from the published code's
				testkit.Close(t, "z", q.Data, want.Z.Data, 1e-4)
			}
		})
	}
}

func agrees(got []float32, want []float64) bool {
	for i, v := range got {
		if d := float64(v) - want[i]; !(d < 1e-5 && d > -1e-5) {
			return false
		}
	}
	return true
}

func TestThePriorRatioOnADeviceAgreesWithGoldenVectors(t *testing.T) {
	on := newOperators(t)
	ran := 0
	for _, c := range ttatest.Golden(t, "label_shift") {
		if !strings.HasPrefix(c.Name, "prior_ratio") {
			continue
		}
		var in struct {
			Probabilities ttatest.Array
			Target        ttatest.Array `json:"target_prior"`
			Source        ttatest.Array `json:"source_prior"`
		}
		var p struct{ Tau float64 }
		var want struct{ Probabilities ttatest.Array }
		c.Decode(t, &p, &in, &want)
		if p.Tau != 1 {
			continue
		}
		ratio := accel.NewTensor(len(in.Target.Data))
		for k := range ratio.Data {
			ratio.Data[k] = float32(math.Max(in.Target.Data[k], 1e-8) / math.Max(in.Source.Data[k], 1e-8))
		}
		q := accel.TensorOf(in.Probabilities.Float32(), in.Probabilities.Shape...)
		testkit.Close(t, c.Name, on.run(accel.PriorRatio{}, q, ratio).Data, want.Probabilities.Data, 1e-6)
		ran++
	}
	require.NotZero(t, ran)
}

// graph is a classifier of five classes whose features are a layer of eight values.
func graph() *models.Graph {
	r := rand.New(rand.NewPCG(3, 4))
	weights := func(shape ...int) *accel.Tensor {
		w := accel.NewTensor(shape...)
		for i := range w.Data {
			w.Data[i] = float32(r.NormFloat64())
		}
		return w
	}
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(ttatest.Inputs))
	dense := accel.MatMul{TransB: true, Alpha: 1, Beta: 1}
	features := b.Step(accel.Map{Fn: accel.Relu}, b.Step(dense, x, b.Const(weights(8, ttatest.Inputs)), b.Const(weights(8))))
	logits := b.Step(dense, features, b.Const(weights(5, 8)), b.Const(weights(5)))
	p := b.Program(logits, features)
	return &models.Graph{
		Name: "small", Program: p, Inputs: []models.Port{{Name: "x", Shape: accel.BatchShape(ttatest.Inputs)}},
		Logits: logits, Classes: 5, Features: features, FeatureWidth: 8,
	}
}

// beside is a group on a device.
type beside struct {
	*tta.Group
	finishes []*models.Finish
	indexes  []accel.Index
}

// newBeside builds a pipeline on a device's session; offload lets it work there, too.
func newBeside(t *testing.T, d accel.Device, offload bool, strategies ...tta.StrategyConfig) *beside {
	plan, err := models.NewPlan(graph(), []accel.Device{d}, 32)
	require.NoError(t, err)
	session, err := plan.NewSession()
	require.NoError(t, err)
	g := &beside{}
	var out models.Output
	o := tta.GroupOptions{
		Registry: builtin.Registry(),
		Configs:  []tta.PipelineConfig{{Name: "main", Role: tta.Champion, Strategies: strategies}},
		Guard:    tta.DefaultGuard(),
		Env: tta.Env{
			Classes: 5, FeatureWidth: 8, Model: "small", Log: zerolog.Nop(),
			Now: func() time.Time { return time.Unix(0, 0) },
		},
		Forward: func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
			return &out, session.ForwardInto(ctx, b.Inputs, b.Rows, o, keep, &out)
		},
		Ledger: &tta.LedgerConfig{Rows: 1000, Bytes: 1 << 20, MaxAge: time.Hour, ScoreRows: 100},
	}
	if offload {
		o.Finish = func(p *accel.Program, features bool, maxRows int) (*models.Finish, error) {
			f, err := plan.NewFinish(p, features, maxRows)
			g.finishes = append(g.finishes, f)
			return f, err
		}
		o.Env.Index = func(dim, capacity int) (accel.Index, error) {
			x, err := d.(accel.Indexer).NewIndex(dim, capacity)
			g.indexes = append(g.indexes, x)
			return x, err
		}
	}
	g.Group, err = tta.NewGroup(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, x := range g.indexes {
			x.Close()
		}
		for _, f := range g.finishes {
			require.NoError(t, f.Close())
		}
		require.NoError(t, session.Close())
		require.NoError(t, plan.Close())
	})
	return g
}

// step answers a batch and settles it.
func (g *beside) step(t *testing.T, b *tta.Batch) tta.PipelineResult {
	r, err := g.Step(t.Context(), b)
	require.NoError(t, err)
	p := r.Pipelines[0]
	p.View.Probs = p.View.Probs.Clone()
	trail := []tta.TrailStep{}
	for _, s := range p.Trail {
		trail = append(trail, tta.TrailStep{Strategy: s.Strategy, Device: s.Device})
	}
	p.Trail = trail
	require.NoError(t, g.Settle(t.Context(), r))
	return p
}

func strategy(name string, params any) tta.StrategyConfig {
	return tta.StrategyConfig{Name: name, Params: params}
}

func TestAPipelineOnADeviceAnswersAsOnTheHost(t *testing.T) {
	d := opencltest.Open(t)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	chain := func() []tta.StrategyConfig {
		memory := reloop.NewConfig()
		memory.AdaptWeight, memory.Neighbors = false, 3
		return []tta.StrategyConfig{
			strategy("lame", with(lame.RBF, func(c *lame.Config) { c.MinDiversity = 0.3 })),
			strategy("labelshift", shift(func(c *labelshift.Config) { c.SourceRows = 1 })),
			strategy("reloop", memory),
		}
	}
	device, host := newBeside(t, d, true, chain()...), newBeside(t, d, false, chain()...)
	meter := d.(accel.Metered)
	r := rand.New(rand.NewPCG(5, 6))
	onDevice := map[string]int{}
	for i := range 12 {
		b := ttatest.RandomBatch(r, uint64(i), []int{16, 1, 32, 9}[i%4])
		want := host.step(t, b)
		before := meter.Stats()
		got := device.step(t, b)
		after := meter.Stats()
		testkit.Close(t, fmt.Sprintf("batch %d", i), got.View.Probs.Data, want.View.Probs.Data, 1e-4)
		require.Equal(t, tta.TripNone, got.Trip)
		for _, s := range got.Trail {
			if s.Device {
				onDevice[s.Strategy]++
			}
		}
		if i >= 4 { // launches are made when a number of rows is first met
			assert.EqualValues(t, 1, after.Syncs-before.Syncs, "waits for the device in batch %d", i)
			assert.LessOrEqual(t, after.Launches-before.Launches, int64(2+1+10), "launches of batch %d: two layers, features, and at most ten", i)
		}
		learnAll(t, device.Group, host.Group, b)
	}
	assert.GreaterOrEqual(t, onDevice["lame"], 9, "every batch of more than a row")
	assert.Positive(t, onDevice["labelshift"])
}

// learnAll labels every row of a batch with the class its number has.
func learnAll(t *testing.T, a, b *tta.Group, batch *tta.Batch) {
	var labels []tta.Label
	for i, it := range batch.Items {
		labels = append(labels, tta.Label{ID: it.ID, Class: i % 5})
	}
	for _, g := range []*tta.Group{a, b} {
		g.Learn(t.Context(), labels)
	}
}
