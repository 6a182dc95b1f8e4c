package ttatest

import (
	"context"
	"fmt"
	"math"
	"slices"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// driver walks one strategy through its stages, as a pipeline would, with every
// buffer in the open.
type driver struct {
	m *Model
	s tta.Strategy

	labels        // where the strategy learns from any
	silent   bool // no labels come
	scribble bool // what Learn was given is overwritten once it returns
}

// answer is what a step gave.
type answer struct {
	key   string
	rules []accel.NormRule // deep copy
	out   *models.Output
	probs *accel.Tensor
	class []int32 // nil unless the strategy decides
	score []float32
}

func newDriver(spec tta.Spec, cfg any, classes int, pipeline string) (*driver, error) {
	m := NewModel(classes)
	s, err := spec.New(m.Env(pipeline), cfg)
	if err != nil {
		return nil, fmt.Errorf("new: %w", err)
	}
	d := &driver{m: m, s: s}
	d.learner, _ = s.(tta.Learner)
	return d, nil
}

// step runs prepare, forward, correct and decide, and turns a panic into an error.
func (d *driver) step(b *tta.Batch) (a answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	ctx := context.Background()
	var o models.Overlay
	if p, ok := d.s.(tta.Preparer); ok {
		if err := p.Prepare(ctx, b, &o); err != nil {
			return a, fmt.Errorf("prepare: %w", err)
		}
	}
	a.key, a.rules = o.Key(), copyRules(o.Norms())
	if a.out, err = d.outputs(ctx, b, &o); err != nil {
		return a, err
	}
	a.probs = accel.NewTensor(b.Rows, d.m.Classes)
	tta.Softmax(a.probs, a.out.Logits)
	return a, d.after(ctx, b, &a)
}

// outputs runs the forward, or takes what the batch gives.
func (d *driver) outputs(ctx context.Context, b *tta.Batch, o *models.Overlay) (*models.Output, error) {
	if b.Given != nil {
		return b.Given, nil
	}
	return d.m.Forward(ctx, b, o, d.s.Needs().Keep)
}

func (d *driver) after(ctx context.Context, b *tta.Batch, a *answer) error {
	if c, ok := d.s.(tta.Corrector); ok {
		if err := c.Correct(ctx, b, a.out, a.probs); err != nil {
			return fmt.Errorf("correct: %w", err)
		}
	}
	if c, ok := d.s.(tta.Decider); ok {
		a.class, a.score = make([]int32, b.Rows), make([]float32, b.Rows)
		if err := c.Decide(ctx, b, a.out, a.probs, a.class, a.score); err != nil {
			return fmt.Errorf("decide: %w", err)
		}
	}
	return nil
}

// settle lets the strategy remember, update, and learn the labels of the batch
// before, which come now.
func (d *driver) settle(b *tta.Batch, a answer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	late := d.due
	d.due = d.remembered(b)
	if u, ok := d.s.(tta.Updater); ok {
		if err := u.Update(context.Background(), b, a.out, a.probs); err != nil {
			return err
		}
	}
	if d.silent {
		return nil
	}
	return d.teach(d.labelled(late))
}

// both steps and settles.
func (d *driver) both(b *tta.Batch) (answer, error) {
	a, err := d.step(b)
	if err == nil {
		err = d.settle(b, a)
	}
	return a, err
}

// train settles batches and forgets the answers.
func (d *driver) train(batches []*tta.Batch) error {
	for _, b := range batches {
		if _, err := d.both(b); err != nil {
			return fmt.Errorf("batch %d of %d rows: %w", b.Step, b.Rows, err)
		}
	}
	return nil
}

// snapshot returns the state, nil where the strategy has none.
func (d *driver) snapshot() ([]byte, error) {
	if s, ok := d.s.(tta.Stateful); ok {
		return s.Snapshot()
	}
	return nil, nil
}

// differs says how two answers are not the same bits, or nothing.
func (a answer) differs(b answer) string {
	switch {
	case !slices.Equal(bits(a.probs.Data), bits(b.probs.Data)):
		return fmt.Sprintf("probabilities %v and %v", a.probs.Data, b.probs.Data)
	case !slices.Equal(a.class, b.class):
		return fmt.Sprintf("classes %v and %v", a.class, b.class)
	case !slices.Equal(bits(a.score), bits(b.score)):
		return fmt.Sprintf("scores %v and %v", a.score, b.score)
	}
	return ""
}

// bits makes NaN comparable.
func bits(v []float32) []uint32 {
	out := make([]uint32, len(v))
	for i, f := range v {
		out[i] = math.Float32bits(f)
	}
	return out
}

func copyRules(rules []accel.NormRule) []accel.NormRule {
	out := slices.Clone(rules)
	for i := range out {
		out[i].Mean, out[i].Var = slices.Clone(out[i].Mean), slices.Clone(out[i].Var)
	}
	return out
}

// memory lists every float a stage can see besides probs.
func memory(b *tta.Batch, out *models.Output) [][]float32 {
	var all [][]float32
	for _, t := range b.Inputs {
		all = append(all, t.Data)
	}
	for _, t := range []*accel.Tensor{out.Logits, out.Features} {
		if t != nil {
			all = append(all, t.Data)
		}
	}
	for _, m := range out.Moments {
		all = append(all, m.Mean, m.Var)
	}
	return all
}
