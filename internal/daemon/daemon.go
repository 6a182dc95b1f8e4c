package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"ttad/accel"
	"ttad/configs"
	"ttad/stream"
	"ttad/tta"
)

// closeTimeout bounds flushing the connection at the end.
const closeTimeout = 5 * time.Second

// Options is what starting a daemon takes besides its configuration.
type Options struct {
	Dir      string // relative paths of the configuration start here
	Registry *tta.Registry
	Log      zerolog.Logger
}

// Daemon is a running ttad. It owns every goroutine it started; Wait returns
// when all of them have ended and everything is closed.
type Daemon struct {
	log     zerolog.Logger
	devices []accel.Device
	groups  []*Group
	conn    *stream.Conn
	http    *endpoint
	metrics *metrics
	running *errgroup.Group
	ready   map[string]*atomic.Bool
}

// Start opens devices, models, the connection and the endpoint, and starts one
// engine a group. Cancelling ctx drains: inputs stop, open batches are answered
// and stored, then everything closes.
func Start(ctx context.Context, cfg *configs.File, o Options) (_ *Daemon, err error) {
	d := &Daemon{log: o.Log, metrics: newMetrics(), ready: map[string]*atomic.Bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if err := d.open(ctx, cfg, o); err != nil {
		return nil, err
	}
	engines, err := d.attach(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.HTTP.Listen != "" {
		if d.http, err = openEndpoint(cfg.HTTP.Listen, d.metrics, d.health); err != nil {
			return nil, err
		}
		d.log.Info().Str("address", d.http.addr()).Msg("health and metrics")
	}
	d.run(ctx, engines)
	return d, nil
}

// open brings up what does not need the bus, then the bus.
func (d *Daemon) open(ctx context.Context, cfg *configs.File, o Options) (err error) {
	if d.devices, err = OpenDevices(cfg.Device, d.log); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Groups)) {
		g, err := OpenGroup(name, cfg.Groups[name], GroupOptions{Dir: o.Dir, Devices: d.devices, Registry: o.Registry, Log: d.log})
		if err != nil {
			return err
		}
		d.groups = append(d.groups, g)
		d.log.Info().Str("group", name).Str("model", g.Model.Name).Str("digest", g.Model.Digest).
			Int("pipelines", len(g.Config.Pipelines)).Str("champion", g.Pipelines.Champion()).Msg("model loaded")
	}
	if d.conn, err = stream.Connect(ctx, cfg.Bus, d.log.With().Str("component", "stream").Logger()); err != nil {
		return err
	}
	d.log.Info().Str("server", d.conn.URL()).Msg("connected to NATS")
	return nil
}

// attach opens every group's input and output.
func (d *Daemon) attach(ctx context.Context, cfg *configs.File) ([]attached, error) {
	var all []attached
	for _, g := range d.groups {
		log := d.log.With().Str("group", g.Name).Logger()
		in, committer, err := stream.Open(ctx, d.conn, g.StreamOptions(cfg.Bus, log))
		if err != nil {
			return nil, err
		}
		d.ready[g.Name] = &atomic.Bool{}
		d.metrics.registry.MustRegister(newInputCollector(g.Name, in))
		all = append(all, attached{in, &engine{group: g, committer: committer, metrics: d.metrics.forGroup(g.Name), log: log}})
	}
	return all, nil
}

type attached struct {
	input  *stream.Input
	engine *engine
}

// run starts the engines and the endpoint; the first to stop stops all.
func (d *Daemon) run(ctx context.Context, engines []attached) {
	var groupCtx context.Context
	d.running, groupCtx = errgroup.WithContext(ctx)
	for _, a := range engines {
		name := a.engine.group.Name
		ready := d.ready[name]
		d.running.Go(func() error {
			ready.Store(true)
			defer ready.Store(false)
			if err := a.input.Run(groupCtx, a.engine.onParcel); err != nil {
				return fmt.Errorf("group %s: %w", name, err)
			}
			return nil
		})
	}
	if d.http != nil {
		d.running.Go(func() error { return d.http.run(groupCtx) })
	}
}

// Wait returns when the daemon has stopped and closed, nil after a drain.
func (d *Daemon) Wait() error {
	err := d.running.Wait()
	d.http = nil // closed by its own goroutine
	return errors.Join(err, d.close())
}

// ClientURL is where NATS clients connect, the embedded server's if there is one.
func (d *Daemon) ClientURL() string { return d.conn.URL() }

// HTTPAddr is the endpoint's address, empty when it is off.
func (d *Daemon) HTTPAddr() string {
	if d.http == nil {
		return ""
	}
	return d.http.addr()
}

func (d *Daemon) health() health {
	h := health{Ready: true, Bus: "connected", Groups: map[string]string{}}
	if !d.conn.Connected() {
		h.Ready, h.Bus = false, "disconnected"
	}
	for name, ready := range d.ready {
		h.Groups[name] = "running"
		if !ready.Load() {
			h.Ready, h.Groups[name] = false, "stopped"
		}
	}
	return h
}

// close frees in the opposite order of opening.
func (d *Daemon) close() error {
	var errs []error
	if d.http != nil {
		errs = append(errs, d.http.listener.Close())
	}
	if d.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, d.conn.Close(ctx))
	}
	for _, g := range d.groups {
		errs = append(errs, g.Close())
	}
	return errors.Join(append(errs, CloseDevices(d.devices))...)
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
