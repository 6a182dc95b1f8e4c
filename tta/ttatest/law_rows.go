package ttatest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

func nopContext() context.Context { return context.Background() }

func sourceOverlay() *models.Overlay { return &models.Overlay{} }

func allKept() models.Keep { return models.Keep{Features: true, Moments: true} }

// rowsAreProbabilities: on batches of every awkward kind, and with any past.
func rowsAreProbabilities(l *lab) error {
	for _, start := range []func() (*driver, error){func() (*driver, error) { return l.driver("main") }, l.trained} {
		d, err := start()
		if err != nil {
			return err
		}
		for name, b := range awkward(d.m) {
			a, err := d.step(b)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := a.sound(d); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := d.settle(b, a); err != nil {
				return fmt.Errorf("%s: update: %w", name, err)
			}
		}
	}
	return nil
}

// awkward lists batches that are easy to get wrong. Those with their own outputs
// stand for models whose logits and features are of any size.
func awkward(m *Model) map[string]*tta.Batch {
	r := rand.New(rand.NewPCG(17, 19))
	out := map[string]*tta.Batch{
		"one row":        RandomBatch(r, 2000, 1),
		"two rows":       RandomBatch(r, 2001, 2),
		"40 rows":        RandomBatch(r, 2002, 40),
		"equal rows":     Batch(2003, make([]float32, 12*Inputs)),
		"huge inputs":    scaled(RandomBatch(r, 2004, 12), 1e6),
		"tiny inputs":    scaled(RandomBatch(r, 2005, 12), 1e-20),
		"zero features":  RandomBatch(r, 2006, 12),
		"extreme logits": RandomBatch(r, 2007, 12),
		"equal logits":   RandomBatch(r, 2008, 12),
		"one zero row":   RandomBatch(r, 2009, 12),
	}
	give(m, out["zero features"], func(o *models.Output) { clear(o.Features.Data) })
	give(m, out["extreme logits"], func(o *models.Output) {
		for i := range o.Logits.Data {
			o.Logits.Data[i] = float32(math.Copysign(1e30, r.NormFloat64()))
		}
	})
	give(m, out["equal logits"], func(o *models.Output) { clear(o.Logits.Data) })
	give(m, out["one zero row"], func(o *models.Output) { clear(o.Features.Row(3)) })
	return out
}

func scaled(b *tta.Batch, by float32) *tta.Batch {
	for i := range b.Inputs[0].Data {
		b.Inputs[0].Data[i] *= by
	}
	return b
}

// give attaches the model's own output to a batch, changed.
func give(m *Model, b *tta.Batch, change func(*models.Output)) {
	out, err := m.Forward(nopContext(), b, sourceOverlay(), allKept())
	if err != nil {
		panic(err)
	}
	change(out)
	b.Given = out
}

// sound says what is wrong with an answer's rows.
func (a answer) sound(d *driver) error {
	for i := range a.probs.Rows() {
		sum := 0.0
		for k, v := range a.probs.Row(i) {
			if !(v >= 0) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("row %d class %d: probability %g", i, k, v)
			}
			sum += float64(v)
		}
		if math.Abs(sum-1) > 1e-6 {
			return fmt.Errorf("row %d sums to %.9g", i, sum)
		}
	}
	return a.soundDecision(d)
}

// soundDecision holds a decider to its classes, finite scores, and to leaving
// probabilities alone.
func (a answer) soundDecision(d *driver) error {
	dec, ok := d.s.(tta.Decider)
	if !ok {
		return nil
	}
	n := len(dec.Labels())
	if n == 0 {
		n = d.m.Classes
	}
	for i, c := range a.class {
		if c < 0 || int(c) >= n {
			return fmt.Errorf("row %d: class %d of %d", i, c, n)
		}
		if s := float64(a.score[i]); math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("row %d: score %g", i, s)
		}
	}
	if _, corrects := d.s.(tta.Corrector); corrects {
		return nil
	}
	plain := accel.NewTensor(a.probs.Shape...)
	tta.Softmax(plain, a.out.Logits)
	if diff := (answer{probs: plain}).differs(answer{probs: a.probs}); diff != "" {
		return fmt.Errorf("deciding changed %s", diff)
	}
	return nil
}

// rowsKeepOrder: the rows of a batch in another order get the same answers in
// that order, up to the rounding of sums. A strategy that shuffles or drops rows
// does not.
func rowsKeepOrder(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	b := probe(12)
	a, err := d.step(b)
	if err != nil {
		return err
	}
	order := rand.New(rand.NewPCG(23, 29)).Perm(b.Rows)
	shuffled := probe(12)
	for i, from := range order {
		copy(shuffled.Inputs[0].Row(i), b.Inputs[0].Row(from))
	}
	s, err := d.step(shuffled)
	if err != nil {
		return err
	}
	for i, from := range order {
		for k, v := range s.probs.Row(i) {
			if want := a.probs.Row(from)[k]; math.Abs(float64(v-want)) > 1e-3 {
				return fmt.Errorf("row %d moved to %d: class %d has %g, had %g", from, i, k, v, want)
			}
		}
		if a.class != nil && s.class[i] != a.class[from] {
			return fmt.Errorf("row %d moved to %d: class %d, was %d", from, i, s.class[i], a.class[from])
		}
	}
	return nil
}

// ownersRefused: a strategy that owns a part of the model, or decides, cannot be
// in a pipeline twice.
func ownersRefused(l *lab) error {
	d, err := l.driver("main")
	if err != nil {
		return err
	}
	_, decides := d.s.(tta.Decider)
	if d.s.Needs().Owns == tta.OwnsNothing && !decides {
		return nil
	}
	twice := []tta.StrategyConfig{{Name: l.spec.Name, Params: l.cfg()}, {Name: l.spec.Name, Params: l.cfg()}}
	if _, err := tta.NewPipeline(tta.NewRegistry(l.spec), d.m.Env("main"), tta.PipelineConfig{Name: "main", Role: tta.Champion, Strategies: twice}); err == nil {
		return errors.New("a pipeline with the strategy twice was built")
	}
	return nil
}
