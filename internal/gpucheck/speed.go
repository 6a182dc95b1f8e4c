package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ttad/accel"
	"ttad/accel/cuda"
	"ttad/models"
)

// timing is what a batch of a network took on the card.
type timing struct {
	network  string
	mode     string
	rows     int
	run      time.Duration // the card's part: operands there, results left there
	forward  time.Duration // with both transfers and the wait
	launches int64
	flops    float64
	bytes    float64 // that must pass between the card and its memory
}

// least is what the card would need at best: it computes or moves all the time.
func (t *timing) least(f cuda.Facts) time.Duration {
	return time.Duration(1e9 * max(t.flops/f.FLOPs, t.bytes/f.Bandwidth))
}

// speed measures everything that is to be timed. Times are no reason to fail.
func (c *checker) speed(ctx context.Context) (string, error) {
	for _, n := range c.load.timed {
		g, err := n.model()
		if err != nil {
			return "", fmt.Errorf("%s: %w", n.name, err)
		}
		if err := c.timeNetwork(ctx, n, g); err != nil {
			return "", fmt.Errorf("%s: %w", n.name, err)
		}
	}
	for _, n := range c.load.parity {
		if err := c.timeRows(ctx, n); err != nil {
			return "", fmt.Errorf("%s: %w", n.name, err)
		}
	}
	return "see the tables", nil
}

// timeNetwork times a network in each mode that is one for it.
func (c *checker) timeNetwork(ctx context.Context, n network, g *models.Graph) (err error) {
	d, err := c.device()
	if err != nil {
		return err
	}
	b, err := open(g, d, n.rows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, m := range modes() {
		if m.overlay(g) != nil && len(g.Norms) == 0 {
			continue
		}
		t, err := c.timeMode(ctx, b, n, m)
		if err != nil {
			return err
		}
		c.report.timings = append(c.report.timings, t)
	}
	return nil
}

func (c *checker) timeMode(ctx context.Context, b *bench, n network, m mode) (t timing, err error) {
	flops := models.Describe(b.graph).FLOPs * float64(n.rows)
	t = timing{network: n.name, mode: m.name, rows: n.rows, flops: flops, bytes: traffic(b, m)}
	in := inputs(b.graph, n.rows)
	t.forward, err = fastest(c.load.times, func() error {
		_, err := b.logits(ctx, in, n.rows, m)
		return err
	})
	if err != nil {
		return t, err
	}
	t.run, t.launches, err = resident(ctx, b, n.rows, m, c.load.times)
	return t, err
}

// fastest is the shortest time of several, of which the first does not count.
func fastest(times int, work func() error) (best time.Duration, err error) {
	for i := range times + 1 {
		begin := time.Now()
		if err := work(); err != nil {
			return 0, err
		}
		if took := time.Since(begin); i == 1 || i > 1 && took < best {
			best = took
		}
	}
	return best, nil
}

// resident is the time of a run whose operands and results stay on the card, and its
// launches: many are queued behind each other.
func resident(ctx context.Context, b *bench, rows int, m mode, times int) (each time.Duration, launches int64, err error) {
	p := b.graph.Program
	exec, err := b.device.Compile(p, rows)
	if err != nil {
		return 0, 0, err
	}
	stream, err := b.device.NewStream()
	if err != nil {
		return 0, 0, errors.Join(err, exec.Close())
	}
	args, err := operands(b, stream, rows, m)
	defer func() {
		err = errors.Join(err, stream.Close())
		for _, buffer := range append(args.Inputs, args.Outputs...) {
			err = errors.Join(err, buffer.Free())
		}
		err = errors.Join(err, exec.Close())
	}()
	if err != nil {
		return 0, 0, err
	}
	run := func(times int) error {
		for range times {
			if err := stream.Run(exec, rows, args); err != nil {
				return err
			}
		}
		return stream.Sync(ctx)
	}
	if err := run(1); err != nil {
		return 0, 0, err
	}
	before, begin := metered(b.device), time.Now()
	err = run(times)
	return time.Since(begin) / time.Duration(times), (metered(b.device) - before) / int64(times), err
}

// operands are buffers of a run, the inputs filled.
func operands(b *bench, stream accel.Stream, rows int, m mode) (a accel.Args, err error) {
	p := b.graph.Program
	if o := m.overlay(b.graph); o != nil {
		a.Norms = o.Norms()
	}
	for _, in := range inputs(b.graph, rows) {
		buffer, err := b.device.Alloc(len(in.Data))
		if err != nil {
			return a, err
		}
		a.Inputs = append(a.Inputs, buffer)
		if err := stream.Upload(buffer, in.Data); err != nil {
			return a, err
		}
	}
	for _, id := range p.Outputs {
		buffer, err := b.device.Alloc(p.Values[id].Shape.Elements(rows))
		if err != nil {
			return a, err
		}
		a.Outputs = append(a.Outputs, buffer)
	}
	return a, nil
}

// metered is how many kernels a device launched so far; 0 if it does not count.
func metered(d accel.Device) int64 {
	if m, ok := d.(accel.Metered); ok {
		return m.Stats().Launches
	}
	return 0
}

// traffic is what a forward cannot but move: weights once, and every result written
// once and read once.
func traffic(b *bench, m mode) float64 {
	for i, s := range b.plan.Schedules() {
		if frozen := i == 0; frozen != (m.overlay(b.graph) == nil) && len(b.plan.Schedules()) > 1 {
			continue
		}
		bytes := s.WeightsBytes
		for _, step := range s.Steps {
			bytes += 2 * step.Bytes
		}
		return float64(bytes)
	}
	return 0
}

// crossing is a network's times on the card and on the processor by the rows of a
// batch.
type crossing struct {
	network   string
	rows      []int
	card      []time.Duration
	processor []time.Duration
}

// timeRows measures from how many rows on the card is faster than the processor, with
// the transfers.
func (c *checker) timeRows(ctx context.Context, n network) error {
	g, err := n.model()
	if err != nil {
		return err
	}
	x := crossing{network: n.name, rows: c.load.rows}
	if x.card, err = c.forwards(ctx, g, c.device); err != nil {
		return err
	}
	if x.processor, err = c.forwards(ctx, g, c.processor); err != nil {
		return err
	}
	c.report.crossings = append(c.report.crossings, x)
	return nil
}

// forwards times a frozen forward at every number of rows.
func (c *checker) forwards(ctx context.Context, g *models.Graph, device func() (accel.Device, error)) (times []time.Duration, err error) {
	d, err := device()
	if err != nil {
		return nil, err
	}
	b, err := open(g, d, c.load.rows[len(c.load.rows)-1])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	const few = 5
	for _, rows := range c.load.rows {
		in := inputs(g, rows)
		took, err := fastest(min(few, c.load.times), func() error {
			_, err := b.logits(ctx, in, rows, modes()[0])
			return err
		})
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, nil
}
