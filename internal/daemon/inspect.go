package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"ttad/configs"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/stream"
	"ttad/tta"
)

// Inspection is what opening a group would say, without running anything.
type Inspection struct {
	Group    string    `json:"group"`
	Problems []Problem `json:"-"`
	// Absent is set when the model's file is not there, so that nothing was looked
	// into.
	Absent bool `json:"-"`
	// Forwards of one full batch and the overlays they are run under. 0 for a model
	// of kind outputs.
	Forwards int      `json:"forwards_per_batch"`
	Overlays []string `json:"overlays"`
}

// Problem is a mistake at a field of the group, such as pipelines[0].strategies[1].
type Problem struct{ Path, Message string }

// Inspect loads a group's model and builds each of its strategies, and tells every
// mistake it meets at the field it is about. It allocates no batch and runs no
// forward of the model.
func Inspect(name string, cfg configs.Group, o GroupOptions) *Inspection {
	if o.Now == nil {
		o.Now = time.Now
	}
	in := &Inspection{Group: name, Overlays: []string{}}
	m := in.model(cfg, o)
	if m == nil {
		return in
	}
	in.input(cfg, m)
	in.output(cfg, m)
	g := in.pipelines(cfg, m, o)
	if g != nil && len(in.Problems) == 0 {
		in.count(cfg, m, g)
	}
	return in
}

func (in *Inspection) problem(path string, err error) {
	if err != nil {
		in.Problems = append(in.Problems, Problem{path, err.Error()})
	}
}

// model loads the graph and places it on a device; nil when that cannot be done.
func (in *Inspection) model(cfg configs.Group, o GroupOptions) *Model {
	m := &Model{Name: cfg.Model.Kind, classes: cfg.Model.Classes, width: cfg.Model.FeatureWidth}
	if cfg.Model.Kind == models.KindONNX {
		g, err := onnx.Load(cfg.Model, o.Dir)
		if err != nil {
			in.Absent = errors.Is(err, fs.ErrNotExist)
			if !in.Absent {
				in.problem("model."+culprit(cfg.Model, o.Dir), err)
			}
			return nil
		}
		m.Graph, m.Name, m.Digest, m.classes, m.width = g, g.Name, g.Digest, g.Classes, g.FeatureWidth
		plan, err := models.NewPlan(g, o.Devices, cfg.Batch.MaxRows)
		if err != nil {
			in.problem("model.file", err)
			return nil
		}
		in.problem("model.file", plan.Close())
	}
	var err error
	if m.Labels, err = onnx.Labels(cfg.Model, o.Dir, m.classes); !errors.Is(err, fs.ErrNotExist) {
		in.problem("model.labels_file", err)
	}
	return m
}

// culprit finds the field a model cannot be loaded for, by leaving out one after
// the other what is asked of the file.
func culprit(cfg models.Config, dir string) string {
	for _, without := range []struct {
		field string
		clear func(*models.Config)
	}{
		{"calibration", func(c *models.Config) { c.Calibration = "" }},
		{"classes", func(c *models.Config) { c.Classes = 0 }},
		{"features", func(c *models.Config) { c.Features = "" }},
		{"logits", func(c *models.Config) { c.Logits = "" }},
		{"sha256", func(c *models.Config) { c.SHA256 = "" }},
	} {
		without.clear(&cfg)
		if _, err := onnx.Load(cfg, dir); err == nil {
			return without.field
		}
	}
	return "file"
}

// input checks that messages can hold what the model takes.
func (in *Inspection) input(cfg configs.Group, m *Model) {
	codec := stream.CodecConfig{Ports: (&Group{Config: cfg, Model: m}).Ports(), Input: cfg.Input, Limits: cfg.Limits, MaxRows: cfg.Batch.MaxRows}
	_, err := stream.NewCodec(codec)
	if err == nil {
		return
	}
	codec.Limits.RowElements = math.MaxInt
	if _, other := stream.NewCodec(codec); other != nil {
		in.problem("input", other)
		return
	}
	in.problem("limits.row_elements", err)
}

// output refuses a list longer than the classes. The default is not the user's
// mistake; it lists what there is.
func (in *Inspection) output(cfg configs.Group, m *Model) {
	if cfg.Output.Probs == "top" && cfg.Output.TopK > m.classes && cfg.Output.TopK != stream.DefaultOutput().TopK {
		in.problem("output.top_k", fmt.Errorf("lists %d classes, the model has %d", cfg.Output.TopK, m.classes))
	}
}

// pipelines builds every strategy by itself, so that each mistake is told where it
// stands, then every pipeline, then all of them.
func (in *Inspection) pipelines(cfg configs.Group, m *Model, o GroupOptions) *tta.Group {
	env := m.env()
	env.Dir, env.Now, env.Log = o.Dir, o.Now, o.Log
	forward := m.pretend
	if m.Graph != nil {
		env.Forward = forward
	}
	before := len(in.Problems)
	for i, p := range cfg.Pipelines {
		at, wrong := fmt.Sprintf("pipelines[%d]", i), len(in.Problems)
		for j, s := range p.Strategies {
			alone := p
			alone.Strategies = []tta.StrategyConfig{s}
			_, err := tta.NewPipeline(o.Registry, env, alone)
			in.problem(fmt.Sprintf("%s.strategies[%d]", at, j), err)
		}
		if len(in.Problems) == wrong {
			_, err := tta.NewPipeline(o.Registry, env, p)
			in.problem(at+".strategies", err)
		}
	}
	if len(in.Problems) > before {
		return nil
	}
	options := tta.GroupOptions{Registry: o.Registry, Configs: cfg.Pipelines, Guard: cfg.Guard, SourceView: cfg.Output.Source, Env: env, Seed: cfg.Seed}
	if m.Graph != nil {
		options.Forward = forward
	}
	if cfg.Feedback != nil {
		ledger := cfg.Feedback.Ledger()
		options.Ledger = &ledger
	}
	g, err := tta.NewGroup(options)
	in.problem("pipelines", err)
	return g
}

// count steps full batches through the pipelines with a model that only pretends,
// and so learns how many forwards of the real one a batch costs. The second batch
// counts: before the first, a running estimate is still the source's.
func (in *Inspection) count(cfg configs.Group, m *Model, g *tta.Group) {
	if m.Graph == nil {
		return
	}
	ctx, rows := context.Background(), cfg.Batch.MaxRows
	for step := uint64(1); step <= 2; step++ {
		r, err := g.Step(ctx, &tta.Batch{Step: step, Rows: rows, Items: []tta.Item{{Rows: rows}}})
		if err == nil {
			in.Forwards, in.Overlays = r.Forwards, in.Overlays[:0]
			for _, t := range r.Timings {
				in.Overlays = append(in.Overlays, overlayName(t.Overlay))
			}
			err = g.Settle(ctx, r)
		}
		if err != nil {
			in.problem("pipelines", err)
			return
		}
	}
}
