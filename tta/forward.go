package tta

import (
	"context"
	"fmt"
	"strings"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/models"
)

// slot is one distinct overlay of a step: its forward's output and the
// probabilities of its logits. Slots keep their memory from step to step.
type slot struct {
	key     string
	overlay *models.Overlay
	keep    models.Keep
	ran     bool
	err     error // the forward failed

	out      models.Output
	logits   accel.Tensor
	features accel.Tensor
	moments  []bnstats.Moments
	probs    accel.Tensor
}

// sourceSlot is the slot of the zero overlay, the source model.
func (g *Group) sourceSlot(keep models.Keep) *slot { return g.claim(&g.none, keep) }

// claim finds the step's slot for an overlay or opens one. The source model's is
// always run with the empty overlay, whoever asks for it.
func (g *Group) claim(o *models.Overlay, keep models.Keep) *slot {
	key := o.Key()
	if key == "" {
		o = &g.none
	}
	for _, s := range g.slots[:g.used] {
		if s.key == key {
			s.keep = s.keep.Union(keep)
			return s
		}
	}
	if g.used == len(g.slots) {
		g.slots = append(g.slots, &slot{})
	}
	s := g.slots[g.used]
	g.used++
	s.key, s.overlay, s.keep, s.ran, s.err = key, o, keep, false, nil
	return s
}

// run does a slot's forward and turns its logits into probabilities. A panic
// under an overlay is that overlay's error; under the source model it is not
// ours to hide.
func (g *Group) run(ctx context.Context, b *Batch, s *slot) (err error) {
	if s.key != "" {
		defer func() { recovered(recover(), &g.env.Log, &err) }()
	}
	if b.Given != nil {
		s.out = *b.Given
	} else {
		out, err := g.timed(ctx, b, s.overlay, s.keep)
		if err != nil {
			return err
		}
		s.copyOf(out)
	}
	if err := g.checkOutput(b, &s.out); err != nil {
		return err
	}
	sized(&s.probs, b.Rows, g.classes)
	for i := range b.Rows {
		g.math.Softmax(s.probs.Row(i), s.out.Logits.Row(i))
	}
	return nil
}

// timed counts and times a forward.
func (g *Group) timed(ctx context.Context, b *Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	start := g.env.Now()
	out, err := g.forward(ctx, b, o, keep)
	name, _, _ := strings.Cut(o.Key(), "#")
	g.result.Forwards++
	g.result.Timings = append(g.result.Timings, ForwardTiming{Overlay: name, Took: g.env.Now().Sub(start)})
	switch {
	case err == nil:
		return out, nil
	case o.Key() == "":
		return nil, fmt.Errorf("source model: %w", err)
	default:
		return nil, fmt.Errorf("overlay %q: %w", o.Key(), err)
	}
}

// copyOf takes the output out of the session's memory.
func (s *slot) copyOf(out *models.Output) {
	s.out = models.Output{Logits: copied(&s.logits, out.Logits), Features: copied(&s.features, out.Features)}
	if out.Moments == nil {
		return
	}
	s.moments = grown(s.moments, len(out.Moments))
	for i, m := range out.Moments {
		dst := &s.moments[i]
		dst.Mean = append(dst.Mean[:0], m.Mean...)
		dst.Var = append(dst.Var[:0], m.Var...)
		dst.Count = m.Count
	}
	s.out.Moments = s.moments
}

func copied(dst, src *accel.Tensor) *accel.Tensor {
	if src == nil {
		return nil
	}
	dst.Shape = append(dst.Shape[:0], src.Shape...)
	dst.Data = append(dst.Data[:0], src.Data...)
	return dst
}

// checkOutput compares an output's shape with what the group was built for, so
// that a strategy never meets another one.
func (g *Group) checkOutput(b *Batch, out *models.Output) error {
	if !is(out.Logits, b.Rows, g.classes) {
		return fmt.Errorf("logits have shape %v, want [%d %d]", shapeOf(out.Logits), b.Rows, g.classes)
	}
	if out.Features != nil && !is(out.Features, b.Rows, g.env.FeatureWidth) {
		return fmt.Errorf("features have shape %v, want [%d %d]", shapeOf(out.Features), b.Rows, g.env.FeatureWidth)
	}
	return nil
}

func is(t *accel.Tensor, rows, width int) bool {
	return t != nil && len(t.Shape) == 2 && t.Shape[0] == rows && t.Shape[1] == width && len(t.Data) == rows*width
}

func shapeOf(t *accel.Tensor) any {
	if t == nil {
		return "none"
	}
	return t.Shape
}
