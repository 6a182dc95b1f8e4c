package tta

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"ttad/accel"
	"ttad/models"
)

// Pipeline is strategies in the order they act, with the stages each has.
type Pipeline struct {
	name    string
	role    Role
	stages  []stage
	keep    models.Keep
	extra   *int // forwards its strategies ran themselves, this step
	watch   watch
	offload offload

	learners []*stage // the stages that learn from labels
	standing *standing
	owner    uint64
	owners   *owners

	// What one step leaves behind. Settle reads it; the next step starts over.
	overlay  models.Overlay
	slot     *slot
	probs    accel.Tensor
	class    []int32
	score    []float32
	trail    []TrailStep
	previous []float32 // probabilities before the stage at work
	trip     Trip
	reason   string
	// startedOver: the pipeline was reset since it answered.
	startedOver bool
	took        time.Duration
}

// stage is a strategy with the interfaces it was found to implement.
type stage struct {
	name    string
	self    Strategy
	needs   Needs
	prepare Preparer
	correct Corrector
	decide  Decider
	update  Updater
	learn   Learner
	state   Stateful
	print   string     // fingerprint of the strategy and its parameters
	under   string     // fingerprint of what a keyed strategy rests on
	owner   uint64     // of what a learner remembers now
	inbox   []Feedback // gathered for the next Learn
}

// NewPipeline builds the strategies of c. It refuses what cannot work: unknown
// names, parts of the model claimed twice, norm strategies on a model without
// norm nodes, a decider that is not last.
func NewPipeline(r *Registry, env Env, c PipelineConfig) (*Pipeline, error) {
	p := &Pipeline{name: c.Name, role: c.Role, owners: &owners{}}
	var seed uint64
	if env.Rand != nil {
		seed = env.Rand.Uint64()
	}
	for i, sc := range c.Strategies {
		env.Rand = seeded(seed, fmt.Sprint(i, sc.Name))
		st, err := buildStage(r, env, sc)
		if err != nil {
			return nil, err
		}
		p.keep = p.keep.Union(st.needs.Keep)
		p.stages = append(p.stages, st)
	}
	if err := composes(p.stages); err != nil {
		return nil, err
	}
	for i := range p.stages {
		if s := &p.stages[i]; s.learn != nil {
			p.learners = append(p.learners, s)
		}
	}
	p.ground(env)
	return p, nil
}

// buildStage builds one strategy and finds out what it can do and needs.
func buildStage(r *Registry, env Env, c StrategyConfig) (stage, error) {
	spec, ok := r.Lookup(c.Name)
	if !ok {
		return stage{}, fmt.Errorf("no strategy is called %q; there are %s", c.Name, strings.Join(r.Names(), ", "))
	}
	s, err := spec.New(env, c.Params)
	if err != nil {
		return stage{}, fmt.Errorf("strategy %s: %w", c.Name, err)
	}
	st := newStage(c.Name, s)
	if err := fits(env, st.name, st.needs); err != nil {
		return stage{}, fmt.Errorf("strategy %s: %w", c.Name, err)
	}
	if st.print, err = fingerprint(c, s); err != nil {
		return stage{}, fmt.Errorf("strategy %s: %w", c.Name, err)
	}
	return st, nil
}

func newStage(name string, s Strategy) stage {
	st := stage{name: name, self: s, needs: s.Needs()}
	st.prepare, _ = s.(Preparer)
	st.correct, _ = s.(Corrector)
	st.decide, _ = s.(Decider)
	st.update, _ = s.(Updater)
	st.learn, _ = s.(Learner)
	st.state, _ = s.(Stateful)
	return st
}

// seeded returns a random source that depends on a seed and a place in the
// configuration.
func seeded(seed uint64, place string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(place))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Name is the pipeline's name in the configuration.
func (p *Pipeline) Name() string { return p.name }

// Role is what becomes of its predictions.
func (p *Pipeline) Role() Role { return p.role }

// Strategies lists the names of its strategies in order.
func (p *Pipeline) Strategies() []string {
	names := make([]string, len(p.stages))
	for i, s := range p.stages {
		names[i] = s.name
	}
	return names
}

// Stateful reports whether any strategy carries something from batch to batch.
func (p *Pipeline) Stateful() bool {
	for _, s := range p.stages {
		if s.state != nil {
			return true
		}
	}
	return false
}

// Learns reports whether any strategy learns from labels.
func (p *Pipeline) Learns() bool { return len(p.learners) > 0 }

// Reset makes every strategy as newly built and clears the guard's window. Labels
// of rows answered before are scored, but nobody learns from them.
func (p *Pipeline) Reset() {
	for _, s := range p.stages {
		if s.state != nil {
			s.state.Reset()
		}
	}
	p.watch.reset()
	p.startedOver = true
	for _, s := range p.learners {
		s.owner = p.owners.next()
	}
}

// decider returns the last stage when it decides.
func (p *Pipeline) decider() *stage {
	if n := len(p.stages); n > 0 && p.stages[n-1].decide != nil {
		return &p.stages[n-1]
	}
	return nil
}

// labels returns the names the pipeline answers with, given the model's.
func (p *Pipeline) labels(model []string) []string {
	if d := p.decider(); d != nil {
		if own := d.decide.Labels(); own != nil {
			return own
		}
	}
	return model
}

// Answers is the number of classes the pipeline's decider can choose from, the
// model's included; 0 where the model's are all there are.
func (p *Pipeline) Answers() int { return len(p.labels(nil)) }
