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
		c.Nodes = append(c.Nodes, sums[s.norm].node(s))
	}
	return c, c.check()
}

// accumulate runs all batches and sums up the moments of every norm.
func accumulate(ctx context.Context, s *Session, next Next) ([]sum, int, error) {
	sums := make([]sum, len(s.plan.graph.Norms))
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
			sums[i].merge(out.Moments[i])
		}
		total += rows
	}
	if total == 0 {
		return nil, 0, errors.New("there are no source rows")
	}
	return sums, total, nil
}

// sum holds moments of all batches so far: per channel the mean and the sum of
// squared deviations from it.
type sum struct {
	count    float64
	mean, m2 []float64
}

// merge adds a batch by the exact formula for the union of two sets (Chan,
// Golub and LeVeque, 1979).
func (s *sum) merge(b bnstats.Moments) {
	if s.mean == nil {
		s.mean, s.m2 = make([]float64, len(b.Mean)), make([]float64, len(b.Mean))
	}
	total := s.count + b.Count
	for i := range s.mean {
		delta := float64(b.Mean[i]) - s.mean[i]
		s.mean[i] += delta * b.Count / total
		s.m2[i] += float64(b.Var[i])*b.Count + delta*delta*s.count*b.Count/total
	}
	s.count = total
}

func (s *sum) node(at site) CalibratedNode {
	n := CalibratedNode{Node: at.node, Value: at.value, Count: s.count}
	for i := range s.mean {
		n.Mean = append(n.Mean, float32(s.mean[i]))
		n.Var = append(n.Var, float32(s.m2[i]/s.count))
	}
	return n
}
