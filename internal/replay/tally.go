package replay

import (
	"fmt"
	"math"
	"slices"

	"ttad/internal/daemon"
	"ttad/tta"
)

// tally is what one pipeline did, row by row. Scores are nil without labels.
type tally struct {
	name, role string
	scores     *tta.Prequential
	accuracy   *tta.Paired // against the source; nil for the source itself
	brier      *tta.Paired
	right      []bool // in arrival order
	changed    int
	tripped    int
	forwards   int
	probs      []float32 // kept only when they are written out
}

// tallies are the source's and every pipeline's. The first is the source.
type tallies struct {
	list    []*tally
	data    *Data
	classes int
	keep    bool
	of      []*tally // one a pipeline; nil for one that is the source model
}

func newTallies(g *daemon.Group, d *Data, keep bool) *tallies {
	t := &tallies{data: d, classes: g.Model.Classes(), keep: keep}
	t.list = append(t.list, t.tally(SourceName, SourceName))
	for _, p := range g.Pipelines.Pipelines() {
		if p.Name() == SourceName { // the configuration holds it to be nothing else
			t.list[0].role = string(p.Role())
			t.of = append(t.of, nil)
			continue
		}
		to := t.tally(p.Name(), string(p.Role()))
		if d.labels != nil {
			to.accuracy, to.brier = tta.NewPaired(1), tta.NewPaired(2)
		}
		t.list, t.of = append(t.list, to), append(t.of, to)
	}
	return t
}

// tally makes room for one party. Its window is the whole stream, so that the AUC
// is exact.
func (t *tallies) tally(name, role string) *tally {
	to := &tally{name: name, role: role}
	if t.keep {
		to.probs = make([]float32, t.data.Rows()*t.classes)
	}
	if t.data.labels != nil {
		to.right = make([]bool, t.data.Rows())
		to.scores = tta.NewPrequential(t.classes, t.data.Rows())
	}
	return to
}

// add takes a batch into account, before anybody learns from it.
func (t *tallies) add(b *Played) error {
	t.lost(b.Lost, b.LostRows)
	r := b.Result
	if r == nil {
		return nil
	}
	if r.Source == nil {
		return fmt.Errorf("no source view: output.source must be true for a replay")
	}
	if r.Batch.Given == nil {
		t.list[0].forwards++
	}
	t.view(t.list[0], *r.Source, *r.Source, b)
	for i := range r.Pipelines {
		p, to := &r.Pipelines[i], t.of[i]
		if to == nil {
			continue
		}
		to.forwards += p.Forwards
		if p.Trip != tta.TripNone {
			to.tripped++
		}
		t.view(to, p.View, *r.Source, b)
	}
	return nil
}

// lost counts rows that the daemon would refuse, for want of a finite answer:
// their probabilities are NaN and they are wrong for everybody.
func (t *tallies) lost(arrivals, rows []int) {
	none := slices.Repeat([]float32{float32(math.NaN())}, t.classes)
	for i, row := range rows {
		for _, to := range t.list {
			if t.keep {
				copy(to.probs[arrivals[i]*t.classes:], none)
			}
			if t.data.labels != nil {
				nothing := t.outcome(none, -1, arrivals[i], row)
				to.score(nothing, nothing)
			}
		}
	}
}

func (t *tallies) view(to *tally, v, source tta.View, b *Played) {
	for i, row := range b.Rows {
		if t.keep {
			copy(to.probs[b.Arrivals[i]*t.classes:], v.Probs.Row(i))
		}
		if v.Class[i] != source.Class[i] {
			to.changed++
		}
		if t.data.labels != nil {
			to.score(t.outcome(v.Probs.Row(i), v.Class[i], b.Arrivals[i], row), t.outcome(source.Probs.Row(i), source.Class[i], b.Arrivals[i], row))
		}
	}
}

func (t *tallies) outcome(probs []float32, class int32, arrival, row int) tta.Outcome {
	return tta.Outcome{Row: sequence(arrival), Key: t.data.key(row), Probs: probs, Class: int(class), Label: t.data.labels[row]}
}

// score takes a labelled row into account, and what the source says about it.
func (to *tally) score(own, source tta.Outcome) {
	to.scores.Add(own)
	to.right[own.Row-1] = own.Class == own.Label
	if to.accuracy == nil {
		return
	}
	mine, judged := own.Losses()
	theirs, _ := source.Losses()
	to.accuracy.Add(theirs.Error - mine.Error)
	if judged {
		to.brier.Add(mine.Brier - theirs.Brier)
	}
}

func (t *tallies) report(batches uint64, seconds float64) *Report {
	rows := t.data.Rows()
	r := &Report{Rows: rows, Seconds: seconds, RowsPerSecond: float64(rows) / seconds, Labelled: t.data.labels != nil}
	for _, p := range t.list {
		entry := Pipeline{
			Name: p.name, Role: p.role,
			Changed: float64(p.changed) / float64(rows), Tripped: p.tripped,
			ForwardsPerBatch: float64(p.forwards) / float64(batches),
		}
		if r.Labelled {
			score := p.scores.Window()
			if t.data.keys == nil { // one key for all rows: the AUC once more
				score.GAUC = nil
			}
			entry.Score = &score
		}
		if p.accuracy != nil {
			accuracy, brier := p.accuracy.Interval(), p.brier.Interval()
			entry.Advantage, entry.BrierAdvantage = &accuracy, &brier
		}
		r.Pipelines = append(r.Pipelines, entry)
	}
	return r
}
