package ttatest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"ttad/accel"
	"ttad/tta"
)

// student returns a trained driver of a learner, with a batch answered whose rows
// it is about to remember; nil for a strategy that is no learner.
func (l *lab) student() (*driver, error) {
	d, err := l.trained()
	if err != nil || d.learner == nil {
		return nil, err
	}
	_, err = d.step(probe(12))
	return d, err
}

// rememberReads: what is remembered of a row is the same however often it is asked
// for, in any order, and asking leaves no trace.
func rememberReads(l *lab) error {
	d, err := l.student()
	if d == nil || err != nil {
		return err
	}
	before, err := d.snapshot()
	if err != nil {
		return err
	}
	b := probe(12)
	first := d.remembered(b)
	for _, i := range []int{11, 3, 0, 3} {
		again := make([]float32, d.s.Needs().Remember)
		d.learner.Remember(i, again)
		if !slices.Equal(bits(first[i].Kept), bits(again)) {
			return fmt.Errorf("row %d: remembered %v, asked again %v", i, first[i].Kept, again)
		}
	}
	after, err := d.snapshot()
	if err != nil {
		return err
	}
	if !bytes.Equal(before, after) {
		return errors.New("remembering changed the snapshot")
	}
	return nil
}

// labelsShow: labels leave a trace in the snapshot, and no labels leave none.
func labelsShow(l *lab) error {
	d, err := l.student()
	if d == nil || err != nil {
		return err
	}
	rows := d.labelled(d.remembered(probe(12)))
	before, err := d.snapshot()
	if err != nil {
		return err
	}
	if err := d.teach(nil); err != nil {
		return fmt.Errorf("learn nothing: %w", err)
	}
	if same, err := d.snapshot(); err != nil || !bytes.Equal(before, same) {
		return errors.New("learning no rows changed the snapshot")
	}
	if err := d.teach(rows); err != nil {
		return err
	}
	after, err := d.snapshot()
	if err != nil {
		return err
	}
	if bytes.Equal(before, after) {
		return fmt.Errorf("%d labels left no trace in the snapshot", len(rows))
	}
	return nil
}

// bundlesDoNotMatter: labels that come one by one teach what they teach together,
// for how they are bundled is the bus's affair.
func bundlesDoNotMatter(l *lab) error {
	together, err := l.student()
	if together == nil || err != nil {
		return err
	}
	single, err := l.student()
	if err != nil {
		return err
	}
	b := probe(12)
	if err := together.teach(together.labelled(together.remembered(b))); err != nil {
		return err
	}
	for _, f := range single.labelled(single.remembered(b)) {
		if err := single.teach([]tta.Feedback{f}); err != nil {
			return err
		}
	}
	return sameState("labels together against one by one", together, single)
}

// keptNotHeld: overwriting what Learn was given changes nothing later.
func keptNotHeld(l *lab) error {
	tidy, err := l.trained()
	if err != nil || tidy.learner == nil {
		return err
	}
	d, err := l.driver("main")
	if err != nil {
		return err
	}
	d.scribble = true
	if err := d.train(history(6)); err != nil {
		return err
	}
	return sameAnswer("memory reused after Learn against kept", d, tidy)
}

// silentWithoutLabels: a strategy that says it does nothing without labels leaves
// probabilities as they are until one comes.
func silentWithoutLabels(l *lab) error {
	d, err := l.driver("main")
	if err != nil || !d.s.Needs().Labels {
		return err
	}
	d.silent = true
	if err := d.train(history(6)); err != nil {
		return err
	}
	a, err := d.step(probe(12))
	if err != nil {
		return err
	}
	given := answer{probs: accel.NewTensor(a.probs.Shape...), class: a.class, score: a.score}
	tta.Softmax(given.probs, a.out.Logits)
	if diff := given.differs(a); diff != "" {
		return fmt.Errorf("before any label, given and answered differ: %s", diff)
	}
	return nil
}

// floods are streams of labels that nobody should send: each changes the labels of
// a bundle.
func floods(classes int) map[string]func(r *rand.Rand, f *tta.Feedback) {
	return map[string]func(*rand.Rand, *tta.Feedback){
		"at random":    func(r *rand.Rand, f *tta.Feedback) { f.Label = r.IntN(classes) },
		"of one class": func(_ *rand.Rand, f *tta.Feedback) { f.Label = classes - 1 },
		"of no weight": func(r *rand.Rand, f *tta.Feedback) { f.Label, f.Weight = r.IntN(classes), 1e-30 },
		"revised again and again": func(r *rand.Rand, f *tta.Feedback) {
			f.Row, f.Revises, f.Label = f.Row%3, r.IntN(classes), r.IntN(classes)
		},
	}
}

// floodsAreHarmless: ten thousand labels of any kind leave rows that are
// probabilities and a state within its bound.
func floodsAreHarmless(l *lab) error {
	for name, change := range floods(l.classes) {
		d, err := l.student()
		if d == nil || err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(89, 97))
		for range 25 {
			if err := d.flood(r, 10, change); err != nil {
				return fmt.Errorf("labels %s: %w", name, err)
			}
		}
		if err := l.withstood(d); err != nil {
			return fmt.Errorf("after 10,000 labels %s: %w", name, err)
		}
	}
	return nil
}

// flood answers 40 rows and has each labelled so many times, as if as many rows had
// been alike.
func (d *driver) flood(r *rand.Rand, times int, change func(*rand.Rand, *tta.Feedback)) error {
	b := RandomBatch(r, 3000, 40)
	if _, err := d.step(b); err != nil {
		return err
	}
	for range times {
		rows := d.remembered(b)
		for i := range rows {
			change(r, &rows[i])
		}
		if err := d.teach(rows); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) withstood(d *driver) error {
	for _, rows := range []int{1, 12} {
		a, err := d.step(probe(rows))
		if err != nil {
			return err
		}
		if err := a.sound(d); err != nil {
			return err
		}
	}
	blob, err := d.snapshot()
	if err == nil && len(blob) > l.stateBytes {
		return fmt.Errorf("snapshot of %d bytes, the limit is %d", len(blob), l.stateBytes)
	}
	return err
}

// learnersHaveState: what labels taught must have somewhere to show.
func learnersHaveState(l *lab) error {
	d, err := l.driver("main")
	if err != nil {
		return err
	}
	if _, ok := d.s.(tta.Stateful); d.learner != nil && !ok {
		return errors.New("it learns from labels and has no state to be reset or carried over")
	}
	if d.learner == nil && (d.s.Needs().Remember > 0 || d.s.Needs().Labels) {
		return errors.New("it needs labels or rows remembered, and is no learner")
	}
	return nil
}
