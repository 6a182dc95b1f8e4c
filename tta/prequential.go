package tta

import "fmt"

// Outcome is a row that was answered and whose class is now known.
type Outcome struct {
	Row   uint64    // names the row; Revise finds it by it
	Key   string    // the item's, for the AUC within keys
	Probs []float32 // as answered; only read during the call
	Class int       // answered; -1 for no answer
	Label int
}

// Prequential scores rows that were answered before their label was known (test,
// then learn; Dawid 1984), in the order of labels: since the start, and over a
// window of the last rows. Its memory is bounded by the window.
type Prequential struct {
	classes int
	total   Scorer
	odds    *aucBins // for two classes
	window  int
	ring    []scored // the last rows, the oldest at next once full
	next    int
}

// scored is a row in the window.
type scored struct {
	row  uint64
	mark mark
	ranked
}

// NewPrequential scores answers of a model with classes classes; the window holds
// window rows.
func NewPrequential(classes, window int) *Prequential {
	if classes < 2 || window < 1 {
		panic(fmt.Sprintf("tta: scores of %d classes over a window of %d rows", classes, window))
	}
	q := &Prequential{classes: classes, window: window}
	if classes == 2 {
		q.odds = &aucBins{}
	}
	return q
}

// Add takes the next row into account.
func (q *Prequential) Add(o Outcome) {
	s := q.score(o)
	q.count(s, 1)
	q.push(s)
}

// Revise replaces what an earlier row counted for, because its label was wrong.
// was must hold what Add or Revise was given before. Totals are exact up to the
// rounding of a sum; the window's row changes where the window still holds it.
func (q *Prequential) Revise(was, now Outcome) {
	q.count(q.score(was), -1)
	s := q.score(now)
	q.count(s, 1)
	for i := range q.ring {
		if q.ring[i].row == now.Row {
			q.ring[i] = s
		}
	}
}

func (q *Prequential) score(o Outcome) scored {
	s := scored{row: o.Row, mark: judge(o.Probs, o.Class, o.Label)}
	if q.odds != nil {
		s.ranked = ranked{score: chance(o.Probs), positive: o.Label == 1, key: o.Key}
	}
	return s
}

// chance is the probability of class 1, or even odds where there is no answer.
func chance(probs []float32) float32 {
	if Argmax(probs) < 0 {
		return 0.5
	}
	return probs[1]
}

func (q *Prequential) count(s scored, n int) {
	q.total.count(s.mark, n)
	if q.odds != nil && s.mark.judged {
		q.odds.count(s.score, s.positive, n)
	}
}

func (q *Prequential) push(s scored) {
	if len(q.ring) < q.window {
		q.ring = append(q.ring, s)
		return
	}
	q.ring[q.next] = s
	q.next = (q.next + 1) % q.window
}

// resize gives the window another length, keeping its newest rows.
func (q *Prequential) resize(window int) {
	if window == q.window {
		return
	}
	rows := append(append([]scored(nil), q.ring[q.next:]...), q.ring[:q.next]...)
	q.ring, q.next, q.window = rows[max(len(rows)-window, 0):], 0, window
}

// Total is the score of all rows so far. Its AUC is off by at most half the share
// of pairs of rows whose log-odds are closer than 1/128.
func (q *Prequential) Total() Score {
	s := q.total.Score()
	if q.odds != nil {
		s.AUC = defined(q.odds.auc())
	}
	return s
}

// Window is the score of the last rows, made anew from each of them.
func (q *Prequential) Window() Score {
	var s Scorer
	for i := range q.ring {
		s.count(q.ring[i].mark, 1)
	}
	out := s.Score()
	if q.odds != nil {
		rows := q.ranked()
		out.AUC, out.GAUC = defined(auc(rows)), defined(gauc(rows))
	}
	return out
}

// ranked lists the window's rows that have a probability to rank by.
func (q *Prequential) ranked() []ranked {
	rows := make([]ranked, 0, len(q.ring))
	for i := range q.ring {
		if q.ring[i].mark.judged {
			rows = append(rows, q.ring[i].ranked)
		}
	}
	return rows
}

func defined(value float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &value
}
