package tta_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// pupil is a learner that remembers a row's input and keeps what it is taught. It
// is right once it has been taught: it then answers the class taught last.
type pupil struct {
	given    []float32
	taught   []tta.Feedback
	kept     [][]float32
	failing  error
	panics   bool
	remember func(row int, kept []float32)
}

func (p *pupil) Needs() tta.Needs {
	return tta.Needs{Keep: models.Keep{Features: true}, Remember: classes, Labels: true}
}

func (p *pupil) Correct(_ context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	p.given = append(p.given[:0], out.Features.Data...)
	if n := len(p.taught); n > 0 {
		clear(probs.Data)
		for i := range b.Rows {
			probs.Row(i)[p.taught[n-1].Label] = 1
		}
	}
	return nil
}

func (p *pupil) Remember(row int, kept []float32) {
	if p.remember != nil {
		p.remember(row, kept)
		return
	}
	copy(kept, p.given[row*classes:(row+1)*classes])
}

func (p *pupil) Learn(_ context.Context, rows []tta.Feedback) error {
	if p.panics {
		panic("no such page")
	}
	for _, f := range rows {
		p.kept = append(p.kept, slices.Clone(f.Kept))
		f.Kept = nil
		p.taught = append(p.taught, f)
	}
	return p.failing
}

func (p *pupil) Snapshot() ([]byte, error) {
	var blob []byte
	for _, f := range p.taught {
		blob = append(blob, byte(f.Label))
	}
	return blob, nil
}

func (p *pupil) Restore(blob []byte) error {
	if len(blob) > 0 && blob[0] == 'x' {
		return errors.New("not a pupil")
	}
	p.taught = nil
	for _, l := range blob {
		p.taught = append(p.taught, tta.Feedback{Label: int(l)})
	}
	return nil
}

func (p *pupil) Reset() { p.taught = nil }

// clock is a time that moves when a test says so.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

// school is a group with a ledger of so many rows, and its clock.
func school(t testing.TB, rows int, pipes ...pipe) (*tta.Group, *clock) {
	t.Helper()
	o, c := schooling(rows, pipes...)
	return build(t, o), c
}

func schooling(rows int, pipes ...pipe) (tta.GroupOptions, *clock) {
	o := options(pipes...)
	c := &clock{time.Unix(100, 0)}
	ledger := tta.DefaultLedger()
	ledger.Rows = rows
	o.Ledger, o.Env.Now, o.SourceView = &ledger, c.read, true
	return o, c
}

// numbered gives a batch's items ids and sequences from first on.
func numbered(b *tta.Batch, first int) *tta.Batch {
	for i := range b.Items {
		b.Items[i].ID, b.Items[i].Seq = fmt.Sprintf("item-%d", first+i), uint64(first+i)
	}
	return b
}

func learn(t testing.TB, g *tta.Group, labels ...tta.Label) []tta.Learned {
	t.Helper()
	out, err := g.Learn(context.Background(), labels)
	require.NoError(t, err)
	require.Len(t, out, len(labels))
	return out
}

func states(learned []tta.Learned) []tta.LabelState {
	out := make([]tta.LabelState, len(learned))
	for i, l := range learned {
		out[i] = l.State
	}
	return out
}

func TestWhatBecomesOfALabel(t *testing.T) {
	item := func(class int) tta.Label { return tta.Label{ID: "item-2", Class: class} }
	from := func(l tta.Label, message uint64) tta.Label { l.From = message; return l }
	revise := func(l tta.Label) tta.Label { l.Revise = true; return l }
	for name, c := range map[string]struct {
		labels []tta.Label
		want   []tta.LabelState
		taught int
	}{
		"by id":                       {[]tta.Label{item(1)}, []tta.LabelState{"learned"}, 1},
		"by sequence":                 {[]tta.Label{{Seq: 2, Class: 1}}, []tta.LabelState{"learned"}, 1},
		"equal again":                 {[]tta.Label{item(1), item(1), {Seq: 2, Class: 1}}, []tta.LabelState{"learned", "repeated", "repeated"}, 1},
		"redelivered":                 {[]tta.Label{from(item(1), 9), from(item(1), 9), from(item(1), 10)}, []tta.LabelState{"learned", "again", "repeated"}, 1},
		"different":                   {[]tta.Label{item(1), item(2), item(1)}, []tta.LabelState{"learned", "conflict", "repeated"}, 1},
		"different, to be revised":    {[]tta.Label{item(1), revise(item(2)), item(2), item(1)}, []tta.LabelState{"learned", "revised", "repeated", "conflict"}, 2},
		"a revision that comes first": {[]tta.Label{revise(item(2))}, []tta.LabelState{"learned"}, 1},
		"a revision redelivered":      {[]tta.Label{item(1), from(revise(item(2)), 9), from(revise(item(2)), 9)}, []tta.LabelState{"learned", "revised", "again"}, 2},
		"before its item":             {[]tta.Label{{ID: "item-9", Class: 1}, {Seq: 9, Class: 1}}, []tta.LabelState{"early", "early"}, 0},
		"no such row":                 {[]tta.Label{{ID: "item-2", Row: 1}, {ID: "item-2", Row: -1}}, []tta.LabelState{"invalid", "invalid"}, 0},
		"no such class":               {[]tta.Label{item(3), item(-1)}, []tta.LabelState{"invalid", "invalid"}, 0},
		"no such weight": {[]tta.Label{{Seq: 2, Weight: 2}, {Seq: 2, Weight: -1}, {Seq: 2, Weight: float32(math.NaN())}},
			[]tta.LabelState{"invalid", "invalid", "invalid"}, 0},
		"of no item": {[]tta.Label{{Class: 1}}, []tta.LabelState{"invalid"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pupil{}
			g, _ := school(t, 100, champion(p))
			settle(t, g, numbered(certain(0, 1, 2), 1))
			learned := learn(t, g, c.labels...)
			assert.Equal(t, c.want, states(learned))
			assert.Len(t, p.taught, c.taught)
			for _, l := range learned {
				assert.Equal(t, l.State == tta.LabelConflict || l.State == tta.LabelInvalid, l.Why != "", "%+v", l)
			}
		})
	}
}

func TestLearnersGetBackWhatTheyRemembered(t *testing.T) {
	p := &pupil{}
	g, now := school(t, 100, champion(&change{}, p))
	settle(t, g, numbered(certain(0, 1, 2), 1))
	b := numbered(certain(2, 0, 1), 4)
	b.Items = []tta.Item{{ID: "pair", Rows: 2}, {ID: "single", Rows: 1}}
	b.Step = 8
	settle(t, g, b)
	now.now = now.now.Add(time.Minute)
	learned := learn(t, g,
		tta.Label{ID: "single", Class: 2, Weight: 0.5}, tta.Label{ID: "item-2", Class: 1}, tta.Label{ID: "pair", Row: 1, Class: 0},
		tta.Label{ID: "item-2", Class: 2, Revise: true})
	assert.Equal(t, time.Minute, learned[0].Delay)
	assert.Equal(t, []tta.Feedback{
		{Row: 5, Label: 2, Revises: -1, Weight: 0.5, Step: 8}, {Row: 1, Label: 1, Revises: -1, Weight: 1, Step: 7},
		{Row: 4, Label: 0, Revises: -1, Weight: 1, Step: 8}, {Row: 1, Label: 2, Revises: 1, Weight: 1, Step: 7},
	}, p.taught)
	assert.Equal(t, [][]float32{{0, 4, 0}, {0, 4, 0}, {4, 0, 0}, {0, 4, 0}}, p.kept)
}

func TestRowsALearnerHadNoPartInAreScoredAndNotLearned(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		before tta.Strategy
		batch  *tta.Batch
		after  func(g *tta.Group)
		label  int
		guard  func(*tta.GuardConfig)
	}{
		"the pipeline tripped":   {before: &change{correct: func(*tta.Batch, *models.Output, *accel.Tensor) error { return errors.New("no") }}},
		"the items asked for it": {batch: func() *tta.Batch { b := certain(1); b.Items[0].SourceOnly = "suspect"; return b }()},
		"the pipeline was reset": {after: func(g *tta.Group) { g.Pipelines()[0].Reset() }},
		"a decider's own class":  {label: 3},
		"the row has no answer":  {batch: batch(nan, 0, 0)},
		"no answer let through":  {batch: batch(nan, 0, 0), guard: func(c *tta.GuardConfig) { c.NonFinite = false }},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pupil{}
			stages := []tta.Strategy{p}
			if c.before != nil {
				stages = []tta.Strategy{c.before, p}
			}
			o, _ := schooling(100, champion(stages...), pipe{"knows more", tta.Shadow, []tta.Strategy{decide{3}}})
			if c.guard != nil {
				c.guard(&o.Guard)
			}
			g := build(t, o)
			b := c.batch
			if b == nil {
				b = certain(1)
			}
			settle(t, g, numbered(b, 1))
			if c.after != nil {
				c.after(g)
			}
			assert.Equal(t, tta.LabelLearned, learn(t, g, tta.Label{Seq: 1, Class: c.label})[0].State)
			assert.Empty(t, p.taught)
			for _, s := range g.Standings() {
				assert.Equal(t, 1, s.Total.Rows, s.Pipeline)
			}
		})
	}
}

func TestAResetBetweenAnswerAndSettleLeavesNothingToLearn(t *testing.T) {
	p, c := &pupil{}, &change{}
	g, _ := school(t, 100, champion(c, p))
	r := step(t, g, numbered(certain(1), 1))
	g.Pipelines()[0].Reset()
	require.NoError(t, g.Settle(context.Background(), r))
	assert.Equal(t, tta.LabelLearned, learn(t, g, tta.Label{Seq: 1, Class: 1})[0].State)
	assert.Empty(t, p.taught)
	assert.Zero(t, c.updates, "nor anything to update from")
}

func TestWhatALearnerDoesNotWriteIsZero(t *testing.T) {
	p := &pupil{}
	g, _ := school(t, 1, champion(p))
	stream(t, g, 1, 2)
	p.remember = func(_ int, kept []float32) { kept[0] = 1 }
	stream(t, g, 3, 3) // in the memory of an item that left
	learn(t, g, tta.Label{Seq: 3})
	assert.Equal(t, [][]float32{{1, 0, 0}}, p.kept)
}

func TestALearnerThatFailsResetsItsPipelineOnly(t *testing.T) {
	for name, bad := range map[string]*pupil{"errs": {failing: errors.New("memory full")}, "panics": {panics: true}} {
		t.Run(name, func(t *testing.T) {
			good, behind := &pupil{}, &pupil{}
			g, _ := school(t, 100, champion(bad, behind), pipe{"b", tta.Shadow, []tta.Strategy{good}})
			settle(t, g, numbered(certain(0, 1), 1))
			learn(t, g, tta.Label{Seq: 1, Class: 1})
			assert.Empty(t, bad.taught)
			assert.Empty(t, behind.taught, "what comes behind starts over, too")
			assert.Len(t, good.taught, 1)
			require.Len(t, g.LearnEvents(), 1)
			e := g.LearnEvents()[0]
			assert.Equal(t, []any{tta.EventReset, "main"}, []any{e.Kind, e.Pipeline})
			assert.Contains(t, e.Message, "learn: main0: ")

			bad.failing, bad.panics = nil, false
			learn(t, g, tta.Label{Seq: 2, Class: 1})
			assert.Empty(t, bad.taught, "answered before the reset")
			assert.Len(t, good.taught, 2)
			assert.Empty(t, g.LearnEvents())
		})
	}
}

func TestALearnerThatCannotRememberIsReset(t *testing.T) {
	p := &pupil{remember: func(int, []float32) { panic("where was I") }}
	g, _ := school(t, 100, champion(p))
	r := settle(t, g, numbered(certain(0, 1), 1))
	require.Len(t, r.Events, 1)
	assert.Equal(t, "remember: panic: where was I", r.Events[0].Message)
	p.remember = nil
	settle(t, g, numbered(certain(0), 3))
	learn(t, g, tta.Label{Seq: 1}, tta.Label{Seq: 2}, tta.Label{Seq: 3})
	assert.Len(t, p.taught, 1)
}

func TestACancelledContextEndsLearning(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g, _ := school(t, 100, champion(&pupil{}))
	settle(t, g, numbered(certain(0), 1))
	_, err := g.Learn(ctx, []tta.Label{{Seq: 1}})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, tta.LabelLearned, learn(t, g, tta.Label{Seq: 1})[0].State, "nothing was taken")
}

func TestAStepThatIsNotSettledIsNotRecorded(t *testing.T) {
	g, _ := school(t, 100, champion(&pupil{}))
	step(t, g, numbered(certain(0), 1))
	assert.Equal(t, tta.LabelEarly, learn(t, g, tta.Label{Seq: 1})[0].State)
}

func TestStrategiesThatLiveOnLabelsWantALedger(t *testing.T) {
	o := options(champion(&pupil{}))
	_, err := tta.NewGroup(o)
	assert.EqualError(t, err, `pipeline "main": strategy main0 learns from labels, and the group takes none; add feedback: {} to the group`)
	g := build(t, options(champion()))
	assert.Panics(t, func() { _, _ = g.Learn(context.Background(), nil) })
	assert.Nil(t, g.Standings())
	assert.Zero(t, g.Ledger())
	o.Ledger = &tta.LedgerConfig{Rows: 10, Bytes: -1}
	_, err = tta.NewGroup(o)
	assert.ErrorContains(t, err, "the ledger's bytes are -1, want more than 0")
	assert.ErrorContains(t, err, "max age")
}

func TestStandingsAreOfTheAnswersGivenThen(t *testing.T) {
	p := &pupil{}
	g, _ := school(t, 100, champion(p), pipe{"plain", tta.Challenger, nil})
	settle(t, g, numbered(certain(0, 0), 1))
	learn(t, g, tta.Label{Seq: 1, Class: 1}) // all were wrong
	settle(t, g, numbered(certain(0), 3))    // now the pupil answers 1
	learn(t, g, tta.Label{Seq: 3, Class: 1}, tta.Label{Seq: 2, Class: 0})
	s := g.Standings()
	require.Len(t, s, 3)
	assert.Equal(t, []any{"source", tta.Role(""), 3}, []any{s[0].Pipeline, s[0].Role, s[0].Total.Rows})
	assert.Equal(t, []any{"main", tta.Champion}, []any{s[1].Pipeline, s[1].Role})
	assert.InDelta(t, 1.0/3, s[0].Total.Accuracy, 1e-12)
	assert.InDelta(t, 2.0/3, s[1].Total.Accuracy, 1e-12)
	assert.InDelta(t, 1.0/3, s[1].Advantage.Mean, 1e-12)
	assert.InDelta(t, s[1].Total.Brier-s[0].Total.Brier, s[1].BrierAdvantage.Mean, 1e-12)
	assert.Equal(t, 3, s[1].Advantage.Rows)
	assert.Equal(t, s[0].Total, s[2].Total)
	assert.Zero(t, s[2].Advantage.Mean)

	learn(t, g, tta.Label{Seq: 3, Class: 0, Revise: true}) // so the pupil was wrong, the source right
	s = g.Standings()
	assert.InDelta(t, 2.0/3, s[0].Total.Accuracy, 1e-12)
	assert.InDelta(t, 1.0/3, s[1].Window.Accuracy, 1e-12)
	assert.InDelta(t, -1.0/3, s[1].Advantage.Mean, 1e-12)
	assert.InDelta(t, s[1].Total.Brier-s[0].Total.Brier, s[1].BrierAdvantage.Mean, 1e-12)
}

func TestWithoutASourceViewPipelinesAreScoredAlone(t *testing.T) {
	o, _ := schooling(100, champion(shift{"x", 1}))
	o.SourceView = false
	g := build(t, o)
	settle(t, g, numbered(certain(1), 1))
	learn(t, g, tta.Label{Seq: 1, Class: 1})
	s := g.Standings()
	assert.Zero(t, s[0].Total.Rows)
	assert.Equal(t, 1, s[1].Total.Rows)
	assert.Zero(t, s[1].Advantage.Rows)
}

func TestARevisionToAClassWithoutAProbabilityMovesTheBrierAdvantage(t *testing.T) {
	g, _ := school(t, 100, champion(decide{3}), pipe{"sure", tta.Shadow, []tta.Strategy{answerOne(0)}})
	settle(t, g, numbered(certain(1, 1), 1))
	learn(t, g, tta.Label{Seq: 1, Class: 1}, tta.Label{Seq: 2, Class: 3}, tta.Label{Seq: 1, Class: 3, Revise: true})
	assert.Zero(t, g.Standings()[2].Total.Brier)
	assert.Zero(t, g.Standings()[2].BrierAdvantage.Mean)
	learn(t, g, tta.Label{Seq: 2, Class: 0, Revise: true})
	assert.Negative(t, g.Standings()[2].BrierAdvantage.Mean)
}

func ExampleGroup_Learn() {
	o, _ := schooling(1000, champion(&pupil{}))
	g, _ := tta.NewGroup(o)
	ctx := context.Background()
	r, _ := g.Step(ctx, numbered(certain(0, 2), 1))
	_ = g.Settle(ctx, r)
	learned, _ := g.Learn(ctx, []tta.Label{{ID: "item-1", Class: 1}, {ID: "item-2", Class: 2}, {ID: "item-3", Class: 0}})
	for _, l := range learned {
		fmt.Println(l.State)
	}
	fmt.Println(g.Standings()[1].Total.Accuracy)
	// Output:
	// learned
	// learned
	// early
	// 0.5
}
