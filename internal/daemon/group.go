package daemon

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/configs"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// Group is one configured group without its bus: the opened model and the
// pipelines on it. Replay drives it from files, the engine from NATS.
type Group struct {
	Name      string
	Config    configs.Group
	Model     *Model
	Pipelines *tta.Group
	options   GroupOptions
	contents  contents
	indexes   indexes
	behind    *models.Plan // the device's, when the group was opened; nil where there is none
}

// GroupOptions is what opening a group takes besides its configuration.
type GroupOptions struct {
	Dir      string // relative paths start here
	Devices  []accel.Device
	Registry *tta.Registry
	Now      func() time.Time  // nil is the system clock
	Auto     bool              // measure whether batches of few rows are faster on the CPU
	Ledger   *tta.LedgerConfig // for labels that do not come over the bus; nil: as the configuration says
	Log      zerolog.Logger
}

// OpenGroup loads the model and builds the pipelines of one group.
func OpenGroup(name string, cfg configs.Group, o GroupOptions) (*Group, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := OpenModel(cfg.Model, o.Dir, o.Devices, cfg.Batch.MaxRows, o.Log.With().Str("group", name).Logger())
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	if err := m.calibrate(o.Auto); err != nil {
		return nil, errors.Join(fmt.Errorf("group %s: %w", name, err), m.Close())
	}
	g := &Group{Name: name, Config: cfg, Model: m, options: o}
	switch {
	case m.onDevice():
		g.behind, m.placing.evacuate = m.Plan(), g.indexes.evict
	case m.placing != nil && m.placing.retired:
		g.indexes.evict()
	}
	if g.contents, err = readContents(cfg.Model, o.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("group %s: %w", name, err), m.Close())
	}
	if g.Pipelines, err = g.build(cfg); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return g, nil
}

// ledger bounds what waits for labels: nil where none will come.
func (g *Group) ledger(cfg configs.Group) *tta.LedgerConfig {
	if g.options.Ledger != nil || cfg.Feedback == nil {
		return g.options.Ledger
	}
	l := cfg.Feedback.Ledger()
	return &l
}

// build makes pipelines on the group's model as cfg says, beside those it has.
func (g *Group) build(cfg configs.Group) (*tta.Group, error) {
	env := g.Model.env()
	env.ISA = isaOf(g.options.Devices)
	env.Dir, env.Now, env.Log = g.options.Dir, g.options.Now, g.options.Log.With().Str("group", g.Name).Logger()
	options := tta.GroupOptions{
		Registry: g.options.Registry, Configs: cfg.Pipelines, Guard: cfg.Guard,
		SourceView: cfg.Output.Source, Env: env, Seed: cfg.Seed, Ledger: g.ledger(cfg),
	}
	made := g.indexes.maker(g.options.Devices, g.behind, g.options.Log)
	made.lend(&options)
	if g.Model.Graph != nil {
		options.Forward = g.Model.Forward
		if g.behind != nil {
			options.Ahead = g.Model.placing.begin
		}
	}
	built, err := tta.NewGroup(options)
	if err != nil {
		made.close()
		return nil, fmt.Errorf("group %s: %w", g.Name, err)
	}
	g.indexes.add(built, made)
	return built, nil
}

// With builds other pipelines on the group's model, beside those it has.
func (g *Group) With(pipelines []tta.PipelineConfig) (*tta.Group, error) {
	cfg := g.Config
	cfg.Pipelines = pipelines
	return g.build(cfg)
}

// Ports are the tensors a message of this group carries.
func (g *Group) Ports() []models.Port {
	if g.Model.Graph == nil {
		return stream.OutputPorts(g.Config.Model)
	}
	return g.Model.Graph.Inputs
}

// Retire frees what pipelines have on the device. They must not be used any more.
func (g *Group) Retire(pipelines *tta.Group) { g.indexes.remove(pipelines) }

// Close frees the model, and what all pipelines built on it have on the device.
func (g *Group) Close() error {
	g.indexes.close()
	return g.Model.Close()
}
