package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"ttad/configs"
	"ttad/stream"
	"ttad/tta"
)

// PlanReport is what a daemon would do, as 'ttad run --dry-run' prints it.
type PlanReport struct {
	Server string        `json:"server"`
	Groups []GroupReport `json:"groups"`
}

// GroupReport describes one group of a PlanReport.
type GroupReport struct {
	Name      string           `json:"name"`
	Model     string           `json:"model"`
	Digest    string           `json:"digest"`
	Device    string           `json:"device"`
	Inputs    []string         `json:"inputs"`
	Outputs   string           `json:"outputs"`
	Labels    string           `json:"labels,omitempty"` // subject; empty where none are taken
	Commit    string           `json:"commit"`
	Pipelines []PipelineReport `json:"pipelines"`
}

// PipelineReport describes one pipeline of a GroupReport.
type PipelineReport struct {
	Name       string   `json:"name"`
	Role       string   `json:"role"`
	Strategies []string `json:"strategies"`
	Stateful   bool     `json:"stateful"`
}

// DryRun loads every model, builds every pipeline and connects, creates nothing
// on the server, and reports. What would stop a start is its error. An embedded
// server is not started, for its store would be created.
func DryRun(ctx context.Context, cfg *configs.File, o Options) (_ *PlanReport, err error) {
	d := &Daemon{log: o.Log, metrics: newMetrics()}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx, cfg, o); err != nil {
		return nil, err
	}
	bus := resolved(cfg.Bus, o.Dir)
	report := &PlanReport{}
	if bus.Embedded != nil {
		report.Server = "embedded, store " + bus.Embedded.StoreDir
	} else {
		if err := d.connect(ctx, bus); err != nil {
			return nil, err
		}
		report.Server = d.conn.URL()
	}
	for _, g := range d.groups {
		options := g.StreamOptions(cfg.Bus, o.Log)
		if !options.Provision && d.conn != nil {
			if _, _, err := stream.Open(ctx, d.conn, options); err != nil {
				return nil, err
			}
			if err := g.missingLabels(ctx, d.conn, options); err != nil {
				return nil, err
			}
		}
		report.Groups = append(report.Groups, g.report(options))
	}
	return report, nil
}

// missingLabels is what the server lacks for the group's labels.
func (g *Group) missingLabels(ctx context.Context, conn *stream.Conn, o stream.GroupOptions) error {
	if g.Config.Feedback == nil {
		return nil
	}
	return errors.Join(stream.MissingLabels(ctx, conn, g.labelOptions(o))...)
}

func (g *Group) report(o stream.GroupOptions) GroupReport {
	subjects := stream.Subjects{Prefix: o.Prefix, Group: o.Group}
	r := GroupReport{
		Name: g.Name, Model: g.Model.Name, Digest: g.Model.Digest, Device: "none: the messages carry the outputs",
		Inputs: g.Config.Input.Subjects, Outputs: subjects.Out("<key>"), Commit: g.Config.Commit.Mode,
	}
	if f := g.Config.Feedback; f != nil {
		if r.Labels = f.Subject; r.Labels == "" {
			r.Labels = subjects.Feedback()
		}
	}
	if len(r.Inputs) == 0 {
		r.Inputs = []string{subjects.In()}
	}
	if plan := g.Model.Plan(); plan != nil {
		r.Device = plan.Placement().String()
	}
	for _, p := range g.Pipelines.Pipelines() {
		r.Pipelines = append(r.Pipelines, reportPipeline(p))
	}
	return r
}

func reportPipeline(p *tta.Pipeline) PipelineReport {
	return PipelineReport{Name: p.Name(), Role: string(p.Role()), Strategies: p.Strategies(), Stateful: p.Stateful()}
}

// WriteText prints the report for people.
func (r *PlanReport) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "server\t%s\n", r.Server)
	for _, g := range r.Groups {
		fmt.Fprintf(t, "\ngroup\t%s\n", g.Name)
		fmt.Fprintf(t, "  model\t%s %s\n", g.Model, g.Digest)
		fmt.Fprintf(t, "  device\t%s\n", g.Device)
		fmt.Fprintf(t, "  in\t%s\n", strings.Join(g.Inputs, " "))
		fmt.Fprintf(t, "  out\t%s\n", g.Outputs)
		if g.Labels != "" {
			fmt.Fprintf(t, "  labels\t%s\n", g.Labels)
		}
		fmt.Fprintf(t, "  commit\t%s\n", g.Commit)
		for _, p := range g.Pipelines {
			state := ""
			if p.Stateful {
				state = " (keeps state)"
			}
			fmt.Fprintf(t, "  %s\t%s: %s%s\n", p.Role, p.Name, strings.Join(p.Strategies, " → "), state)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}
