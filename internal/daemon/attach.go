package daemon

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"ttad/configs"
	"ttad/stream"
)

// attach opens every group's input, output and labels.
func (d *Daemon) attach(ctx context.Context, cfg *configs.File) ([]attached, error) {
	d.metrics.registry.MustRegister(newDeviceCollector(d.devices))
	var all []attached
	for _, g := range d.groups {
		a, err := d.attachGroup(ctx, cfg, g)
		if err != nil {
			return nil, err
		}
		d.ready[g.Name] = &atomic.Bool{}
		d.engines = append(d.engines, a.engine)
		all = append(all, a)
	}
	return all, nil
}

func (d *Daemon) attachGroup(ctx context.Context, cfg *configs.File, g *Group) (attached, error) {
	log := d.log.With().Str("group", g.Name).Logger()
	o := g.StreamOptions(cfg.Bus, log)
	in, committer, err := stream.Open(ctx, d.conn, o)
	if err != nil {
		return attached{}, err
	}
	d.metrics.registry.MustRegister(newInputCollector(g.Name, in))
	events := stream.NewEvents(d.conn, stream.Subjects{Prefix: o.Prefix, Group: o.Group}, time.Now)
	d.metrics.registry.MustRegister(newEventCollector(g.Name, events))
	e := &engine{group: g, committer: committer, metrics: d.metrics.forGroup(g.Name), published: events, log: log, generation: d.generation}
	e.changed()
	e.watchDevice()
	d.metrics.registry.MustRegister(newReadingCollector(g.Name, e.standings))
	if g.Config.Feedback == nil {
		return attached{in, e}, nil
	}
	labels := g.labelOptions(o)
	labels.Behind, labels.Event = in.Behind, e.tellOfLabels
	if e.labels, err = stream.OpenLabels(ctx, d.conn, labels); err != nil {
		return attached{}, err
	}
	d.metrics.registry.MustRegister(newLabelCollector(g.Name, e.labels.Stats, e.standings))
	return attached{in, e}, nil
}

type attached struct {
	input  *stream.Input
	engine *engine
}

// run starts the engines and the endpoint; the first to fail stops all. The
// endpoint outlives the engines, so that a drain can be watched.
func (d *Daemon) run(ctx context.Context, engines []attached) {
	var whole context.Context
	d.running, whole = errgroup.WithContext(ctx)
	d.stopping = whole.Done()
	working, taking := errgroup.WithContext(whole)
	for _, a := range engines {
		d.runGroup(taking, working, a)
	}
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	d.running.Go(func() error {
		defer stopServing()
		return working.Wait()
	})
	if d.http != nil {
		d.running.Go(func() error { return d.http.run(serving) })
	}
}

// runGroup starts a group: its input, and its labels where it takes any.
func (d *Daemon) runGroup(taking context.Context, working *errgroup.Group, a attached) {
	g := a.engine.group
	ready := d.ready[g.Name]
	ready.Store(true)
	a.engine.publish(stream.Event{
		Kind: eventModelLoaded, Severity: stream.Info, Message: "the group has started",
		Evidence: map[string]any{"model": g.Model.Name, "digest": g.Model.Digest, "champion": g.Pipelines.Champion()},
	})
	working.Go(func() error {
		defer ready.Store(false)
		if err := a.input.Run(taking, a.engine.onParcel); err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		return nil
	})
	if every := d.config.Device.Canary; every > 0 && g.Model.onDevice() {
		working.Go(func() error {
			a.engine.keepTesting(taking, every)
			return nil
		})
	}
	if a.engine.labels == nil {
		return
	}
	working.Go(func() error {
		if err := a.engine.labels.Run(taking, a.engine.onLabels); err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		return nil
	})
}

// labelOptions is the group's label intake as package stream sees it.
func (g *Group) labelOptions(o stream.GroupOptions) stream.LabelOptions {
	return stream.LabelOptions{GroupOptions: o, Feedback: *g.Config.Feedback, Classes: g.Pipelines.ClassNames()}
}

// StreamOptions is the group as package stream sees it.
func (g *Group) StreamOptions(bus stream.BusConfig, log zerolog.Logger) stream.GroupOptions {
	c := g.Config
	return stream.GroupOptions{
		Group: g.Name, Prefix: bus.Prefix, Provision: bus.Provision,
		Model: g.Model.Digest, Generation: 1,
		Ports: g.Ports(), Outputs: g.Model.Graph == nil,
		Input: c.Input, Batch: c.Batch, Output: c.Output, Commit: c.Commit, DLQ: c.DLQ, Limits: c.Limits,
		Log: log.With().Str("component", "stream").Logger(),
	}
}
