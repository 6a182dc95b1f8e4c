package daemon

import (
	"context"
	"errors"
	"fmt"

	"ttad/accel"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/tta"
)

// Model is a group's opened model: what its forwards run on. For kind outputs
// there is no graph and no session; only widths and names. One goroutine uses it.
type Model struct {
	Name   string
	Digest string
	Labels []string
	Graph  *models.Graph // nil for kind outputs
	Plan   *models.Plan  // nil for kind outputs

	classes, width int
	session        *models.Session
	output         models.Output
}

// OpenModel loads, compiles and allocates for batches of up to maxRows rows.
// Relative paths start at dir.
func OpenModel(cfg models.Config, dir string, devices []accel.Device, maxRows int) (*Model, error) {
	m := &Model{Name: cfg.Kind, classes: cfg.Classes, width: cfg.FeatureWidth}
	var err error
	if cfg.Kind == models.KindONNX {
		if m.Graph, err = onnx.Load(cfg, dir); err != nil {
			return nil, err
		}
		m.Name, m.Digest, m.classes, m.width = m.Graph.Name, m.Graph.Digest, m.Graph.Classes, m.Graph.FeatureWidth
	}
	if m.Labels, err = onnx.Labels(cfg, dir, m.classes); err != nil || m.Graph == nil {
		return m, err
	}
	g := m.Graph
	if m.Plan, err = models.NewPlan(g, devices, maxRows); err != nil {
		return nil, fmt.Errorf("plan %s: %w", g.Name, err)
	}
	if m.session, err = m.Plan.NewSession(); err != nil {
		return nil, errors.Join(fmt.Errorf("open a session of %s: %w", g.Name, err), m.Plan.Close())
	}
	return m, nil
}

// Forward runs the batch under an overlay. The output is good until the next call.
func (m *Model) Forward(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	if err := m.session.ForwardInto(ctx, b.Inputs, b.Rows, o, keep, &m.output); err != nil {
		return nil, fmt.Errorf("forward %s: %w", m.Name, err)
	}
	return &m.output, nil
}

// Close frees the session and the plan.
func (m *Model) Close() error {
	if m.session == nil {
		return nil
	}
	return errors.Join(m.session.Close(), m.Plan.Close())
}

// Classes is the number of classes the model knows.
func (m *Model) Classes() int { return m.classes }

// env describes the model to strategies.
func (m *Model) env() tta.Env {
	e := tta.Env{Model: m.Name, Digest: m.Digest, Classes: m.classes, Labels: m.Labels, FeatureWidth: m.width, OutputsOnly: m.Graph == nil}
	if m.Graph != nil {
		e.Norms, e.FoldedBN = m.Graph.Norms, m.Graph.FoldedBN
	}
	return e
}
