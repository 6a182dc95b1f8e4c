package daemon

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// pupil is a strategy that notes the labels it is taught, or fails to learn.
type pupil struct {
	taught []tta.Feedback
	fail   string // what Learn panics with
}

func (*pupil) Needs() tta.Needs { return tta.Needs{Remember: 1} }

func (*pupil) Remember(_ int, kept []float32) { kept[0] = 7 }

func (p *pupil) Learn(_ context.Context, rows []tta.Feedback) error {
	if p.fail != "" {
		panic(p.fail)
	}
	p.taught = append(p.taught, rows...)
	return nil
}

// kept collects events.
type kept struct {
	mu     sync.Mutex
	events []stream.Event
}

func (k *kept) Publish(ev stream.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, ev)
}

// school is a scene whose group has a ledger and a learner.
func school(t *testing.T, p *pupil) (*scene, *kept) {
	t.Helper()
	s, events := newScene(t), &kept{}
	ledger := tta.DefaultLedger()
	var err error
	s.engine.group.Pipelines, err = tta.NewGroup(tta.GroupOptions{
		Registry: tta.NewRegistry(tta.Spec{
			Name: "pupil", NewConfig: func() any { return &struct{}{} },
			New: func(tta.Env, any) (tta.Strategy, error) { return p, nil },
		}),
		Guard:   tta.DefaultGuard(),
		Configs: []tta.PipelineConfig{{Name: "main", Role: tta.Champion, Strategies: []tta.StrategyConfig{{Name: "pupil", Params: &struct{}{}}}}},
		Env:     tta.Env{Model: "m", Classes: 2, Now: time.Now, Log: zerolog.Nop()},
		Ledger:  &ledger, SourceView: true,
		Forward: func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
			return s.forward(ctx, b, o, keep)
		},
	})
	require.NoError(t, err)
	s.engine.published = events
	return s, events
}

func TestLabelsTeachAndScoreWhatWasAnswered(t *testing.T) {
	p := &pupil{}
	s, _ := school(t, p)
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0}, []float32{0, 1})))
	learned, err := s.engine.onLabels(t.Context(), []tta.Label{{Seq: 1, Class: 1}, {Seq: 2, Class: 1}, {Seq: 9, Class: 0}})
	require.NoError(t, err)
	assert.Equal(t, []tta.LabelState{tta.LabelLearned, tta.LabelLearned, tta.LabelEarly},
		[]tta.LabelState{learned[0].State, learned[1].State, learned[2].State})
	require.Len(t, p.taught, 2)
	assert.Equal(t, []float32{7}, p.taught[0].Kept)

	scores := s.engine.standings()
	require.Len(t, scores.Standings, 2)
	assert.Equal(t, "source", scores.Standings[0].Pipeline)
	assert.Equal(t, 0.5, scores.Standings[1].Window.Accuracy)
	assert.Equal(t, 2, scores.Ledger.Rows)
}

// Scores are read again once something has changed, and where reading takes long,
// not before many times that has passed.
func TestScoresAreReadNoMoreOftenThanTheyMayCost(t *testing.T) {
	s, _ := school(t, &pupil{})
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0})))
	board, group := &scoreboard{}, s.engine.group.Pipelines
	rows := func() int { return board.get().Ledger.Rows }
	board.refresh(group, 1, time.Hour)
	require.Equal(t, 1, rows(), "the first at once")

	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0}, []float32{2, 0})))
	board.refresh(group, 1, 0)
	assert.Equal(t, 1, rows(), "nothing is said to have changed")
	board.refresh(group, 2, time.Hour)
	assert.Equal(t, 1, rows(), "the last are new enough")
	board.took = time.Hour
	board.refresh(group, 2, 0)
	assert.Equal(t, 1, rows(), "reading costs too much to do it again so soon")
	board.took = quickScores
	board.refresh(group, 2, 0)
	assert.Equal(t, 2, rows())
}

// A label that makes a learner panic resets its pipeline and comes to something: it
// is not delivered again to do the same.
func TestALearnerThatPanicsCostsItsPipelineItsState(t *testing.T) {
	s, events := school(t, &pupil{fail: "index 3 of 2"})
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0})))
	learned, err := s.engine.onLabels(t.Context(), []tta.Label{{Seq: 1, Class: 1}})
	require.NoError(t, err)
	assert.Equal(t, tta.LabelLearned, learned[0].State, "it is scored all the same")
	require.Len(t, events.events, 1)
	assert.Equal(t, tta.EventReset, events.events[0].Kind)
	assert.Equal(t, "main", events.events[0].Pipeline)
	assert.Contains(t, events.events[0].Message, "index 3 of 2")
	assert.Equal(t, stream.Warn, events.events[0].Severity)
}

// Labels and batches take turns; who asks for scores meanwhile gets the last.
func TestScoresAreReadWhileABatchIsAnswered(t *testing.T) {
	s, _ := school(t, &pupil{})
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0})))
	entered, open := make(chan struct{}), make(chan struct{})
	s.forward = func(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
		close(entered)
		<-open
		return rowsPlainly(ctx, b, o, keep)
	}
	p := s.parcel([]float32{2, 0}, []float32{2, 0})
	done := make(chan error, 2)
	go func() { done <- s.engine.onParcel(t.Context(), p) }()
	<-entered
	assert.Equal(t, 1, s.engine.standings().Ledger.Rows, "as it was before the batch")
	go func() {
		learned, err := s.engine.onLabels(t.Context(), []tta.Label{{Seq: 2, Class: 0}})
		if err == nil {
			assert.Equal(t, tta.LabelLearned, learned[0].State, "it waited for the batch that answers its item")
		}
		done <- err
	}()
	close(open)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	assert.Equal(t, 2, s.engine.standings().Ledger.Rows, "the first message came again, and counts once")
}

// A clock that fails is nobody's strategy, and its panic nobody's alone.
func TestASettleThatPanicsResetsEveryPipelineAndTells(t *testing.T) {
	s, events := school(t, &pupil{})
	ledger, broken := tta.DefaultLedger(), false
	pipelines, err := tta.NewGroup(tta.GroupOptions{
		Registry: tta.NewRegistry(), Guard: tta.DefaultGuard(), Ledger: &ledger,
		Configs: []tta.PipelineConfig{{Name: "main", Role: tta.Champion}, {Name: "quiet", Role: tta.Shadow}},
		Env: tta.Env{Model: "m", Classes: 2, Log: zerolog.Nop(), Now: func() time.Time {
			if broken {
				panic("no time")
			}
			return time.Now()
		}},
		Forward: rowsPlainly,
	})
	require.NoError(t, err)
	s.engine.group.Pipelines = pipelines
	s.onCommit = func() { broken = true }
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0})))
	broken, s.onCommit = false, nil
	require.Len(t, events.events, 2)
	for i, name := range []string{"main", "quiet"} {
		assert.Equal(t, tta.EventReset, events.events[i].Kind)
		assert.Equal(t, name, events.events[i].Pipeline)
	}
	require.NoError(t, s.engine.onParcel(t.Context(), s.parcel([]float32{2, 0})), "the next batch is answered")
	assert.Equal(t, 1, s.engine.standings().Ledger.Rows)
}

// searching is the configuration of a group without a model, whose one strategy has
// an index on the device.
func searching(built *[]accel.Index) (configs.Group, *tta.Registry) {
	registry := tta.NewRegistry(tta.Spec{
		Name: "searcher", NewConfig: func() any { return &struct{}{} },
		New: func(env tta.Env, _ any) (tta.Strategy, error) {
			x, err := env.Index(4, 10)
			*built = append(*built, x)
			return &pupil{}, err
		},
	})
	cfg, feedback := configs.DefaultGroup(), stream.DefaultFeedback()
	cfg.Model = models.Config{Kind: models.KindOutputs, Classes: 2}
	cfg.Pipelines = []tta.PipelineConfig{{Name: "main", Role: tta.Champion, Strategies: []tta.StrategyConfig{{Name: "searcher", Params: &struct{}{}}}}}
	cfg.Feedback = &feedback
	return cfg, registry
}

// Strategies are not closed; what they hold on a device is freed by the group.
func TestIndexesAreFreedWithTheirPipelines(t *testing.T) {
	device, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	var built []accel.Index
	cfg, registry := searching(&built)
	g, err := OpenGroup("g", cfg, GroupOptions{Devices: []accel.Device{device}, Registry: registry, Log: zerolog.Nop()})
	require.NoError(t, err)
	other, err := g.With(cfg.Pipelines)
	require.NoError(t, err)
	require.Len(t, built, 2)

	g.Retire(other)
	assert.ErrorContains(t, device.Close(), "index of 10 keys of 4", "the group's own is still in use")
	require.NoError(t, g.Close())
	assert.NoError(t, device.Close())
}

// A group that nobody sends anything to may be reloaded often: of pipelines that
// wait for a batch to take over, only the last are kept, and none of those refused.
func TestPipelinesThatNeverTookOverAreFreed(t *testing.T) {
	device, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	var built []accel.Index
	cfg, registry := searching(&built)
	d := &Daemon{metrics: newMetrics(), config: &configs.File{Groups: map[string]configs.Group{"a": cfg, "b": cfg}}}
	for _, name := range []string{"a", "b"} {
		g, err := OpenGroup(name, cfg, GroupOptions{Devices: []accel.Device{device}, Registry: registry, Log: zerolog.Nop()})
		require.NoError(t, err)
		defer func() { require.NoError(t, g.Close()) }()
		d.engines = append(d.engines, &engine{group: g, log: zerolog.Nop()})
	}
	held := func() (n int) {
		for _, e := range d.engines {
			n += len(e.group.indexes.of)
		}
		return n
	}
	for range 3 {
		_, err := d.Reload(d.config)
		require.NoError(t, err)
		assert.Equal(t, 4, held(), "of each group, those that run and those to come")
	}
	wrong := cfg
	wrong.Pipelines = nil
	_, err = d.Reload(&configs.File{Groups: map[string]configs.Group{"a": cfg, "b": wrong}})
	require.ErrorContains(t, err, "no pipeline is the champion")
	assert.Equal(t, 4, held())
	d.engines[0].onSwap()
	assert.Equal(t, 3, held())
}
