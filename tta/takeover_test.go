package tta_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/models"
	"ttad/tta"
)

// keyed is a pupil whose memory means nothing under other strategies.
type keyed struct{ pupil }

func (*keyed) Needs() tta.Needs {
	return tta.Needs{Keep: models.Keep{Features: true}, Remember: classes, Labels: true, Keyed: true}
}

// wide is a pupil that remembers more.
type wide struct{ pupil }

func (*wide) Needs() tta.Needs {
	return tta.Needs{Keep: models.Keep{Features: true}, Remember: classes + 1, Labels: true}
}

// sealed is a strategy whose file has the given contents.
type sealed struct {
	change
	contents string
}

func (s *sealed) Digest() string { return s.contents }

// course is a group whose one pipeline has the given stages, all called by their
// place, with parameters.
type course struct {
	stages []tta.Strategy
	params []any // by stage
	names  []string
	model  string
	change func(*tta.GroupOptions)
}

func (c course) build(t *testing.T) *tta.Group {
	t.Helper()
	o, _ := schooling(100, champion(c.stages...))
	o.Env.Digest = c.model
	var specs []tta.Spec
	for i, s := range c.stages {
		sc := &o.Configs[0].Strategies[i]
		if c.names != nil {
			sc.Name = c.names[i]
		}
		if c.params != nil {
			sc.Params = c.params[i]
		}
		specs = append(specs, tta.Spec{Name: sc.Name, New: func(tta.Env, any) (tta.Strategy, error) { return s, nil }})
	}
	o.Registry = tta.NewRegistry(specs...)
	if c.change != nil {
		c.change(&o)
	}
	return build(t, o)
}

func TestAKeyedStrategyKeepsItsStateOnlyOnTheSameGround(t *testing.T) {
	type param struct{ Weight *float64 }
	weight := func(w float64) *param { return &param{&w} }
	was := func() course {
		return course{stages: []tta.Strategy{shift{"x", 1}, &keyed{}}, params: []any{weight(0.9), weight(1)}, model: "aa"}
	}
	for name, c := range map[string]struct {
		now     func(c *course)
		carried bool
	}{
		"nothing changed":        {func(*course) {}, true},
		"its own parameters":     {func(c *course) { c.params[1] = weight(2) }, true},
		"something behind it":    {func(c *course) { c.stages = append(c.stages, decide{0}); c.params = append(c.params, nil) }, true},
		"a parameter before it":  {func(c *course) { c.params[0] = weight(0.8) }, false},
		"another name before it": {func(c *course) { c.names = []string{"other", "main1"} }, false},
		"another model":          {func(c *course) { c.model = "bb" }, false},
		"a forward shaped behind it": {func(c *course) {
			c.stages, c.params = append(c.stages, preparer{}), append(c.params, nil)
		}, false},
		"another name of its own": {func(c *course) { c.names = []string{"main0", "other"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			old, next := was(), was()
			next.stages = []tta.Strategy{shift{"x", 1}, &keyed{}}
			c.now(&next)
			from, to := old.build(t), next.build(t)
			settle(t, from, numbered(certain(0, 1), 1))
			learn(t, from, tta.Label{Seq: 1, Class: 2})

			fresh := to.TakeOver(from)
			learner := next.stages[1].(*keyed)
			learn(t, to, tta.Label{Seq: 2, Class: 1})
			if c.carried {
				assert.Empty(t, fresh)
				assert.Len(t, learner.taught, 2, "its state, and the row answered before")
			} else {
				assert.Equal(t, []string{"main"}, fresh)
				assert.Empty(t, learner.taught)
			}
			assert.Equal(t, 2, to.Standings()[1].Total.Rows, "scores go on in any case")
		})
	}
}

// preparer shapes the forward without owning anything.
type preparer struct{ shift }

func (preparer) Needs() tta.Needs { return tta.Needs{} }

func TestWhatAFileHoldsIsPartOfTheGround(t *testing.T) {
	old, next := &sealed{contents: "a"}, &sealed{contents: "b"}
	same := course{stages: []tta.Strategy{&sealed{contents: "a"}, &keyed{}}}.build(t)
	assert.Empty(t, same.TakeOver(course{stages: []tta.Strategy{old, &keyed{}}}.build(t)))
	other := course{stages: []tta.Strategy{next, &keyed{}}}.build(t)
	assert.Equal(t, []string{"main"}, other.TakeOver(course{stages: []tta.Strategy{old, &keyed{}}}.build(t)))
}

func TestTakingOverIsStrategyByStrategyAndPipelineByPipeline(t *testing.T) {
	first, second, lost := &pupil{}, &change{}, &change{}
	from, _ := school(t, 100, champion(first, second), pipe{"gone", tta.Shadow, []tta.Strategy{lost}})
	settle(t, from, numbered(certain(0, 1), 1))
	learn(t, from, tta.Label{Seq: 1, Class: 1})

	heir, newcomer := &pupil{}, &change{}
	o, _ := schooling(100, pipe{"new", tta.Shadow, []tta.Strategy{newcomer}}, pipe{"stateless", tta.Shadow, nil}, champion(heir))
	to := build(t, o)
	assert.Equal(t, []string{"new"}, to.TakeOver(from))
	assert.Len(t, heir.taught, 1)
	learn(t, to, tta.Label{Seq: 2, Class: 1})
	assert.Len(t, heir.taught, 2)
	s := to.Standings()
	assert.Equal(t, []int{2, 0, 0, 2}, []int{s[0].Total.Rows, s[1].Total.Rows, s[2].Total.Rows, s[3].Total.Rows})

	settle(t, to, numbered(certain(2), 3)) // and it goes on
	learn(t, to, tta.Label{Seq: 3, Class: 2})
	assert.Len(t, heir.taught, 3)
	assert.Equal(t, 1, to.Standings()[1].Total.Rows)
}

func TestALearnerThatNowRemembersOtherwiseIsNotHandedOldRows(t *testing.T) {
	for resets := range 8 { // whatever numbers the old group has given out
		from := course{stages: []tta.Strategy{&pupil{}}}.build(t)
		for range resets {
			from.Pipelines()[0].Reset()
		}
		settle(t, from, numbered(certain(0), 1))
		heir := &wide{}
		to := course{stages: []tta.Strategy{heir}}.build(t)
		assert.Empty(t, to.TakeOver(from))
		assert.Equal(t, tta.LabelLearned, learn(t, to, tta.Label{Seq: 1})[0].State)
		assert.Empty(t, heir.taught)
	}
}

func TestAStrategyThatRefusesItsOldStateStartsFresh(t *testing.T) {
	old := &pupil{taught: []tta.Feedback{{Label: 'x'}}}
	from := course{stages: []tta.Strategy{old}}.build(t)
	settle(t, from, numbered(certain(0), 1))
	heir := &pupil{}
	to := course{stages: []tta.Strategy{heir}}.build(t)
	assert.Equal(t, []string{"main"}, to.TakeOver(from))
	learn(t, to, tta.Label{Seq: 1})
	assert.Empty(t, heir.taught, "nor does it learn what its predecessor remembered")
}

func TestTheLedgersNewBoundsHoldAtOnce(t *testing.T) {
	from, _ := school(t, 100, champion(&pupil{}))
	stream(t, from, 1, 10)
	learn(t, from, tta.Label{Seq: 9, Class: 0}, tta.Label{Seq: 10, Class: 1})
	o, _ := schooling(4, champion(&pupil{}))
	o.Ledger.ScoreRows = 1
	to := build(t, o)
	to.TakeOver(from)
	assert.Equal(t, 4, to.Ledger().Rows)
	assert.Equal(t, []tta.LabelState{"expired", "learned", "expired"}, states(learn(t, to, tta.Label{Seq: 6}, tta.Label{Seq: 7}, tta.Label{ID: "item-6"})))
	assert.Equal(t, []int{3, 1}, []int{to.Standings()[1].Total.Rows, to.Standings()[1].Window.Rows})
	stream(t, to, 11, 12)
	assert.Equal(t, 4, to.Ledger().Rows)

	wider, _ := school(t, 6, champion(&pupil{}))
	wider.TakeOver(to)
	stream(t, wider, 13, 26)
	s := wider.Ledger()
	assert.Equal(t, []any{6, 6 + 20}, []any{s.Rows, s.Items + int(s.Evicted)}, "every item is held or counted")
	assert.Equal(t, []tta.LabelState{"early", "expired"}, states(learn(t, wider, tta.Label{ID: "item-14"}, tta.Label{ID: "item-15"})),
		"as many ids are remembered after they left as rows are held")
}

func TestALedgerCanGrowPastTheSizeItBeganWith(t *testing.T) {
	from, _ := school(t, 2, champion())
	to, _ := school(t, 5, champion())
	to.TakeOver(from)
	stream(t, to, 1, 6)
	assert.Equal(t, tta.LedgerStats{Items: 5, Rows: 5, Bytes: to.Ledger().Bytes, Evicted: 1}, to.Ledger())
}

func TestFeedbackTurnedOffAndOnStartsAnEmptyLedger(t *testing.T) {
	with, _ := school(t, 100, champion())
	settle(t, with, numbered(certain(0), 1))
	without := build(t, options(champion()))
	assert.Empty(t, without.TakeOver(with))
	assert.Zero(t, without.Ledger())
	again, _ := school(t, 100, champion())
	assert.Empty(t, again.TakeOver(without))
	assert.Equal(t, tta.LabelEarly, learn(t, again, tta.Label{Seq: 1})[0].State)
}

func TestAnswersOfAModelWithOtherClassesAreNotTakenOver(t *testing.T) {
	from, _ := school(t, 100, champion())
	settle(t, from, numbered(certain(0), 1))
	learn(t, from, tta.Label{Seq: 1})
	o, _ := schooling(100, champion())
	o.Env.Classes, o.Env.Labels = classes-1, nil
	to := build(t, o)
	to.TakeOver(from)
	assert.Zero(t, to.Ledger())
	assert.Zero(t, to.Standings()[1].Total.Rows)
}

func TestASnapshotOfAKeyedStrategyIsRefusedOnOtherGround(t *testing.T) {
	old := course{stages: []tta.Strategy{shift{"x", 1}, &keyed{}}, model: "aa"}.build(t)
	states, err := old.Snapshot()
	require.NoError(t, err)
	require.Len(t, states, 1)
	require.NotEmpty(t, states[0].Under)
	require.NoError(t, course{stages: []tta.Strategy{shift{"x", 1}, &keyed{}}, model: "aa"}.build(t).Restore(states))
	other := course{stages: []tta.Strategy{shift{"x", 1}, &keyed{}}, model: "bb"}.build(t)
	theirs, err := other.Snapshot()
	require.NoError(t, err)
	err = other.Restore(states)
	assert.ErrorContains(t, err, states[0].Under)
	assert.ErrorContains(t, err, theirs[0].Under)
}
