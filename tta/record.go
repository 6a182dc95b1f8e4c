package tta

import "fmt"

// owners numbers whoever has values in the ledger. A pipeline keeps its number for
// good; a learner gets a new one whenever its state starts over, so that what it
// remembered before finds nobody. The source model has 0.
type owners struct{ last uint64 }

const sourceOwner = 0

func (o *owners) next() uint64 {
	o.last++
	return o.last
}

// record enters the step's answers into the ledger.
func (g *Group) record() {
	r, first := &g.result, 0
	now := g.env.Now()
	for i := range r.Batch.Items {
		it := &r.Batch.Items[i]
		values, parts := g.extent(it.Rows)
		if e := g.ledger.open(it, r.Batch.Step, now, values, parts); e != nil {
			g.fill(e, first)
		}
		first += it.Rows
	}
}

// extent is how many values and parts an item of so many rows has.
func (g *Group) extent(rows int) (values, parts int) {
	if g.result.Source != nil {
		values, parts = g.classes+1, 1
	}
	for i, p := range g.pipelines {
		if !g.answeredBySource(i) {
			values += g.classes + 1
		}
		parts++
		if !p.remembers() {
			continue
		}
		for _, s := range p.learners {
			values += s.needs.Remember
			parts++
		}
	}
	return values * rows, parts
}

// answeredBySource reports whether a pipeline's published view is the source view
// itself.
func (g *Group) answeredBySource(i int) bool {
	s := g.result.Source
	return s != nil && g.result.Pipelines[i].View.Probs == s.Probs
}

// remembers reports whether the pipeline's strategies had a part in the answer and
// still are who they were.
func (p *Pipeline) remembers() bool { return p.trip == TripNone && !p.startedOver }

// fill writes what everybody answered for an item whose rows begin at first.
func (g *Group) fill(e *entry, first int) {
	if s := g.result.Source; s != nil {
		g.view(e, sourceOwner, s, first)
	}
	for i, p := range g.pipelines {
		if g.answeredBySource(i) {
			e.share(p.owner, sourceOwner)
		} else {
			g.view(e, p.owner, &g.result.Pipelines[i].View, first)
		}
	}
	for _, p := range g.pipelines {
		if !p.remembers() {
			continue
		}
		if err := safely(&g.env.Log, func() error { return p.remember(e, first) }); err != nil {
			g.reset(p, TripError, fmt.Sprintf("remember: %v", err))
		}
	}
}

// view writes the classes and probabilities of an item's rows.
func (g *Group) view(e *entry, owner uint64, v *View, first int) {
	width := g.classes + 1
	into := e.give(owner, e.rows*width)
	for i := range e.rows {
		row := into[i*width : (i+1)*width]
		row[0] = float32(v.Class[first+i]) // exact below 2^24 classes
		copy(row[1:], v.Probs.Row(first+i))
	}
}

// remember lets learners write what they will need with an item's labels.
func (p *Pipeline) remember(e *entry, first int) error {
	for _, s := range p.learners {
		width := s.needs.Remember
		into := e.give(s.owner, e.rows*width)
		clear(into)
		for i := range e.rows {
			s.learn.Remember(first+i, into[i*width:(i+1)*width:(i+1)*width])
		}
	}
	return nil
}

// outcome returns what an owner answered for a row, with a label for it.
func (g *Group) outcome(e *entry, owner uint64, row, label int) (o Outcome, ok bool) {
	v, ok := e.of(owner, row, g.classes+1)
	if !ok {
		return Outcome{}, false
	}
	return Outcome{Row: e.row + uint64(row), Key: e.key, Class: int(v[0]), Probs: v[1:], Label: label}, true
}
