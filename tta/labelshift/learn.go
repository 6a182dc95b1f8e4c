package labelshift

import (
	"context"
	"math"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// learning is a Strategy that learns from labels as well.
//
// Labels are late, and whoever gives them chooses which rows to label: those in
// doubt, those complained about. Counting them would make the classes chosen more
// often look frequent. So with em and mean_softmax a label adds nothing of its own:
// it replaces the row's own guess in the running mean, with the weight the row
// still has there, which is none once it is old. Estimate labels, where nothing
// else is known, counts them and is right only for labels chosen at random.
type learning struct {
	*Strategy
	last    accel.Tensor // logits of the last step, [rows classes]
	guessed bool         // the estimate's guesses are of the last step
}

// What is kept of a row: its likeliest classes, each with its share of the guess,
// then the row's weight in the mean at entry and the mean's age, as a rounded value
// and what the rounding left. Shares beyond the first few are too small to matter.
const (
	likeliest   = 8
	keptBesides = 3
)

// Needs adds what is kept of every row.
func (l *learning) Needs() tta.Needs {
	n := l.Strategy.Needs()
	if l.cfg.Estimate == EstimateLabels {
		n.Labels = true
	} else {
		n.Remember = 2*l.classesKept() + keptBesides
	}
	return n
}

// Correct also notes what the rows' guesses come from.
func (l *learning) Correct(ctx context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	l.note(out)
	return l.Strategy.Correct(ctx, b, out, probs)
}

// Adopt does so, too.
func (l *learning) Adopt(b *tta.Batch, out *models.Output, probs, made *accel.Tensor) error {
	l.note(out)
	return l.Strategy.Adopt(b, out, probs, made)
}

func (l *learning) note(out *models.Output) {
	l.last.Data = append(l.last.Data[:0], out.Logits.Data...)
	l.last.Shape = append(l.last.Shape[:0], out.Logits.Shape...)
	l.guessed = false
}

func (l *learning) classesKept() int { return min(len(l.estimate.now), likeliest) }

// Remember keeps the row's guess, as the mean will have it once the batch settles,
// and how heavily it will weigh. A row that is not finite has no part in the mean.
func (l *learning) Remember(row int, kept []float32) {
	if len(kept) == 0 {
		return
	}
	e, k := l.estimate, len(l.estimate.now)
	if !l.guessed {
		e.guess(&l.last)
		l.guessed = true
	}
	rows := l.last.Rows()
	besides := keepLikeliest(kept, e.guesses[row*k:(row+1)*k], l.classesKept())
	rate := e.rate(float64(rows))
	age := e.age + aging(rate)
	besides[0] = float32(rate / float64(rows))
	besides[1] = float32(age)
	besides[2] = float32(age - float64(float32(age)))
}

// keepLikeliest writes the n likeliest classes with their shares, the lower class
// first where they are equal, and returns what is left of kept.
func keepLikeliest(kept, p []float32, n int) []float32 {
	for i := range n {
		kept[2*i], kept[2*i+1] = -1, -1
	}
	for class, share := range p {
		if share <= kept[2*n-1] {
			continue
		}
		i := n - 1
		for ; i > 0 && kept[2*i-1] < share; i-- {
			kept[2*i], kept[2*i+1] = kept[2*i-2], kept[2*i-1]
		}
		kept[2*i], kept[2*i+1] = float32(class), share
	}
	return kept[2*n:]
}

// Learn takes labels into the estimate.
func (l *learning) Learn(_ context.Context, rows []tta.Feedback) error {
	for _, f := range rows {
		if l.cfg.Estimate == EstimateLabels {
			l.count(f)
		} else {
			l.replace(f)
		}
	}
	l.moved()
	return nil
}

// count makes a label one row of the mean, or gives the weight of one to the class
// that replaces another; what has passed since the first label is not known here.
func (l *learning) count(f tta.Feedback) {
	e, n := l.estimate, float64(f.Weight)
	if f.Revises >= 0 {
		weight := math.Min(e.rate(n), e.now[f.Revises])
		e.now[f.Revises] -= weight
		e.now[f.Label] += weight
		e.settle()
		return
	}
	clear(e.mean)
	e.mean[f.Label] = 1
	e.step(e.mean, e.rate(n), n)
}

// replace puts the label where the row's guess is, or an earlier label.
func (l *learning) replace(f tta.Feedback) {
	e, besides := l.estimate, f.Kept[2*l.classesKept():]
	age := float64(besides[1]) + float64(besides[2])
	weight := float64(f.Weight) * float64(besides[0]) * math.Exp(math.Min(age-e.age, 0))
	mass := 0.0
	for i := range l.classesKept() {
		class, share := int(f.Kept[2*i]), weight*float64(f.Kept[2*i+1])
		mass += share
		if f.Revises < 0 {
			e.now[class] -= share
		}
	}
	if f.Revises >= 0 {
		e.now[f.Revises] -= mass
	}
	e.now[f.Label] += mass
	e.settle()
}

var _ tta.Learner = (*learning)(nil)

// Snapshot and the rest of tta.Stateful come from the Strategy.
var _ tta.Stateful = (*learning)(nil)
