package models

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"ttad/accel"
	"ttad/bnstats"
)

// virtualEps is the epsilon of virtual norms, the usual one of BatchNormalization.
const virtualEps = 1e-5

// site is a place for a virtual norm: the result of a convolution or linear layer.
type site struct {
	step     int // of the layer
	id       accel.ValueID
	node     string
	value    string
	channels int
	logits   bool // the result is the logits
	norm     int  // index among the norms of the graph with all sites taken
}

// WithCalibration returns the graph with a virtual norm at every calibrated
// layer: gamma = sqrt(var+eps) and beta = mean, so that with source moments it
// leaves every value as it is, and with others it gives the layer's result its
// source moments back. The receiver is not changed; weights are shared.
func (g *Graph) WithCalibration(c *Calibration) (*Graph, error) {
	if c.Model != g.Digest {
		return nil, fmt.Errorf("calibration was recorded on model %s, %s is model %s: record it again with \"ttad model calibrate\"", c.Model, g.Name, g.Digest)
	}
	byValue := map[string]*CalibratedNode{}
	for i := range c.Nodes {
		byValue[c.Nodes[i].Value] = &c.Nodes[i]
	}
	sites := g.sites()
	moments := make([]bnstats.Moments, len(sites))
	for i, s := range sites {
		n := byValue[s.value]
		if n == nil || len(n.Mean) != s.channels || len(n.Var) != s.channels {
			return nil, fmt.Errorf("calibration of model %s has no moments of %d channels for node %q: record it again with \"ttad model calibrate\"", c.Model, s.channels, s.node)
		}
		moments[i] = bnstats.Moments{Mean: n.Mean, Var: n.Var, Count: n.Count}
	}
	if len(sites) != len(c.Nodes) {
		return nil, fmt.Errorf("calibration lists %d nodes, the model has %d to calibrate", len(c.Nodes), len(sites))
	}
	return g.insert(sites, moments), nil
}

// probe returns the graph with virtual norms whose moments mean nothing: they
// are there to be measured.
func (g *Graph) probe() (*Graph, []site, error) {
	sites := g.sites()
	if len(sites) == 0 {
		return nil, nil, errors.New("nothing to record: BatchNormalization follows every convolution and linear layer")
	}
	moments := make([]bnstats.Moments, len(sites))
	for i, s := range sites {
		moments[i] = bnstats.Moments{Mean: make([]float32, s.channels), Var: slices.Repeat([]float32{1}, s.channels)}
	}
	return g.insert(sites, moments), sites, nil
}

// sites lists convolutions, and products with a constant matrix, whose result
// has its channels on axis 1 and is not normalized already.
func (g *Graph) sites() []site {
	p := g.Program
	normed := normalized(p)
	logits := reaching(p, g.Logits)
	var sites []site
	norm := 0
	for i := range p.Steps {
		s := &p.Steps[i]
		if _, ok := s.Op.(accel.Norm); ok {
			norm++
		}
		id := s.Out[0]
		if !linear(p, s) || normed[id] {
			continue
		}
		v := &p.Values[id]
		sites = append(sites, site{
			step: i, id: id, node: s.Name, value: v.Name, channels: v.Shape[1].Fixed, logits: logits[id], norm: norm,
		})
		norm++
	}
	return sites
}

func linear(p *accel.Program, s *accel.Step) bool {
	switch s.Op.(type) {
	case accel.Conv:
		return true
	case accel.MatMul:
		out := p.Values[s.Out[0]].Shape
		return p.Values[s.In[1]].Const != nil && len(out) == 2 && out[1].Static()
	}
	return false
}

// normalized marks values that a norm reads, directly or reshaped.
func normalized(p *accel.Program) []bool {
	marked := make([]bool, len(p.Values))
	for i := len(p.Steps) - 1; i >= 0; i-- {
		s := &p.Steps[i]
		switch s.Op.(type) {
		case accel.Norm:
			marked[s.In[0]] = true
		case accel.Reshape:
			marked[s.In[0]] = marked[s.In[0]] || marked[s.Out[0]]
		}
	}
	return marked
}

// reaching marks values that become the logits without being computed with.
func reaching(p *accel.Program, logits accel.ValueID) []bool {
	marked := make([]bool, len(p.Values))
	marked[logits] = true
	for i := len(p.Steps) - 1; i >= 0; i-- {
		s := &p.Steps[i]
		if !marked[s.Out[0]] {
			continue
		}
		switch s.Op.(type) {
		case accel.Reshape, accel.Concat:
			for _, id := range s.In {
				marked[id] = true
			}
		}
	}
	return marked
}

// insert puts a virtual norm behind every site and lets everyone who read the
// site's result read the norm's instead.
func (g *Graph) insert(sites []site, moments []bnstats.Moments) *Graph {
	out, p := *g, *g.Program
	out.Program, out.Norms = &p, nil
	p.Values, p.Steps, p.NormSteps = slices.Clone(p.Values), nil, nil
	to := make([]accel.ValueID, len(g.Program.Values))
	for i := range to {
		to[i] = accel.ValueID(i)
	}
	norms := g.Norms
	for i, s := range g.Program.Steps {
		s.In = redirect(s.In, to)
		if _, ok := s.Op.(accel.Norm); ok {
			out.addNorm(s, norms[0])
			norms = norms[1:]
		} else {
			p.Steps = append(p.Steps, s)
		}
		if len(sites) > 0 && sites[0].step == i {
			to[sites[0].id] = out.addVirtual(sites[0], moments[0])
			sites, moments = sites[1:], moments[1:]
		}
	}
	p.Outputs = redirect(p.Outputs, to)
	out.Logits = to[g.Logits]
	if g.Features != accel.NoValue {
		out.Features = to[g.Features]
	}
	return &out
}

func redirect(ids, to []accel.ValueID) []accel.ValueID {
	out := slices.Clone(ids)
	for k, id := range out {
		if id != accel.NoValue {
			out[k] = to[id]
		}
	}
	return out
}

func (g *Graph) addNorm(s accel.Step, n NormNode) {
	g.Program.NormSteps = append(g.Program.NormSteps, len(g.Program.Steps))
	g.Program.Steps = append(g.Program.Steps, s)
	g.Norms = append(g.Norms, n)
}

// addVirtual appends the norm of a site and returns its result.
func (g *Graph) addVirtual(s site, m bnstats.Moments) accel.ValueID {
	p := g.Program
	gamma := make([]float32, s.channels)
	for i, v := range m.Var {
		gamma[i] = float32(math.Sqrt(float64(v) + virtualEps))
	}
	in := []accel.ValueID{s.id}
	for _, c := range []struct {
		name string
		data []float32
	}{{"gamma", gamma}, {"beta", m.Mean}, {"mean", m.Mean}, {"variance", m.Var}} {
		in = append(in, g.addValue(accel.Value{
			Name: s.value + "/calibrated." + c.name, Shape: accel.StaticShape(s.channels), Const: c.data,
		}))
	}
	shape := p.Values[s.id].Shape
	id := g.addValue(accel.Value{Name: s.value + "/calibrated", Shape: shape})
	step := accel.Step{Name: s.node, Op: accel.Norm{Eps: virtualEps, Virtual: true}, In: in, Out: []accel.ValueID{id}}
	g.addNorm(step, NormNode{
		Name: s.node, Channels: s.channels, Positions: shape[0].At(1) * shape[2:].Elements(1), Eps: virtualEps,
		Source: m, Virtual: true, FeedsLogits: s.logits,
	})
	return id
}

func (g *Graph) addValue(v accel.Value) accel.ValueID {
	g.Program.Values = append(g.Program.Values, v)
	return accel.ValueID(len(g.Program.Values) - 1)
}
