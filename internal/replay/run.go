package replay

import (
	"context"
	"errors"
	"io"
	"time"

	"ttad/internal/daemon"
)

// Options of a run.
type Options struct {
	Out      string                // folder for probabilities, summary and curves; empty: none
	Labels   *Labels               // when labels reach the learners; nil: never
	Progress func(done, total int) // after every batch; nil: none
}

// Run replays the data through the group and returns the scores. The group must
// answer from the source view too (output.source), and remember its answers for as
// long as their labels are out (Labels.Ledger).
func Run(ctx context.Context, g *daemon.Group, d *Data, o Options) (*Report, error) {
	p, err := NewPlayer(g, d, o.Labels)
	if err != nil {
		return nil, err
	}
	t := newTallies(g, d, o.Out != "")
	start := time.Now()
	if err := play(ctx, p, t, o.Progress); err != nil {
		return nil, err
	}
	report := t.report(p.step, time.Since(start).Seconds())
	report.Learned = p.Told()
	if o.Labels == nil {
		report.Withheld = learners(g)
	}
	if o.Out == "" {
		return report, nil
	}
	return report, t.write(o.Out, report)
}

func play(ctx context.Context, p *Player, t *tallies, progress func(done, total int)) error {
	for done := 0; ; {
		b, err := p.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.add(b); err != nil {
			return err
		}
		if err := p.Settle(ctx, b); err != nil {
			return err
		}
		done += len(b.Arrivals) + len(b.Lost)
		if progress != nil {
			progress(done, t.data.Rows())
		}
	}
}

// learners names the pipelines that learn from labels.
func learners(g *daemon.Group) []string {
	var names []string
	for _, p := range g.Pipelines.Pipelines() {
		if p.Learns() {
			names = append(names, p.Name())
		}
	}
	return names
}
