package ttatest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"ttad/tta"
)

// labels is the part of a driver that stands for the group's ledger: it keeps what
// a learner remembers and hands it back with labels.
type labels struct {
	learner tta.Learner // nil for a strategy that is none
	rows    uint64      // answered so far
	due     []tta.Feedback
}

// remembered returns what the learner remembers of the batch just answered, its
// labels yet to come.
func (d *driver) remembered(b *tta.Batch) []tta.Feedback {
	if d.learner == nil {
		return nil
	}
	out := make([]tta.Feedback, b.Rows)
	for i := range out {
		kept := make([]float32, d.s.Needs().Remember)
		d.learner.Remember(i, kept)
		out[i] = tta.Feedback{Row: d.rows, Revises: -1, Weight: 1, Step: b.Step, Kept: kept}
		d.rows++
	}
	return out
}

// labelled gives rows their labels, in another order than they were answered, and
// revises some of them.
func (d *driver) labelled(rows []tta.Feedback) []tta.Feedback {
	out := slices.Clone(rows)
	r := rand.New(rand.NewPCG(83, uint64(len(rows))))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		out[i].Label = int(out[i].Row*7/3) % d.m.Classes
		out[i].Weight = 1 / float32(1+out[i].Row%3)
	}
	for _, f := range out[:len(rows)] {
		if f.Row%5 == 2 {
			f.Revises, f.Label = f.Label, (f.Label+1)%d.m.Classes
			out = append(out, f)
		}
	}
	return out
}

// teach hands rows to the learner, and turns a panic into an error.
func (d *driver) teach(rows []tta.Feedback) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("learn: panic: %v", r)
		}
	}()
	if d.learner == nil {
		return nil
	}
	err = d.learner.Learn(context.Background(), rows)
	if d.scribble {
		for i := range rows {
			for j := range rows[i].Kept {
				rows[i].Kept[j] = float32(math.NaN())
			}
			rows[i] = tta.Feedback{Label: -1}
		}
	}
	return err
}

// inherit takes over the rows another driver has remembered, as a ledger outlives
// a restored strategy.
func (d *driver) inherit(from *driver) {
	d.rows, d.due = from.rows, slices.Clone(from.due)
	for i := range d.due {
		d.due[i].Kept = slices.Clone(d.due[i].Kept)
	}
}

// forget drops the rows remembered, as a ledger does after a reset.
func (d *driver) forget() { d.rows, d.due = 0, nil }
