package fit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"ttad/accel"
	"ttad/models"
)

// Source is labelled source rows as the frozen model sees them.
type Source struct {
	Graph    *models.Graph
	Logits   *accel.Tensor // [rows Classes]
	Features *accel.Tensor // [rows FeatureWidth]; nil where the model has none
	Labels   []int         // [rows]
}

// Forward runs every batch of next, up to maxRows rows each, through the model and
// collects logits and features.
func Forward(ctx context.Context, g *models.Graph, devices []accel.Device, maxRows int, next models.Next) (s *Source, err error) {
	defer func() {
		if err != nil {
			s, err = nil, fmt.Errorf("run %s over the source rows: %w", g.Name, err)
		}
	}()
	plan, err := models.NewPlan(g, devices, maxRows)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, plan.Close()) }()
	session, err := plan.NewSession()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return collect(ctx, g, session, next)
}

func collect(ctx context.Context, g *models.Graph, session *models.Session, next models.Next) (*Source, error) {
	var logits, features []float32
	keep, out := models.Keep{Features: g.FeatureWidth > 0}, &models.Output{}
	for {
		in, rows, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := session.ForwardInto(ctx, in, rows, nil, keep, out); err != nil {
			return nil, err
		}
		logits = append(logits, out.Logits.Data...)
		if keep.Features {
			features = append(features, out.Features.Data...)
		}
	}
	rows := len(logits) / g.Classes
	s := &Source{Graph: g, Logits: accel.TensorOf(logits, rows, g.Classes)}
	if keep.Features {
		s.Features = accel.TensorOf(features, rows, g.FeatureWidth)
	}
	return s, nil
}

// Check holds the parts to each other: shapes, labels, finite logits, and, where
// the model ends in a linear layer, logits that are that layer of the features.
func (s *Source) Check() error {
	g := s.Graph
	if len(s.Logits.Shape) != 2 || s.Logits.RowLen() != g.Classes {
		return fmt.Errorf("logits of shape %v, model %s has %d classes: want one row of them a source row", s.Logits.Shape, g.Name, g.Classes)
	}
	rows := s.Logits.Rows()
	if len(s.Labels) != rows {
		return fmt.Errorf("%d labels for %d rows", len(s.Labels), rows)
	}
	for i, y := range s.Labels {
		if y < 0 || y >= g.Classes {
			return fmt.Errorf("row %d has class %d, the model has classes 0 to %d", i, y, g.Classes-1)
		}
	}
	for i, v := range s.Logits.Data {
		if v-v != 0 {
			return fmt.Errorf("row %d: logit %g", i/g.Classes, v)
		}
	}
	if s.Features == nil {
		return nil
	}
	if len(s.Features.Shape) != 2 || s.Features.Rows() != rows || s.Features.RowLen() != g.FeatureWidth {
		return fmt.Errorf("features of shape %v, want [%d %d]", s.Features.Shape, rows, g.FeatureWidth)
	}
	return s.checkHead()
}

// checkHead catches features and logits of another model.
func (s *Source) checkHead() error {
	if s.Graph.Head == nil {
		return nil
	}
	for i := range min(s.Logits.Rows(), 32) {
		for k, want := range s.Logits.Row(i) {
			got := 0.0
			if s.Graph.Head.Bias != nil {
				got = float64(s.Graph.Head.Bias[k])
			}
			for j, v := range s.Features.Row(i) {
				got += float64(v) * float64(s.Graph.Head.Weight.Row(k)[j])
			}
			if math.Abs(got-float64(want)) > 1e-2*(1+math.Abs(got)) {
				return fmt.Errorf("row %d, class %d: the head of %s makes %.4g of the features, the logits say %.4g: they are not of this model", i, k, s.Graph.Name, got, want)
			}
		}
	}
	return nil
}

// Prior is the share of each class among the labels.
func (s *Source) Prior() []float64 {
	p := make([]float64, s.Graph.Classes)
	for _, y := range s.Labels {
		p[y] += 1 / float64(len(s.Labels))
	}
	return p
}

// take returns the given rows as a source of their own.
func (s *Source) take(rows []int) *Source {
	part := &Source{Graph: s.Graph, Logits: gather(s.Logits, rows), Labels: make([]int, len(rows))}
	if s.Features != nil {
		part.Features = gather(s.Features, rows)
	}
	for i, r := range rows {
		part.Labels[i] = s.Labels[r]
	}
	return part
}

func gather(t *accel.Tensor, rows []int) *accel.Tensor {
	out := accel.NewTensor(len(rows), t.RowLen())
	for i, r := range rows {
		copy(out.Row(i), t.Row(r))
	}
	return out
}

// checkClasses refuses a source in which classes have no row.
func (s *Source) checkClasses() error {
	var none []int
	for k, p := range s.Prior() {
		if p == 0 {
			none = append(none, k)
		}
	}
	switch len(none) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("no source row of class %d: every class needs some", none[0])
	}
	return fmt.Errorf("no source row of class %d and %d other classes of %d: every class needs some", none[0], len(none)-1, s.Graph.Classes)
}
