package tta

import "fmt"

// stretch compares a pipeline with the source model once in so many labelled rows,
// so that one that has become worse is told, however good it was before. There is
// one look a stretch: an interval looked at after every row would exclude 0 by
// luck sooner or later.
type stretch struct {
	rows   int
	now    *Paired
	behind bool // at the last look
}

// stretchFewest is the shortest stretch an interval can be made of.
const stretchFewest = pairedFewest * pairedStart

func newStretch(rows int) stretch { return stretch{rows: rows, now: NewPaired(1)} }

// add takes the difference on one row. At the end of a stretch that changed what
// is known it returns the kind of event to tell, and what was seen.
func (s *stretch) add(difference float64) (kind string, seen Interval) {
	s.now.Add(difference)
	if s.now.Rows() < max(s.rows, stretchFewest) {
		return "", seen
	}
	seen, s.now = s.now.Interval(), NewPaired(1)
	was := s.behind
	s.behind = seen.High < 0 || was && seen.Mean < 0
	switch {
	case s.behind && !was:
		return EventBehind, seen
	case was && !s.behind:
		return EventCaughtUp, seen
	}
	return "", seen
}

// compare takes a labelled row into a pipeline's stretch and tells what ends it.
func (g *Group) compare(p *Pipeline, own, source Outcome) {
	kind, seen := p.standing.stretch.add(ahead(own, source))
	if kind == "" {
		return
	}
	g.learnEvents = append(g.learnEvents, Event{Kind: kind, Pipeline: p.name, Message: fmt.Sprintf(
		"over the last %d labelled rows %+.1f points of accuracy against the source model, 95 %% interval %+.1f to %+.1f",
		seen.Rows, 100*seen.Mean, 100*seen.Low, 100*seen.High)})
}
