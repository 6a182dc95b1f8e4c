package models

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"ttad/accel"
)

// Plan is a graph compiled for one device: weights resident, safe to share.
// Sessions run it.
type Plan struct {
	graph    *Graph
	device   accel.Device
	exec     accel.Exec
	refused  []string
	sessions atomic.Int32
}

// Placement tells where a plan runs, and why not on the devices asked before.
type Placement struct {
	Device  accel.Info
	Steps   int
	Refused []string // one line a device: its kind and its reason
}

// NewPlan compiles g for batches of up to maxRows rows on the first of the
// devices that can run all of it. The error lists every device's reason.
func NewPlan(g *Graph, devices []accel.Device, maxRows int) (*Plan, error) {
	if err := fits(g, maxRows); err != nil {
		return nil, fmt.Errorf("plan %s: %w", g.Name, err)
	}
	p := &Plan{graph: g}
	refusal := accel.ErrNoDevice
	for _, d := range devices {
		exec, err := compile(g.Program, d, maxRows)
		if err == nil {
			p.device, p.exec = d, exec
			return p, nil
		}
		reason := fmt.Errorf("%s: %w", d.Info().Kind, err)
		p.refused = append(p.refused, reason.Error())
		refusal = fmt.Errorf("%w; %w", refusal, reason)
	}
	return nil, fmt.Errorf("plan %s: %w", g.Name, refusal)
}

// fits checks that every value of the largest batch can be indexed.
func fits(g *Graph, maxRows int) error {
	if maxRows < 1 {
		return fmt.Errorf("batches of up to %d rows: must be 1 or more", maxRows)
	}
	for _, v := range g.Program.Values {
		if v.Shape.Elements(maxRows) < 0 {
			return fmt.Errorf("value %q of shape %v has 2^31 elements or more in a batch of %d rows: use smaller batches", v.Name, v.Shape, maxRows)
		}
	}
	return nil
}

// compile asks for every step first, so that a refusal lists all that is missing.
func compile(p *accel.Program, d accel.Device, maxRows int) (accel.Exec, error) {
	const most = 5
	var reasons []string
	for i := range p.Steps {
		if err := d.Supports(p, i); err != nil && !slices.Contains(reasons, err.Error()) {
			reasons = append(reasons, err.Error())
		}
	}
	if n := len(reasons); n > most {
		reasons = append(reasons[:most], fmt.Sprintf("and %d more", n-most))
	}
	if len(reasons) > 0 {
		return nil, fmt.Errorf("%w: %s", accel.ErrUnsupported, strings.Join(reasons, "; "))
	}
	return d.Compile(p, maxRows)
}

// Graph returns what was compiled.
func (p *Plan) Graph() *Graph { return p.graph }

// MaxRows returns the largest batch.
func (p *Plan) MaxRows() int { return p.exec.MaxRows() }

// Placement tells where the plan runs.
func (p *Plan) Placement() Placement {
	return Placement{Device: p.device.Info(), Steps: len(p.graph.Program.Steps), Refused: p.refused}
}

// Schedules tells how the device runs the graph, if it does tell.
func (p *Plan) Schedules() []accel.Schedule {
	if e, ok := p.exec.(accel.Explainer); ok {
		return e.Explain()
	}
	return nil
}

// Close frees the weights. It fails while sessions are open.
func (p *Plan) Close() error {
	if n := p.sessions.Load(); n != 0 {
		return fmt.Errorf("close plan of %s: %d sessions are open", p.graph.Name, n)
	}
	return p.exec.Close()
}
