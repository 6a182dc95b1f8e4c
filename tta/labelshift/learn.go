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
	guesses []float64 // of the last step, [rows classes]
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

// Correct also notes what each row will add to the mean when the batch settles.
func (l *learning) Correct(ctx context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	l.guesses = l.estimate.guessAll(l.guesses[:0], out.Logits)
	return l.Strategy.Correct(ctx, b, out, probs)
}

// guessAll appends the guess of every row; of a row that is not finite, zeros.
func (e *estimate) guessAll(dst []float64, logits *accel.Tensor) []float64 {
	quotients(e.weights, e.now, e.source)
	for i := range logits.Rows() {
		if !softmax(e.p, logits.Row(i)) || !e.guess(e.p) {
			clear(e.p)
		}
		dst = append(dst, e.p...)
	}
	return dst
}

func (l *learning) classesKept() int { return min(len(l.estimate.now), likeliest) }

// Remember keeps the guess and how heavily it will weigh.
func (l *learning) Remember(row int, kept []float32) {
	if len(kept) == 0 {
		return
	}
	e, k := l.estimate, len(l.estimate.now)
	rows, left := len(l.guesses)/k, e.p
	copy(left, l.guesses[row*k:(row+1)*k])
	for i := range l.classesKept() {
		best := argmax(left)
		kept[2*i], kept[2*i+1] = float32(best), float32(left[best])
		left[best] = -1
	}
	rate := e.rate(float64(rows))
	age := e.age + aging(rate)
	besides := kept[2*l.classesKept():]
	besides[0] = float32(rate / float64(rows))
	besides[1] = float32(age)
	besides[2] = float32(age - float64(float32(age)))
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

// count makes a label one row of the mean.
func (l *learning) count(f tta.Feedback) {
	e, n := l.estimate, float64(f.Weight)
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
