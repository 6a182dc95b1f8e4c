package tune

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ttad/internal/daemon"
	"ttad/internal/replay"
	"ttad/tta"
)

// runner is a candidate under way.
type runner struct {
	Candidate
	place int     // in the list
	loss  float64 // summed
	n     int     // rows in it
	rows  int     // seen while it could still be chosen
}

// mean is the candidate's score so far, not a number before the first row.
func (r *runner) mean() float64 { return r.loss / float64(r.n) }

// search is one pass over the stream with fewer and fewer candidates.
type search struct {
	Options
	group    *daemon.Group
	data     *replay.Data
	player   *replay.Player
	all      []*runner // the settings in force first
	running  []*runner // in the order of the group's pipelines
	done     int       // rows
	deadline time.Time
	spent    bool // the budget, before the choice was made
	winner   *runner
	held     comparison
}

// comparison is the settings in force against the winner, on rows that had no part
// in the choice.
type comparison struct {
	rows          int
	inForce, best float64 // summed losses
	n             int
	gain          *tta.Paired
}

func newSearch(g *daemon.Group, d *replay.Data, o Options, list []Candidate) (*search, error) {
	s := &search{Options: o, group: g, data: d, deadline: o.Now().Add(o.Budget)}
	for i, c := range list {
		s.all = append(s.all, &runner{Candidate: c, place: i})
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	var err error
	s.player, err = replay.NewPlayer(g, d, o.Labels)
	return s, err
}

// selection is how many rows candidates are chosen on.
func (s *search) selection() int { return int(chosenOn * float64(s.data.Rows())) }

// choose plays the first part of the stream and finds the winner.
func (s *search) choose(ctx context.Context) error {
	for _, r := range schedule(len(s.all)-1, s.selection()) {
		if err := s.playUntil(ctx, r.rows, s.judge); err != nil {
			return err
		}
		if s.spent || s.done >= s.selection() {
			break
		}
		if err := s.keep(r.keep); err != nil {
			return err
		}
	}
	means := make([]float64, len(s.running))
	for i, r := range s.running {
		means[i] = r.mean()
	}
	s.winner = s.running[best(means, 1)[0]]
	if s.winner.n == 0 {
		return s.unjudged()
	}
	if s.winner == s.all[0] {
		return s.exchange(s.all[:1])
	}
	return s.exchange([]*runner{s.all[0], s.winner})
}

// keep lets the best candidates go on, beside the settings in force.
func (s *search) keep(n int) error {
	means := make([]float64, 0, len(s.running))
	for _, r := range s.running[1:] {
		means = append(means, r.mean())
	}
	next := []*runner{s.all[0]}
	for _, i := range best(means, n) {
		next = append(next, s.running[1+i])
	}
	return s.exchange(next)
}

// compare plays the rest: the settings in force against the winner.
func (s *search) compare(ctx context.Context) error {
	s.held.gain = tta.NewPaired(s.Score.reach())
	ignore := func(*replay.Played) {}
	if err := s.playUntil(ctx, s.selection(), ignore); err != nil {
		return err
	}
	if err := s.playUntil(ctx, s.data.Rows(), s.hold); err != nil {
		return err
	}
	if s.held.n == 0 {
		return s.unjudged()
	}
	return nil
}

// unjudged is the error when no row could be scored.
func (s *search) unjudged() error {
	return fmt.Errorf("no row has a probability for its class, so %s cannot compare; choose by %s", s.Score, Error)
}

// playUntil plays batches until so many rows are done, or the budget is spent
// before the choice was made.
func (s *search) playUntil(ctx context.Context, rows int, each func(*replay.Played)) error {
	for s.done < rows {
		b, err := s.player.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if b.Result != nil {
			each(b)
		}
		if err := s.player.Settle(ctx, b); err != nil {
			return err
		}
		s.done += len(b.Arrivals) + len(b.Lost)
		if s.Progress != nil {
			s.Progress(s.done, s.data.Rows())
		}
		if s.winner == nil && !s.Now().Before(s.deadline) {
			s.spent = s.done < s.selection()
			return nil
		}
	}
	return nil
}

// judge scores every running candidate on a batch.
func (s *search) judge(b *replay.Played) {
	for i, r := range s.running {
		v := b.Result.Pipelines[i].View
		for row := range b.Rows {
			if loss, ok := s.Score.of(s.outcome(b, v, row)); ok {
				r.loss += loss
				r.n++
			}
		}
		r.rows += len(b.Rows)
	}
}

// hold scores the settings in force against the winner on a batch, which may be
// the same.
func (s *search) hold(b *replay.Played) {
	inForce, winner := b.Result.Pipelines[0].View, b.Result.Pipelines[len(s.running)-1].View
	for row := range b.Rows {
		was, ok := s.Score.of(s.outcome(b, inForce, row))
		is, both := s.Score.of(s.outcome(b, winner, row))
		if !ok || !both {
			continue
		}
		s.held.inForce += was
		s.held.best += is
		s.held.n++
		s.held.gain.Add(was - is)
	}
	s.held.rows += len(b.Rows)
}

func (s *search) outcome(b *replay.Played, v tta.View, row int) tta.Outcome {
	return tta.Outcome{Probs: v.Probs.Row(row), Class: int(v.Class[row]), Label: s.data.Label(b.Rows[row])}
}
