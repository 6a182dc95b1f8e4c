package tta

import "slices"

// TakeOver makes g go on where from stands: with its ledger and scores, and, for
// pipelines of the same name, with the state of every strategy that is still at its
// place. A keyed strategy's state goes over only when what it rests on is the same:
// the model, and the strategies before it with their parameters. It returns the
// pipelines some of whose state starts fresh. from must not be used any more.
//
// Rows answered before and labelled after are scored for pipelines of the same
// name, and learned by strategies whose state went over.
func (g *Group) TakeOver(from *Group) (fresh []string) {
	g.owners.last = max(g.owners.last, from.owners.last)
	g.number()
	for _, p := range g.pipelines {
		i := slices.IndexFunc(from.pipelines, func(q *Pipeline) bool { return q.name == p.name })
		if i < 0 {
			if p.Stateful() {
				fresh = append(fresh, p.name)
			}
			continue
		}
		p.owner = from.pipelines[i].owner
		if !p.takeOver(from.pipelines[i]) {
			fresh = append(fresh, p.name)
		}
	}
	g.takeLedger(from)
	return fresh
}

// takeOver carries each strategy's state, and reports whether all of it went over.
func (p *Pipeline) takeOver(from *Pipeline) (all bool) {
	all = true
	for i := range p.stages {
		s := &p.stages[i]
		if i < len(from.stages) && s.takeOver(&from.stages[i]) {
			continue
		}
		if s.state != nil {
			all = false
		}
	}
	return all
}

// takeOver carries one strategy's state, and with it what the ledger remembers for
// it, as long as that has the same width.
func (s *stage) takeOver(from *stage) bool {
	if s.name != from.name || s.under != from.under {
		return false
	}
	if s.state != nil {
		blob, err := from.state.Snapshot()
		if err != nil || s.state.Restore(blob) != nil {
			return false
		}
	}
	if s.needs.Remember == from.needs.Remember {
		s.owner = from.owner
	}
	return true
}

// takeLedger carries the ledger and the scores, under g's bounds.
func (g *Group) takeLedger(from *Group) {
	if g.ledger == nil || from.ledger == nil || g.classes != from.classes {
		return
	}
	bounds := g.ledger.LedgerConfig
	g.ledger, g.standing = from.ledger, from.standing
	g.ledger.configure(bounds)
	g.standing.scores.resize(bounds.ScoreRows)
	for _, p := range g.pipelines {
		for _, q := range from.pipelines {
			if q.name == p.name {
				p.standing = q.standing
				p.standing.scores.resize(bounds.ScoreRows)
				p.standing.stretch.rows = bounds.ScoreRows
			}
		}
	}
}
