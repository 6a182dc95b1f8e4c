package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
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
	// Devices opens those that models run on, the processor last; nil is OpenDevices.
	// The daemon closes them.
	Devices func(configs.DeviceConfig, zerolog.Logger) ([]accel.Device, error)
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
	ready   map[string]*atomic.Bool

	reloading  sync.Mutex // guards the three below
	config     *configs.File
	generation uint64
	engines    []*engine

	running  *errgroup.Group
	stopping <-chan struct{} // closed when inputs stop
}

// Start opens devices, models, the connection and the endpoint, and starts one
// engine a group. Cancelling ctx drains: inputs stop, open batches are answered
// and stored, then everything closes. Cancelled before it has started, it returns
// the context's error.
func Start(ctx context.Context, cfg *configs.File, o Options) (_ *Daemon, err error) {
	d := &Daemon{log: o.Log, metrics: newMetrics(), ready: map[string]*atomic.Bool{}, config: cfg, generation: 1}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if err := d.open(ctx, cfg, o); err != nil {
		return nil, err
	}
	if err := d.connect(ctx, resolved(cfg.Bus, o.Dir)); err != nil {
		return nil, err
	}
	engines, err := d.attach(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.HTTP.Listen != "" {
		if d.http, err = openEndpoint(cfg.HTTP.Listen, d.metrics, d.health, d.scores); err != nil {
			return nil, err
		}
		d.log.Info().Str("address", d.http.addr()).Msg("health and metrics")
	}
	d.run(ctx, engines)
	return d, nil
}

// open brings up what does not need the bus. Loading cannot be interrupted, so
// that a signal takes effect between two models.
func (d *Daemon) open(ctx context.Context, cfg *configs.File, o Options) (err error) {
	devices := o.Devices
	if devices == nil {
		devices = OpenDevices
	}
	if d.devices, err = devices(cfg.Device, d.log); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Groups)) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("open group %s: %w", name, err)
		}
		g, err := OpenGroup(name, cfg.Groups[name], GroupOptions{Dir: o.Dir, Devices: d.devices, Registry: o.Registry, Auto: cfg.Device.Auto, Log: d.log})
		if err != nil {
			return err
		}
		d.groups = append(d.groups, g)
		d.log.Info().Str("group", name).Str("model", g.Model.Name).Str("digest", g.Model.Digest).
			Int("pipelines", len(g.Config.Pipelines)).Str("champion", g.Pipelines.Champion()).Msg("model loaded")
	}
	return nil
}

func (d *Daemon) connect(ctx context.Context, bus stream.BusConfig) (err error) {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	if d.conn, err = stream.Connect(ctx, bus, d.log.With().Str("component", "stream").Logger()); err != nil {
		return err
	}
	d.log.Info().Str("server", d.conn.URL()).Msg("connected to NATS")
	return nil
}

// resolved lets the relative paths of a bus start at dir, as all paths of a
// configuration do.
func resolved(bus stream.BusConfig, dir string) stream.BusConfig {
	for _, path := range []*string{&bus.Creds, &bus.NKey, &bus.TLS.CA, &bus.TLS.Cert, &bus.TLS.Key} {
		*path = within(dir, *path)
	}
	if bus.Embedded != nil {
		embedded := *bus.Embedded
		embedded.StoreDir = within(dir, embedded.StoreDir)
		bus.Embedded = &embedded
	}
	return bus
}

func within(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Wait returns when the daemon has stopped and closed, nil after a drain.
func (d *Daemon) Wait() error { return errors.Join(d.running.Wait(), d.close()) }

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
		h.Groups[name] = d.state(ready.Load())
		h.Ready = h.Ready && h.Groups[name] == groupRunning
	}
	return h
}

// States of a group in the body of /readyz.
const (
	groupRunning  = "running"
	groupDraining = "draining" // takes nothing more, answers what it holds
	groupStopped  = "stopped"
)

func (d *Daemon) state(running bool) string {
	if !running {
		return groupStopped
	}
	select {
	case <-d.stopping:
		return groupDraining
	default:
		return groupRunning
	}
}

// close frees in the opposite order of opening.
func (d *Daemon) close() error {
	var errs []error
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

// scores are those of every group, by name.
func (d *Daemon) scores() map[string]Scores {
	out := map[string]Scores{}
	for _, e := range d.engines {
		out[e.group.Name] = e.standings()
	}
	return out
}
