package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/tta"
)

// Labels says when learners hear of labels.
type Labels struct {
	// Delay is how many more rows are answered, after a row, before its label
	// comes; labels come between batches.
	Delay int
	// Share of the labels that come at all, in (0,1]; which ones is drawn with the
	// group's seed.
	Share float64
}

// late holds labels back until their time.
type late struct {
	Labels
	truth []int // what learners are told, by row number
	order []int
	seed  uint64
	queue []int // arrivals answered whose labels are out, the oldest first; or noAnswer
	told  int
}

func newLate(l Labels, d *Data, seed uint64) (*late, error) {
	truth := d.feedback
	if truth == nil {
		truth = d.labels
	}
	switch {
	case truth == nil:
		return nil, errors.New("learners are to hear of labels, and none were given: give labels or feedback")
	case l.Delay < 0:
		return nil, fmt.Errorf("a delay of %d rows; 0 is right after the batch", l.Delay)
	case !(l.Share > 0 && l.Share <= 1):
		return nil, fmt.Errorf("a share of %g of the labels, expected more than 0 and at most 1", l.Share)
	}
	return &late{Labels: l, truth: truth, order: d.order, seed: seed}, nil
}

// noAnswer holds the place of a row the group remembers nothing of.
const noAnswer = -1

// answered lets time pass by a batch's rows, answered or not.
func (l *late) answered(arrivals, lost []int) {
	l.queue = append(l.queue, arrivals...)
	for range lost {
		l.queue = append(l.queue, noAnswer)
	}
}

// tell hands the group every label that is due.
func (l *late) tell(ctx context.Context, g *tta.Group) error {
	due := max(len(l.queue)-l.Delay, 0)
	var labels []tta.Label
	for _, at := range l.queue[:due] {
		if at == noAnswer || !l.comes(at) {
			continue
		}
		if class := l.truth[l.order[at]]; class != unheard {
			labels = append(labels, tta.Label{Seq: sequence(at), Class: class})
		}
	}
	l.queue = l.queue[due:]
	if len(labels) == 0 {
		return nil
	}
	outcomes, err := g.Learn(ctx, labels)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		if o.State != tta.LabelLearned {
			return fmt.Errorf("label of row %d: %s %s", labels[i].Seq-1, o.State, o.Why)
		}
	}
	l.told += len(labels)
	return nil
}

// comes draws whether a row's label is among those that come: for each row alone,
// so that it does not depend on the delay.
func (l *late) comes(arrival int) bool {
	return l.Share == 1 || rand.New(rand.NewPCG(l.seed, uint64(arrival))).Float64() < l.Share
}

// ledger remembers the answers for as long as their labels are out, and no less:
// nothing is to be lost that the delay alone would not lose.
func (l Labels) Ledger(rows, batch int) tta.LedgerConfig {
	return tta.LedgerConfig{
		Rows: min(l.Delay, rows) + 2*batch, Bytes: math.MaxInt64, MaxAge: math.MaxInt64, ScoreRows: 1,
	}
}
