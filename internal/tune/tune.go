package tune

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ttad/internal/daemon"
	"ttad/internal/replay"
	"ttad/tta"
)

// Options say what to search, and how long.
type Options struct {
	Registry   *tta.Registry
	Pipeline   string         // whose parameters; empty: the champion's
	Sets       []string       // strategy.parameter=value,value; none: what strategies offer
	Candidates int            // at most, besides the settings in force
	Budget     time.Duration  // for the search; comparing the winner comes after
	Score      Metric         // what decides
	Labels     *replay.Labels // when labels reach learners; nil: never
	Force      bool           // take the winner although its gain is within noise
	Now        func() time.Time
	Progress   func(done, total int) // nil: none
}

// chosenOn is the share of the rows, from the start, that candidates are chosen on.
const chosenOn = 0.7

// leastBatches is how many batches of full size there must be.
const leastBatches = 3

// Run searches the parameters of one pipeline of the group on recorded, labelled
// rows. The group must answer from the source view too, and remember its answers
// for as long as their labels are out; its pipelines are replaced.
func Run(ctx context.Context, g *daemon.Group, d *replay.Data, o Options) (*Report, error) {
	if err := o.check(g, d); err != nil {
		return nil, err
	}
	inForce, err := pick(g.Config.Pipelines, o.Pipeline)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", g.Name, err)
	}
	axes, err := Axes(inForce, o.Sets)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", g.Name, err)
	}
	list, err := candidates(inForce, axes, o.Candidates, o.Registry, rand.New(rand.NewPCG(g.Config.Seed, 0)))
	if err != nil {
		return nil, fmt.Errorf("group %s, pipeline %s: %w", g.Name, inForce.Name, err)
	}
	s, err := newSearch(g, d, o, list)
	if err != nil {
		return nil, err
	}
	if err := s.choose(ctx); err != nil {
		return nil, err
	}
	if err := s.compare(ctx); err != nil {
		return nil, err
	}
	return s.report(inForce)
}

func (o Options) check(g *daemon.Group, d *replay.Data) error {
	switch {
	case o.Budget <= 0:
		return fmt.Errorf("a budget of %v; expected more than 0, such as 5m", o.Budget)
	case o.Candidates < 1:
		return fmt.Errorf("%d candidates; expected at least 1", o.Candidates)
	case !o.Score.Known():
		return fmt.Errorf("no score %q; there are %s", o.Score, Words())
	case !d.Labelled():
		return errors.New("candidates are compared by labels, and none were given")
	case d.Rows() < leastBatches*g.Config.Batch.MaxRows:
		return fmt.Errorf("%d rows are too few to choose and to compare: expected at least %d batches of batch.max_rows, %d", d.Rows(), leastBatches, g.Config.Batch.MaxRows)
	}
	return nil
}

// pick finds the pipeline of a name, or the champion.
func pick(pipelines []tta.PipelineConfig, name string) (tta.PipelineConfig, error) {
	names := make([]string, len(pipelines))
	for i, p := range pipelines {
		if p.Name == name || name == "" && p.Role == tta.Champion {
			return p, nil
		}
		names[i] = p.Name
	}
	return tta.PipelineConfig{}, fmt.Errorf("no pipeline %q; there are %v", name, names)
}
