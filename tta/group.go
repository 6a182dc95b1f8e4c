package tta

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ttad/accel/dense"
	"ttad/models"
)

// GroupOptions is what a Group is built from.
type GroupOptions struct {
	Registry *Registry
	Configs  []PipelineConfig
	Guard    GuardConfig
	// SourceView asks for Result.Source in every step, at the price of one more
	// forward where no pipeline rides the source model.
	SourceView bool
	// Env describes the model. Pipeline, Forward and Rand are filled in for each
	// strategy; Now is required.
	Env Env
	// Forward runs the model. Its output may be overwritten by the next call:
	// the group copies what it keeps. Nil for models of kind "outputs".
	Forward Forward
	// Finish lets corrections be done on the device, behind the forward. Nil where there
	// is no device.
	Finish Finish
	// Ahead is told a step's forwards before the first; nil where that is no use.
	Ahead Ahead
	// Seed starts every strategy's random source, together with its place.
	Seed uint64
	// Ledger bounds what is remembered until labels come. Nil means that labels
	// are not taken: Learn panics and nothing is scored.
	Ledger *LedgerConfig
}

// Group is the pipelines side by side on one frozen model. One goroutine owns
// it: Step answers a batch and changes nothing, Settle learns from the result.
type Group struct {
	classes    int
	labels     []string
	guard      GuardConfig
	sourceView bool
	forward    Forward
	ahead      Ahead
	asks       []models.Ask // of the step, reused
	env        Env
	math       *dense.Math
	pipelines  []*Pipeline
	champion   int
	order      []*Pipeline // in which they answer: the champion first

	slots    []*slot // one a distinct overlay of the step, reused
	used     int
	none     models.Overlay // the source model's, never written to
	source   View
	result   Result
	settling bool // a result waits for Settle

	answers     int // classes anybody can answer: the model's and deciders' own
	owners      owners
	ledger      *ledger // nil where no labels are taken
	standing    *standing
	learnEvents []Event
}

// NewGroup builds the pipelines. Its error names everything that is wrong, one
// line each.
func NewGroup(o GroupOptions) (*Group, error) {
	if err := checkGroup(o); err != nil {
		return nil, err
	}
	m, err := dense.New(o.Env.ISA)
	if err != nil {
		return nil, err
	}
	g := &Group{
		classes: o.Env.Classes, labels: o.Env.Labels, guard: o.Guard,
		sourceView: o.SourceView, forward: o.Forward, ahead: o.Ahead, env: o.Env, math: m,
	}
	g.champion = slices.IndexFunc(o.Configs, func(c PipelineConfig) bool { return c.Role == Champion })
	var problems []error
	for _, c := range o.Configs {
		p, err := g.newPipeline(o, c)
		if err != nil {
			problems = append(problems, fmt.Errorf("pipeline %q: %w", c.Name, err))
			continue
		}
		g.pipelines = append(g.pipelines, p)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	g.order = slices.Concat(g.pipelines[g.champion:g.champion+1], g.pipelines[:g.champion], g.pipelines[g.champion+1:])
	g.result.Pipelines = make([]PipelineResult, len(g.pipelines))
	g.number()
	if o.Ledger != nil {
		g.keepLedger(*o.Ledger)
	}
	return g, nil
}

// newPipeline builds one pipeline with what the group lends its strategies.
func (g *Group) newPipeline(o GroupOptions, c PipelineConfig) (*Pipeline, error) {
	env := o.Env
	extra := new(int) // forwards the pipeline's strategies run themselves
	env.Pipeline, env.Rand = c.Name, seeded(o.Seed, c.Name)
	env.Forward = nil
	if g.forward != nil {
		env.Forward = func(ctx context.Context, b *Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
			*extra++
			return g.timed(ctx, b, o, keep)
		}
	}
	p, err := NewPipeline(o.Registry, env, c)
	if err != nil {
		return nil, err
	}
	if err := p.learnable(o.Ledger); err != nil {
		return nil, err
	}
	p.watch = newWatch(o.Guard, p.Answers(), o.Env.Classes)
	p.extra = extra
	p.offloadTo(o.Finish, &env)
	return p, nil
}

// checkGroup holds the rules that concern the group as a whole.
func checkGroup(o GroupOptions) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.Registry == nil || o.Env.Now == nil {
		panic("tta: a group needs a registry and a clock")
	}
	if o.Env.Classes < 2 {
		bad("a classifier has at least 2 classes, the model has %d", o.Env.Classes)
	}
	if n := len(o.Env.Labels); n != 0 && n != o.Env.Classes {
		bad("%d class names for %d classes", n, o.Env.Classes)
	}
	if o.Forward == nil && !o.Env.OutputsOnly {
		panic("tta: a group needs a forward unless its model is of kind outputs")
	}
	var champions []string
	seen := map[string]bool{}
	for _, c := range o.Configs {
		if seen[c.Name] {
			bad("two pipelines are named %q; names must differ", c.Name)
		}
		seen[c.Name] = true
		switch c.Role {
		case Champion:
			champions = append(champions, c.Name)
		case Challenger, Shadow:
		default:
			bad("pipeline %q: role %q is none of champion, challenger, shadow", c.Name, c.Role)
		}
	}
	switch {
	case len(champions) == 0:
		bad("no pipeline is the champion, so nothing would be published; give one of them role champion")
	case len(champions) > 1:
		bad("%s are all champions; exactly one pipeline can be", strings.Join(champions, ", "))
	}
	if o.Ledger != nil {
		problems = append(problems, o.Ledger.check())
	}
	return errors.Join(problems...)
}

// number gives every pipeline and learner its place in the ledger.
func (g *Group) number() {
	g.answers = g.classes
	for _, p := range g.pipelines {
		g.answers = max(g.answers, p.Answers())
		p.owners, p.owner = &g.owners, g.owners.next()
		for _, s := range p.learners {
			s.owner = g.owners.next()
		}
	}
}

// keepLedger starts an empty ledger and scores.
func (g *Group) keepLedger(c LedgerConfig) {
	g.ledger, g.standing = newLedger(c), newStanding(g.classes, c.ScoreRows)
	for _, p := range g.pipelines {
		p.standing = newStanding(g.classes, c.ScoreRows)
	}
}

// Pipelines returns the pipelines in their configured order.
func (g *Group) Pipelines() []*Pipeline { return slices.Clone(g.pipelines) }

// ClassNames returns the names of every class a label can have: the model's, then
// what a decider adds. Nil where they have none.
func (g *Group) ClassNames() []string {
	names := g.labels
	for _, p := range g.pipelines {
		if own := p.labels(g.labels); len(own) > len(names) {
			names = own
		}
	}
	return slices.Clone(names)
}

// Champion returns the name of the pipeline that is published.
func (g *Group) Champion() string { return g.pipelines[g.champion].name }
