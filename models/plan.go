package models

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"ttad/accel"
)

// Plan is a graph compiled for devices: weights resident, safe to share. Sessions
// run it.
type Plan struct {
	graph    *Graph
	maxRows  int
	parts    []part
	edges    []edge  // the graph's inputs first
	outputs  []int   // edges of the graph's outputs
	refused  []error // by devices that run nothing
	sessions atomic.Int32
}

// edge is a value that lies in host memory during a forward: an input or output of
// the graph, or what passes from part to part.
type edge struct {
	id       accel.ValueID
	computed bool // by a part
	crosses  bool // from one part to another
}

// part is a run of steps, compiled for its device.
type part struct {
	run
	exec    accel.Exec
	in, out []int  // edges, as the inputs and outputs of its program
	norms   [2]int // which of the graph's norms it has: from, to
}

// NewPlan compiles g for batches of up to maxRows rows. Every node goes to the first
// of the devices that can run it, so that one that can run all is alone; a device
// that cannot compile its nodes is left out. The error lists every device's reason.
func NewPlan(g *Graph, devices []accel.Device, maxRows int) (*Plan, error) {
	if err := fits(g, maxRows); err != nil {
		return nil, fmt.Errorf("plan %s: %w", g.Name, err)
	}
	p := &Plan{graph: g, maxRows: maxRows}
	for left := slices.Clone(devices); ; {
		runs, err := cut(g.Program, left)
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", g.Name, errors.Join(append([]error{err}, p.refused...)...))
		}
		failed, err := p.compile(runs)
		if err == nil {
			p.refuse(left)
			return p, nil
		}
		p.refused = append(p.refused, fmt.Errorf("%s: %w", failed.Info().Kind, err))
		left = slices.DeleteFunc(left, func(d accel.Device) bool { return d == failed })
	}
}

// fits checks that every value of the largest batch can be indexed.
func fits(g *Graph, maxRows int) error {
	if maxRows < 1 {
		return fmt.Errorf("batches of up to %d rows: must be 1 or more", maxRows)
	}
	for _, v := range g.Program.Values {
		if v.Shape.Elements(maxRows) < 0 {
			return fmt.Errorf("value %q of shape %v has more than 2^31-4096 elements in a batch of %d rows: use smaller batches", v.Name, v.Shape, maxRows)
		}
	}
	return nil
}

// compile makes the parts, or returns the device that failed to, and nothing is kept.
func (p *Plan) compile(runs []run) (accel.Device, error) {
	p.parts, p.edges, p.outputs = nil, nil, nil
	prog := p.graph.Program
	for _, id := range prog.Inputs {
		p.edges = append(p.edges, edge{id: id})
	}
	for _, r := range runs {
		program, in, out := extract(prog, r.from, r.to)
		exec, err := r.device.Compile(program, p.maxRows)
		if err != nil {
			return r.device, errors.Join(err, p.closeParts())
		}
		p.add(part{run: r, exec: exec}, in, out, len(runs) == 1)
	}
	if len(runs) > 1 {
		for _, id := range prog.Outputs {
			p.outputs = append(p.outputs, p.edge(id))
		}
	}
	return nil, nil
}

// add appends a part and notes what passes to and from it. The only part of a plan
// has the graph's own outputs, in which a value may be twice; each has its own edge.
func (p *Plan) add(made part, in, out []accel.ValueID, only bool) {
	for _, id := range in {
		e := p.edge(id)
		p.edges[e].crosses = p.edges[e].computed // not an input of the graph
		made.in = append(made.in, e)
	}
	for _, id := range out {
		e := len(p.edges)
		p.edges = append(p.edges, edge{id: id, computed: true})
		made.out = append(made.out, e)
		if only {
			p.outputs = append(p.outputs, e)
		}
	}
	if n := len(p.parts); n > 0 {
		made.norms[0] = p.parts[n-1].norms[1]
	}
	made.norms[1] = made.norms[0] + len(made.exec.Program().NormSteps)
	p.parts = append(p.parts, made)
}

// edge is the place of a value among the edges, where it is put if it has none.
func (p *Plan) edge(id accel.ValueID) int {
	if e := slices.IndexFunc(p.edges, func(e edge) bool { return e.id == id }); e >= 0 {
		return e
	}
	p.edges = append(p.edges, edge{id: id})
	return len(p.edges) - 1
}

// refuse lists the devices that were asked for steps and got none.
func (p *Plan) refuse(left []accel.Device) {
	for _, d := range left {
		used := slices.ContainsFunc(p.parts, func(q part) bool { return q.device == d })
		if err := p.objection(d); !used && err != nil {
			p.refused = append(p.refused, err)
		}
	}
}

// objection is what a device says first against a step.
func (p *Plan) objection(d accel.Device) error {
	for i := range p.graph.Program.Steps {
		if err := d.Supports(p.graph.Program, i); err != nil {
			return fmt.Errorf("%s: %w", d.Info().Kind, err)
		}
	}
	return nil
}

// Graph returns what was compiled.
func (p *Plan) Graph() *Graph { return p.graph }

// MaxRows returns the largest batch.
func (p *Plan) MaxRows() int { return p.maxRows }

// Placement tells where the plan runs.
func (p *Plan) Placement() Placement {
	steps := p.graph.Program.Steps
	placement := Placement{Steps: len(steps), Refused: p.refused}
	for i := range p.parts {
		q := &p.parts[i]
		placement.Parts = append(placement.Parts, Placed{
			Device: q.device.Info(), First: steps[q.from].Name, Last: steps[q.to-1].Name, Steps: q.to - q.from, Why: q.why,
		})
	}
	return placement
}

// Schedules tells how the devices run the graph, where they do tell: those of the
// first part, then those of the next.
func (p *Plan) Schedules() []accel.Schedule {
	var all []accel.Schedule
	for i := range p.parts {
		if e, ok := p.parts[i].exec.(accel.Explainer); ok {
			all = append(all, e.Explain()...)
		}
	}
	return all
}

// Close frees the weights. It fails while sessions are open.
func (p *Plan) Close() error {
	if n := p.sessions.Load(); n != 0 {
		return fmt.Errorf("close plan of %s: %d sessions are open", p.graph.Name, n)
	}
	return p.closeParts()
}

func (p *Plan) closeParts() error {
	var errs []error
	for i := range p.parts {
		errs = append(errs, p.parts[i].exec.Close())
	}
	return errors.Join(errs...)
}
