package daemon

import (
	"context"
	"errors"
	"fmt"
	"math"

	"ttad/accel"
	"ttad/models"
)

const (
	// canaryRows are enough for a batch's statistics to be of more than one row.
	canaryRows = 3
	// canaryTolerance is of the largest value beside it. Devices agree with the
	// processor to about 1e-5 of that; one that is broken is wrong by far more.
	canaryTolerance = 1e-3
)

// errCanary is a device that answers known rows otherwise than the processor.
var errCanary = errors.New("wrong answer to the canary")

// canary is rows whose answers the processor has given.
type canary struct {
	in       []*accel.Tensor
	rows     int
	keep     models.Keep
	overlays []models.Overlay
	want     []*models.Output // an overlay each
}

// newCanary makes rows up and has the reference answer them under the source model
// and, where the model has norms, half under the batch's statistics. Its error is that
// of a model which does not take such rows.
func newCanary(ctx context.Context, reference *runner, maxRows int) (*canary, error) {
	g := reference.plan.Graph()
	c := &canary{rows: min(canaryRows, maxRows), overlays: make([]models.Overlay, 1)}
	c.in = madeUpRows(g, c.rows)
	c.keep = models.Keep{Features: true, Moments: len(g.Norms) > 0}
	if len(g.Norms) > 0 {
		c.overlays = append(c.overlays, halfBatch(g))
	}
	for i := range c.overlays {
		out, err := reference.session.Forward(ctx, c.in, c.rows, &c.overlays[i], c.keep)
		if err != nil {
			return nil, fmt.Errorf("made-up rows: %w", err)
		}
		if !finite(out.Logits.Data) {
			return nil, fmt.Errorf("made-up rows: the logits of %s are not finite", g.Name)
		}
		c.want = append(c.want, out)
	}
	return c, nil
}

// halfBatch blends every norm's source moments with the batch's.
func halfBatch(g *models.Graph) models.Overlay {
	rules := make([]accel.NormRule, len(g.Norms))
	for i := range rules {
		rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.5}
	}
	var o models.Overlay
	o.SetNorms("canary", rules)
	return o
}

// check has a runner answer the rows and says what is wrong with its answers.
func (c *canary) check(ctx context.Context, r *runner) error {
	for i := range c.overlays {
		got, err := r.forward(ctx, c.in, c.rows, &c.overlays[i], c.keep)
		if err != nil {
			return err
		}
		if err := agrees(got, c.want[i]); err != nil {
			return err
		}
	}
	return nil
}

// agrees compares all a forward brought home.
func agrees(got, want *models.Output) error {
	if err := near("logits", got.Logits.Data, want.Logits.Data); err != nil {
		return err
	}
	if want.Features != nil {
		if err := near("features", got.Features.Data, want.Features.Data); err != nil {
			return err
		}
	}
	for i, m := range want.Moments {
		if err := near("batch means", got.Moments[i].Mean, m.Mean); err != nil {
			return err
		}
		if err := near("batch variances", got.Moments[i].Var, m.Var); err != nil {
			return err
		}
	}
	return nil
}

// near compares values the processor has finite numbers for.
func near(what string, got, want []float32) error {
	largest := 1.0
	for _, v := range want {
		if a := math.Abs(float64(v)); a > largest && !math.IsInf(a, 0) {
			largest = a
		}
	}
	for i, w := range want {
		if !isFinite(w) {
			continue
		}
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= canaryTolerance*largest) {
			return fmt.Errorf("%w: %s: value %d is %v, the CPU's is %v: more than %v of %v apart", errCanary, what, i, got[i], w, canaryTolerance, largest)
		}
	}
	return nil
}

// madeUpRows are inputs for a model, always the same: between -1 and 1, and index 0
// where it takes whole numbers.
func madeUpRows(g *models.Graph, rows int) []*accel.Tensor {
	var in []*accel.Tensor
	for i, port := range g.Inputs {
		x := accel.NewTensor(port.Shape.At(rows)...)
		if !port.Int {
			copy(x.Data, madeUp(len(x.Data), i))
		}
		in = append(in, x)
	}
	return in
}

// madeUp is n values between -1 and 1 that look like noise and are not.
func madeUp(n, series int) []float32 {
	out := make([]float32, n)
	for i := range out {
		_, f := math.Modf(float64(i+1) * (math.Phi + float64(series)*math.Sqrt2))
		out[i] = float32(2*f - 1)
	}
	return out
}

func finite(data []float32) bool {
	for _, v := range data {
		if !isFinite(v) {
			return false
		}
	}
	return true
}

// isFinite: what is no number, or without end, times zero is not zero.
func isFinite(v float32) bool { return v*0 == 0 }
