package models

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ttad/accel"
	"ttad/bnstats"
)

// Next gives the next batch of source rows, and io.EOF after the last one.
type Next func() (in []*accel.Tensor, rows int, err error)

// Calibrate records source moments of every convolution and linear layer whose
// result no BatchNormalization follows: mean and biased variance per channel
// over all rows, merged exactly across batches in float64. Batches hold up to
// maxRows rows; how the rows are cut into batches does not matter.
//
// The rows decide what adaptation aims at. The statistics a BatchNormalization
// would have stored are those of augmented training rows; plain source rows give
// moments closer to what the model meets later.
func Calibrate(ctx context.Context, g *Graph, devices []accel.Device, maxRows int, next Next) (c *Calibration, err error) {
	defer func() {
		if err != nil {
			c, err = nil, fmt.Errorf("calibrate %s: %w", g.Name, err)
		}
	}()
	probe, sites, err := g.probe()
	if err != nil {
		return nil, err
	}
	plan, err := NewPlan(probe, devices, maxRows)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, plan.Close()) }()
	session, err := plan.NewSession()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	sums, rows, err := accumulate(ctx, session, next)
	if err != nil {
		return nil, err
	}
	c = &Calibration{Version: CalibrationVersion, Model: g.Digest, Rows: rows}
	for _, s := range sites {
		c.Nodes = append(c.Nodes, calibrated(s, sums[s.norm].Moments()))
	}
	return c, c.check()
}

// accumulate runs all batches and gathers the moments of every norm.
func accumulate(ctx context.Context, s *Session, next Next) ([]*bnstats.Accumulator, int, error) {
	sums := make([]*bnstats.Accumulator, len(s.plan.graph.Norms))
	for i, n := range s.plan.graph.Norms {
		sums[i] = bnstats.NewAccumulator(n.Channels)
	}
	out, total := &Output{}, 0
	for {
		in, rows, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read source rows: %w", err)
		}
		if err := s.ForwardInto(ctx, in, rows, nil, Keep{Moments: true}, out); err != nil {
			return nil, 0, err
		}
		for i := range sums {
			sums[i].Merge(out.Moments[i])
		}
		total += rows
	}
	if total == 0 {
		return nil, 0, errors.New("there are no source rows")
	}
	return sums, total, nil
}

func calibrated(at site, m bnstats.Moments) CalibratedNode {
	return CalibratedNode{Node: at.node, Value: at.value, Count: m.Count, Mean: m.Mean, Var: m.Var}
}
