package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// tolerance is the most two devices may differ by, as a share of the largest logit.
const tolerance = 1e-4

// parity compares a network's answers on the card with the processor's.
func (c *checker) parity(ctx context.Context, n network) (saw string, err error) {
	g, err := n.model()
	if err != nil {
		return "", err
	}
	card, err := c.device()
	if err != nil {
		return "", err
	}
	onCard, err := open(g, card, n.rows)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, onCard.close()) }()
	processor, err := c.processor()
	if err != nil {
		return "", err
	}
	onProcessor, err := open(g, processor, n.rows)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, onProcessor.close()) }()
	return compare(ctx, onCard, onProcessor, n.rows)
}

// compare runs one batch in every mode on both.
func compare(ctx context.Context, a, b *bench, rows int) (string, error) {
	in := inputs(a.graph, rows)
	var saw []string
	var errs []error
	for _, m := range modes() {
		got, err := a.logits(ctx, in, rows, m)
		if err != nil {
			return "", err
		}
		want, err := b.logits(ctx, in, rows, m)
		if err != nil {
			return "", err
		}
		d := differ(got, want, a.graph.Classes)
		saw = append(saw, fmt.Sprintf("%s: %.1e of the largest logit, %d of %d answers differ", m.name, d.relative, d.flips, rows))
		if !(d.relative <= tolerance) {
			errs = append(errs, fmt.Errorf("%s: the largest difference is %.1e of the largest logit, %.0e is allowed", m.name, d.relative, tolerance))
		}
	}
	return strings.Join(saw, "; "), errors.Join(errs...)
}

// difference is that of two devices' logits.
type difference struct {
	relative float64 // the largest, beside the largest logit; infinite where one is no number
	flips    int     // rows whose class is another
}

func differ(got, want []float32, classes int) (d difference) {
	largest, worst := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		gap := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(gap) {
			gap = math.Inf(1)
		}
		worst = max(worst, gap)
	}
	for at := 0; at < len(want); at += classes {
		if argmax(got[at:at+classes]) != argmax(want[at:at+classes]) {
			d.flips++
		}
	}
	if worst > 0 {
		d.relative = worst / largest
	}
	return d
}

func argmax(v []float32) (best int) {
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
