package tta

// SourceName is the source model's name among the standings.
const SourceName = "source"

// Standing is how well one pipeline's answers fitted the labels that came.
type Standing struct {
	Pipeline string `json:"pipeline"`
	Role     Role   `json:"role,omitempty"` // empty for the source model
	Total    Score  `json:"total"`          // since the group began
	Window   Score  `json:"window"`         // of the last rows labelled
	// Advantage is the pipeline's accuracy less the source model's on the same
	// rows, since the group began: above 0 the pipeline is better. Rows without a
	// source view are left out.
	Advantage Interval `json:"advantage"`
	// BrierAdvantage is the same of the Brier score: below 0 the pipeline is
	// better. Rows of classes without a probability are left out; one revised to
	// such a class counts as no difference.
	BrierAdvantage Interval `json:"brier_advantage"`
}

// standing is the scores of one party: the source model or a pipeline.
type standing struct {
	scores   *Prequential
	accuracy *Paired
	brier    *Paired
	stretch  stretch
}

func newStanding(classes, window int) *standing {
	return &standing{scores: NewPrequential(classes, window), accuracy: NewPaired(1), brier: NewPaired(2), stretch: newStretch(window)}
}

// add scores a row against the source model's answer to it, where there is one.
func (s *standing) add(own Outcome, source *Outcome) {
	s.scores.Add(own)
	if source == nil {
		return
	}
	s.accuracy.Add(ahead(own, *source))
	if d, ok := brierAhead(own, *source); ok {
		s.brier.Add(d)
	}
}

// revise replaces what add was given for a row, now that its label is another.
func (s *standing) revise(own Outcome, source *Outcome, label int) {
	now := own
	now.Label = label
	s.scores.Revise(own, now)
	if source == nil {
		return
	}
	then := *source
	then.Label = label
	s.accuracy.Revise(ahead(own, *source), ahead(now, then))
	was, hadBrier := brierAhead(own, *source)
	is, hasBrier := brierAhead(now, then)
	switch {
	case hadBrier && hasBrier:
		s.brier.Revise(was, is)
	case hadBrier:
		s.brier.Revise(was, 0)
	case hasBrier:
		s.brier.Add(is)
	}
}

// ahead is 1 where only own is right, -1 where only the source is.
func ahead(own, source Outcome) float64 {
	d := 0.0
	if own.Class == own.Label {
		d++
	}
	if source.Class == source.Label {
		d--
	}
	return d
}

// brierAhead is the difference of two rows' Brier scores.
func brierAhead(own, source Outcome) (d float64, ok bool) {
	a, b := judge(own.Probs, own.Class, own.Label), judge(source.Probs, source.Class, source.Label)
	return a.brier - b.brier, a.judged && b.judged
}

func (s *standing) public(name string, role Role) Standing {
	return Standing{
		Pipeline: name, Role: role, Total: s.scores.Total(), Window: s.scores.Window(),
		Advantage: s.accuracy.Interval(), BrierAdvantage: s.brier.Interval(),
	}
}

// Standings returns the source model's and every pipeline's scores, in that order.
// The source model is scored on rows whose step had a source view. Without a
// ledger there are none.
func (g *Group) Standings() []Standing {
	if g.ledger == nil {
		return nil
	}
	out := []Standing{g.standing.public(SourceName, "")}
	for _, p := range g.pipelines {
		out = append(out, p.standing.public(p.name, p.role))
	}
	return out
}
