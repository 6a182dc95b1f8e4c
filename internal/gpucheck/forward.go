package main

import (
	"context"
	"errors"

	"ttad/accel"
	"ttad/internal/networks"
	"ttad/models"
)

// mode is which moments norms use.
type mode struct {
	name         string
	sourceWeight float64
}

// modes are the forwards that are looked at: the source model, and half and half.
func modes() []mode { return []mode{{"frozen", 1}, {"alpha-BN", 0.5}} }

// overlay gives every norm the rule of a mode.
func (m mode) overlay(g *models.Graph) *models.Overlay {
	if m.sourceWeight == 1 {
		return nil
	}
	rules := make([]accel.NormRule, len(g.Norms))
	for i := range rules {
		rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: float32(m.sourceWeight)}
	}
	o := &models.Overlay{}
	o.SetNorms(m.name, rules)
	return o
}

// inputs are drawn, the same for a graph and a number of rows.
func inputs(g *models.Graph, rows int) []*accel.Tensor {
	in := make([]*accel.Tensor, len(g.Inputs))
	for i, port := range g.Inputs {
		in[i] = accel.NewTensor(port.Shape.At(rows)...)
		copy(in[i].Data, networks.Draw(uint64(i+1), len(in[i].Data), 1))
	}
	return in
}

// bench is a device with a session of a graph on it.
type bench struct {
	graph   *models.Graph
	device  accel.Device
	plan    *models.Plan
	session *models.Session
}

// open takes over the device.
func open(g *models.Graph, d accel.Device, rows int) (*bench, error) {
	b := &bench{graph: g, device: d}
	var err error
	if b.plan, err = models.NewPlan(g, []accel.Device{d}, rows); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if b.session, err = b.plan.NewSession(); err != nil {
		return nil, errors.Join(err, b.plan.Close(), d.Close())
	}
	return b, nil
}

func (b *bench) close() error {
	return errors.Join(b.session.Close(), b.plan.Close(), b.device.Close())
}

func (b *bench) logits(ctx context.Context, in []*accel.Tensor, rows int, m mode) ([]float32, error) {
	out, err := b.session.Forward(ctx, in, rows, m.overlay(b.graph), models.Keep{})
	if err != nil {
		return nil, err
	}
	return out.Logits.Data, nil
}
