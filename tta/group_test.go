package tta_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

func TestAGroupThatCannotWorkIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tta.GroupOptions)
		pipes  []pipe
		want   string
	}{
		"no champion":   {nil, []pipe{{"a", tta.Shadow, nil}}, "no pipeline is the champion"},
		"two champions": {nil, []pipe{{"a", tta.Champion, nil}, {"b", tta.Champion, nil}}, "a, b are all champions"},
		"same names":    {nil, []pipe{{"a", tta.Champion, nil}, {"a", tta.Shadow, nil}}, `two pipelines are named "a"`},
		"no such role":  {nil, []pipe{{"a", tta.Champion, nil}, {"b", "king", nil}}, `role "king" is none of`},
		"two owners": {nil, []pipe{champion(shift{"x", 1}, shift{"y", 1})},
			"strategies main0 and main1 both own the model's norm statistics"},
		"decider not last": {nil, []pipe{champion(decide{0}, &change{})}, "strategy main0 decides the class and must come last"},
		"two deciders":     {nil, []pipe{champion(decide{0}, decide{1})}, "must come last"},
		"unknown strategy": {func(o *tta.GroupOptions) { o.Configs[0].Strategies = []tta.StrategyConfig{{Name: "lamb"}} },
			[]pipe{champion(decide{0})}, `pipeline "main": no strategy is called "lamb"; there are main0`},
		"norms without a forward": {func(o *tta.GroupOptions) { o.Env.OutputsOnly, o.Forward = true, nil }, []pipe{champion(shift{"x", 1})},
			"model toy is of kind outputs: another server runs it"},
		"norms folded away": {func(o *tta.GroupOptions) { o.Env.Norms, o.Env.FoldedBN = nil, []string{"c1", "c2", "c3", "c4"} }, []pipe{champion(shift{"x", 1})},
			"the export merged them into c1, c2, c3 and 1 more. Either record source moments with 'ttad model calibrate FILE"},
		"no norms by design": {func(o *tta.GroupOptions) { o.Env.Norms = nil }, []pipe{champion(shift{"x", 1})},
			"has no BatchNormalization nodes, so it stores no source statistics"},
		"no features": {func(o *tta.GroupOptions) { o.Env.FeatureWidth = 0 }, []pipe{champion(&change{keep: models.Keep{Features: true}})},
			"none were found in model toy"},
		"no features in messages": {func(o *tta.GroupOptions) { o.Env.FeatureWidth, o.Env.OutputsOnly = 0, true }, []pipe{champion(&change{keep: models.Keep{Features: true}})},
			"set model.feature_width"},
		"labels that do not fit": {func(o *tta.GroupOptions) { o.Env.Labels = []string{"a"} }, []pipe{champion()}, "1 class names for 3 classes"},
		"one class":              {func(o *tta.GroupOptions) { o.Env.Classes, o.Env.Labels = 1, nil }, []pipe{champion()}, "at least 2 classes"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(c.pipes...)
			if c.change != nil {
				c.change(&o)
			}
			_, err := tta.NewGroup(o)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	_, err := tta.NewGroup(options(champion(decide{0}, &change{}), pipe{"b", tta.Shadow, []tta.Strategy{shift{"x", 1}, shift{"y", 1}}}))
	require.Error(t, err)
	assert.Contains(t, err.Error(), `pipeline "main"`)
	assert.Contains(t, err.Error(), `pipeline "b"`)
}

func TestOneForwardPerDistinctOverlay(t *testing.T) {
	features := models.Keep{Features: true}
	for name, c := range map[string]struct {
		source bool
		pipes  []pipe
		want   []string
	}{
		"output strategies ride the source forward": {false, []pipe{champion(&change{}), {"b", tta.Shadow, []tta.Strategy{&change{keep: features}}}}, []string{""}},
		"equal overlays share": {false, []pipe{champion(shift{"x", 1}), {"b", tta.Shadow, []tta.Strategy{shift{"x", 1}, &change{keep: features}}},
			{"c", tta.Challenger, []tta.Strategy{shift{"y", 2}}}}, []string{"x", "y"}},
		"the source view is a forward of its own": {true, []pipe{champion(shift{"x", 1})}, []string{"", "x"}},
		"unless somebody rides it":                {true, []pipe{champion(shift{"x", 1}), {"b", tta.Shadow, nil}}, []string{"", "x"}},
		"a step's part of a key is no label":      {false, []pipe{champion(shift{"ema(main)#7", 1})}, []string{"ema(main)"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(c.pipes...)
			o.SourceView = c.source
			var announced, asked []models.Ask
			o.Ahead = func(_ context.Context, _ *tta.Batch, asks []models.Ask) { announced = slices.Clone(asks) }
			o.Forward = func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
				asked = append(asked, models.Ask{Overlay: o, Keep: keep})
				return forward(ctx, b, o, keep)
			}
			r := step(t, build(t, o), certain(0, 1))
			require.Len(t, announced, len(asked))
			for i, a := range asked {
				assert.Same(t, a.Overlay, announced[i].Overlay, "told beforehand, and in this order")
				assert.Equal(t, a.Keep, announced[i].Keep)
			}
			var ran []string
			for _, f := range r.Timings {
				ran = append(ran, f.Overlay)
			}
			assert.Equal(t, c.want, ran)
			assert.Equal(t, len(c.want), r.Forwards)
			assert.Equal(t, slices.Contains(ran, ""), r.Source != nil, "the source view is there whenever its forward was run")
		})
	}
}

func TestPipelinesDoNotSeeEachOther(t *testing.T) {
	g := build(t, options(champion(answerOne(2)), pipe{"b", tta.Shadow, []tta.Strategy{&change{}}}, pipe{"c", tta.Shadow, nil}))
	r := step(t, g, certain(0))
	assert.Equal(t, []int32{2}, r.Pipelines[0].View.Class)
	assert.Equal(t, []int32{0}, r.Pipelines[1].View.Class)
	assert.Equal(t, r.Pipelines[1].View.Probs.Data, r.Pipelines[2].View.Probs.Data)
}

func TestTheTrailTellsWhoMovedTheRow(t *testing.T) {
	o := options(champion(shift{"x", 8}, answerOne(1), decide{3}))
	o.SourceView = true
	trail := step(t, build(t, o), certain(2)).Pipelines[0].Trail
	require.Len(t, trail, 3)
	assert.Equal(t, []int32{0}, trail[0].Class, "inside the forward, against the source view")
	assert.InDelta(t, 0.95, trail[0].Shift[0], 0.05)
	assert.Equal(t, []int32{1}, trail[1].Class)
	assert.InDelta(t, 1, trail[1].Shift[0], 0.1)
	assert.Equal(t, []int32{3}, trail[2].Class)
	assert.Zero(t, trail[2].Shift[0], "deciding moves no probability")

	o.SourceView = false
	trail = step(t, build(t, o), certain(2)).Pipelines[0].Trail
	require.Len(t, trail, 2, "no source view, nothing to measure the forward against")
	assert.Equal(t, "main1", trail[0].Strategy)
}

func TestADeciderAnswersInItsOwnClasses(t *testing.T) {
	r := step(t, build(t, options(champion(decide{3}))), certain(0))
	p := r.Pipelines[0]
	assert.Equal(t, "main0", p.Decided)
	assert.Equal(t, "new", p.Labels[p.View.Class[0]])
	assert.Equal(t, float32(-1), p.View.Score[0])

	r = step(t, build(t, options(champion(decide{4}))), certain(0))
	assert.Equal(t, "source: error: main0: row 0: answered class 4 of 4", r.Pipelines[0].Guard)
}

func TestAStepThatIsNotSettledLeavesNoTrace(t *testing.T) {
	s := &change{}
	g := build(t, options(champion(s)))
	first := append([]float32(nil), step(t, g, certain(0, 1)).Pipelines[0].View.Probs.Data...)
	assert.Equal(t, first, step(t, g, certain(0, 1)).Pipelines[0].View.Probs.Data)
	assert.Zero(t, s.updates)
	r := settle(t, g, certain(0, 1))
	assert.Equal(t, 1, s.updates)
	assert.Panics(t, func() { _ = g.Settle(context.Background(), r) }, "a result settles once")
}

func TestOutputsOnlyModelsNeedNoForward(t *testing.T) {
	o := options(champion(&change{keep: models.Keep{Features: true}}))
	o.Forward, o.Env.OutputsOnly = nil, true
	g := build(t, o)
	b := certain(1)
	b.Given, b.Inputs = &models.Output{Logits: b.Inputs[0], Features: b.Inputs[0]}, nil
	r := step(t, g, b)
	assert.Equal(t, []int32{1}, r.Pipelines[0].View.Class)
	assert.Equal(t, tta.GuardOK, r.Pipelines[0].Guard)
	assert.Zero(t, r.Forwards)

	b.Given.Features = nil
	assert.Equal(t, "source: error: features: the batch carries none", step(t, g, b).Pipelines[0].Guard)
	b.Given.Logits = accel.NewTensor(1, 2)
	_, err := g.Step(context.Background(), b)
	assert.ErrorContains(t, err, "logits have shape [1 2], want [1 3]")
	_, err = g.Step(context.Background(), certain(1))
	assert.ErrorContains(t, err, "carries no logits")
}

func TestBatchesThatContradictThemselvesAreRefused(t *testing.T) {
	g := build(t, options(champion()))
	b := certain(0, 1)
	b.Items = b.Items[:1]
	_, err := g.Step(context.Background(), b)
	assert.ErrorContains(t, err, "step 7: items have 1 rows, the batch 2")
	b = certain(0, 1)
	b.Items = []tta.Item{{ID: "none"}, {ID: "both", Rows: 2}}
	_, err = g.Step(context.Background(), b)
	assert.ErrorContains(t, err, `item "none" has 0 rows`)
	_, err = g.Step(context.Background(), &tta.Batch{})
	assert.ErrorContains(t, err, "a batch of 0 rows")
}

func TestTheSourceModelsFailureIsTheSteps(t *testing.T) {
	o := options(champion(shift{"x", 1}))
	o.SourceView = true
	o.Forward = func(context.Context, *tta.Batch, *models.Overlay, models.Keep) (*models.Output, error) {
		return nil, errors.New("out of device memory")
	}
	_, err := build(t, o).Step(context.Background(), certain(0))
	assert.ErrorContains(t, err, `step 7: source model: out of device memory`)
}

func TestACancelledContextEndsTheStep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	g := build(t, options(champion(&change{correct: func(*tta.Batch, *models.Output, *accel.Tensor) error { cancel(); return ctx.Err() }})))
	_, err := g.Step(ctx, certain(0))
	assert.ErrorIs(t, err, context.Canceled)

	g = build(t, options(champion(&change{})))
	r := step(t, g, certain(0))
	assert.ErrorIs(t, g.Settle(ctx, r), context.Canceled)
}

// deadline is a context whose deadline passes when the test says so.
type deadline struct {
	context.Context
	passed bool
}

func (d *deadline) Err() error {
	if d.passed {
		return context.DeadlineExceeded
	}
	return nil
}

// stalled is a strategy that takes all the time there is.
func stalled(ctx *deadline) *change {
	return &change{correct: func(*tta.Batch, *models.Output, *accel.Tensor) error {
		ctx.passed = true
		return ctx.Err()
	}}
}

func TestTheDeadlineIsTheChampionsOnly(t *testing.T) {
	never := pipe{"never", tta.Challenger, []tta.Strategy{shift{"z", 3}, &change{correct: func(*tta.Batch, *models.Output, *accel.Tensor) error {
		panic("asked after the deadline")
	}}}}
	for name, c := range map[string]struct {
		champion tta.Strategy
		source   bool
		answered bool // by the source view, in the late ones' place
	}{
		"on the source forward":    {&change{}, false, true},
		"with the source view":     {shift{"x", 1}, true, true},
		"without the source view":  {shift{"x", 1}, false, false},
		"with a tripping champion": {shift{"x", float32(math.NaN())}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := &deadline{Context: context.Background()}
			slow, learns := stalled(ctx), &change{}
			o := options(pipe{"slow", tta.Shadow, []tta.Strategy{shift{"y", 2}, slow}}, champion(c.champion, learns), never)
			o.SourceView, o.Guard.ResetAfter = c.source, 1
			g := build(t, o)
			r, err := g.Step(ctx, certain(0, 1))
			require.NoError(t, err)
			assert.Equal(t, []int32{0, 1}, r.Pipelines[1].View.Class)
			assert.NotEqual(t, tta.TripLate, r.Pipelines[1].Trip)
			for _, i := range []int{0, 2} {
				late := r.Pipelines[i]
				assert.Equal(t, tta.TripLate, late.Trip)
				assert.Contains(t, late.Guard, "deadline")
				if c.answered {
					assert.Equal(t, []int32{0, 1}, late.View.Class)
					assert.Empty(t, late.NoAnswer)
				} else {
					assert.Equal(t, []int32{-1, -1}, late.View.Class)
					assert.Equal(t, []int{0, 1}, late.NoAnswer, "nothing to publish")
				}
			}
			require.NoError(t, g.Settle(context.Background(), r))
			assert.Equal(t, r.Pipelines[1].Trip == tta.TripNone, learns.updates == 1)
			assert.Zero(t, slow.updates)
			for _, e := range r.Events {
				assert.False(t, e.Kind == tta.EventReset && e.Pipeline == "slow", "being late tells nothing about its state")
			}
		})
	}
}

func TestAChampionThatIsLateEndsTheStep(t *testing.T) {
	ctx := &deadline{Context: context.Background()}
	g := build(t, options(pipe{"b", tta.Shadow, nil}, champion(stalled(ctx))))
	_, err := g.Step(ctx, certain(0))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestStrategiesRunForwardsThatAreCounted(t *testing.T) {
	var env tta.Env
	spec := tta.Spec{Name: "twice", New: func(e tta.Env, _ any) (tta.Strategy, error) {
		env = e
		return &change{correct: func(b *tta.Batch, _ *models.Output, _ *accel.Tensor) error {
			_, err := e.Forward(context.Background(), b, &models.Overlay{}, models.Keep{})
			return err
		}}, nil
	}}
	o := options(champion())
	o.Registry = tta.NewRegistry(spec)
	o.Configs[0].Strategies = []tta.StrategyConfig{{Name: "twice"}}
	assert.Equal(t, 2, step(t, build(t, o), certain(0)).Forwards)
	assert.Equal(t, "main", env.Pipeline)
	first := env.Rand.Uint64()
	build(t, o)
	assert.Equal(t, first, env.Rand.Uint64(), "the same seed and place give the same numbers")
	o.Seed++
	build(t, o)
	assert.NotEqual(t, first, env.Rand.Uint64())
}

func TestSnapshotsGoBackWholeOrNotAtAll(t *testing.T) {
	a, b := &change{}, &change{}
	g := build(t, options(champion(a), pipe{"b", tta.Shadow, []tta.Strategy{b}}))
	settle(t, g, certain(0))
	states, err := g.Snapshot()
	require.NoError(t, err)
	require.Len(t, states, 2)
	settle(t, g, certain(0))
	require.NoError(t, g.Restore(states))
	assert.Equal(t, []int{1, 1}, []int{a.updates, b.updates})

	settle(t, g, certain(0))
	states[1].Blob = nil
	assert.ErrorContains(t, g.Restore(states), `restore pipeline "b": b0: one byte is wanted`)
	assert.Equal(t, []int{2, 2}, []int{a.updates, b.updates}, "the first one was put back")
	states[1].Index = 9
	assert.ErrorContains(t, g.Restore(states), `no strategy b0 with state at place 9 of a pipeline "b"`)

	g.Pipelines()[1].Reset()
	assert.Equal(t, []int{2, 0}, []int{a.updates, b.updates})
}

func TestAGroupTellsWhatItHolds(t *testing.T) {
	g := build(t, options(pipe{"b", tta.Shadow, []tta.Strategy{&change{keep: models.Keep{Features: true}}}}, champion(shift{"x", 1})))
	assert.Equal(t, "main", g.Champion())
	assert.Equal(t, []string{"b0"}, g.Pipelines()[0].Strategies())
	assert.True(t, g.Pipelines()[0].Stateful())
	assert.False(t, g.Pipelines()[1].Stateful())
	assert.Equal(t, 1, step(t, g, certain(0)).Champion)
}

func ExampleGroup() {
	g, err := tta.NewGroup(options(champion(answerOne(2)), pipe{"plain", tta.Challenger, nil}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	r, err := g.Step(ctx, certain(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range r.Pipelines {
		fmt.Println(p.Name, p.Labels[p.View.Class[0]], p.Guard)
	}
	// ... publish r, then:
	if err := g.Settle(ctx, r); err != nil {
		fmt.Println(err)
	}
	// Output:
	// main c ok
	// plain a ok
}

func TestASteadyStreamOfStepsAllocatesAlmostNothing(t *testing.T) {
	g, b := steady(t)
	// What is left is the overlay's own list of rules in the fakes and the two
	// outputs the fake forward makes anew.
	allocs := testing.AllocsPerRun(20, func() { settle(t, g, b) })
	fake := testing.AllocsPerRun(20, func() {
		var o models.Overlay
		_ = shift{"x", 1}.Prepare(context.Background(), b, &o)
		_, _ = forward(context.Background(), b, &o, models.Keep{Features: true})
		_, _ = forward(context.Background(), b, &models.Overlay{}, models.Keep{})
	})
	assert.LessOrEqual(t, allocs, fake, "per step, the fakes' own left out")
}

func steady(t testing.TB) (*tta.Group, *tta.Batch) {
	o := options(champion(shift{"x", 1}, &change{keep: models.Keep{Features: true}}), pipe{"b", tta.Shadow, []tta.Strategy{&change{}}})
	o.SourceView, o.Guard.MinClassEntropy, o.Guard.WindowRows = true, 0.1, 100
	g := build(t, o)
	b := certain(0, 1, 2, 0, 1, 2, 0, 1)
	settle(t, g, b)
	return g, b
}

func BenchmarkStep(b *testing.B) {
	g, batch := steady(b)
	b.ReportAllocs()
	for b.Loop() {
		settle(b, g, batch)
	}
}
