package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/launch"
	"ttad/models"
)

// card is what bounds a computation from below: how fast it multiplies and adds, how
// fast it moves bytes, what a launch costs, and how fast the host's bytes get there.
type card struct {
	flops, memory, host float64 // a second: FLOPs, bytes, bytes
	launch              float64 // seconds
}

// h100 are round figures of an H100-class card: float32 without tensor cores, its
// memory, PCIe 5 from pinned memory, an asynchronous launch.
var h100 = card{flops: 60e12, memory: 3e12, host: 25e9, launch: 3e-6}

// demand is what a batch asks of a device.
type demand struct {
	rows                                int
	launches, syncs, up, down, memory   int64
	flops, moved                        int64
	arithmetic, traffic, kernels, queue float64 // seconds at least
	transfer                            float64
}

// demandOf does batches on a device of paper and counts.
func demandOf(ctx context.Context, g *models.Graph, in *accel.Tensor, t task, c card) (d demand, err error) {
	device, err := launch.New(&paper{}, zerolog.Nop())
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	err = onPlan(g, device, in.Shape[0], func(p *models.Plan, s *models.Session) error {
		r := &racer{batch: forward(s, in, overlayOf(t, g))}
		if _, err := r.run(ctx, 1); err != nil {
			return err
		}
		if d, err = counted(device, func() error { _, err := r.run(ctx, 1); return err }); err != nil {
			return err
		}
		d.rows = in.Shape[0]
		return d.bounded(p.Schedules(), t.Mode, c)
	})
	return d, err
}

// counted returns what a device was asked for while one batch was done. It is not the
// first one: launches for its number of rows are made, norm rules on the device.
func counted(device accel.Metered, batch func() error) (demand, error) {
	before := device.Stats()
	err := batch()
	after := device.Stats()
	return demand{
		launches: after.Launches - before.Launches, syncs: after.Syncs - before.Syncs, memory: after.MemoryBytes,
		up: after.UploadedBytes - before.UploadedBytes, down: after.DownloadedBytes - before.DownloadedBytes,
	}, err
}

// bounded adds what a card needs for it at least. Each step of the launch list takes
// as long as its arithmetic or its traffic, whichever is longer.
func (d *demand) bounded(schedules []accel.Schedule, m mode, c card) error {
	s, err := scheduleOf(schedules, m)
	if err != nil {
		return err
	}
	for _, step := range s.Steps {
		arithmetic, traffic := float64(step.FLOPs)/c.flops, float64(step.MovedBytes)/c.memory
		d.flops, d.moved = d.flops+step.FLOPs, d.moved+step.MovedBytes
		d.arithmetic, d.traffic = d.arithmetic+arithmetic, d.traffic+traffic
		d.kernels += max(arithmetic, traffic)
	}
	d.queue = float64(d.launches) * c.launch
	d.transfer = float64(d.up+d.down) / c.host
	return nil
}

// scheduleOf is the way a mode's batches are run.
func scheduleOf(all []accel.Schedule, m mode) (accel.Schedule, error) {
	want := map[mode]string{frozen: "source statistics", blended: "batch statistics"}[m]
	for _, s := range all {
		if s.When == want || len(all) == 1 {
			return s, nil
		}
	}
	return accel.Schedule{}, fmt.Errorf("none of %d schedules is for %s", len(all), want)
}

// bound is what takes longest when transfers, launches and kernels overlap, as they
// do from batch to batch, and its name.
func (d *demand) bound() (seconds float64, name string) {
	for _, b := range []struct {
		seconds float64
		name    string
	}{{d.kernels, "kernels"}, {d.queue, "launches"}, {d.transfer, "transfers"}} {
		if b.seconds > seconds {
			seconds, name = b.seconds, b.name
		}
	}
	return seconds, name
}
