package daemon

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

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

	classes, width int
	placing        *placing // nil for kind outputs
}

// OpenModel loads, compiles and allocates for batches of up to maxRows rows.
// Relative paths start at dir.
func OpenModel(cfg models.Config, dir string, devices []accel.Device, maxRows int, log zerolog.Logger) (*Model, error) {
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
	if m.placing, err = place(context.Background(), m.Graph, devices, maxRows, log); err != nil {
		return nil, err
	}
	return m, nil
}

// Forward runs the batch under an overlay. The output is good until the next call.
func (m *Model) Forward(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	out, err := m.placing.forward(ctx, b, o, keep)
	if err != nil {
		return nil, fmt.Errorf("forward %s: %w", m.Name, err)
	}
	return out, nil
}

// calibrate measures which batches the device is for, where there is one and auto says so.
func (m *Model) calibrate(auto bool) error {
	if m.placing == nil || !auto {
		return nil
	}
	return m.placing.calibrate(context.Background())
}

// onDevice says that forwards run on another device than the processor.
func (m *Model) onDevice() bool { return m != nil && m.placing != nil && m.placing.device != nil }

// Plan is that of most batches; nil for kind outputs.
func (m *Model) Plan() *models.Plan {
	if m.placing == nil {
		return nil
	}
	return m.placing.preferred()
}

// Close frees sessions and plans.
func (m *Model) Close() error {
	if m.placing == nil {
		return nil
	}
	return m.placing.close()
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
