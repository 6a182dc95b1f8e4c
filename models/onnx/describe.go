package onnx

import (
	"slices"
	"strings"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/models"
)

// describe fills in what the program's values mean.
func (im *importer) describe(g *models.Graph) {
	p := im.prog
	r := newRewriter(p)
	g.Logits, g.Features = p.Outputs[0], accel.NoValue
	g.Classes = p.Values[g.Logits].Shape[1].Fixed
	if len(p.Outputs) > 1 {
		g.Features = p.Outputs[1]
	}
	input, head := r.head(g.Logits)
	if head != nil && (g.Features == accel.NoValue || r.root(input) == r.root(g.Features)) {
		g.Features, g.Head = input, head
	}
	im.outputs(g)
	if g.Features != accel.NoValue {
		g.FeatureWidth = p.Values[g.Features].Shape[1].Fixed
	}
	for _, id := range p.Inputs {
		o := im.values[p.Values[id].Name]
		g.Inputs = append(g.Inputs, models.Port{Name: p.Values[id].Name, Shape: p.Values[id].Shape, Int: o != nil && o.integer})
	}
	for _, i := range p.NormSteps {
		g.Norms = append(g.Norms, normNode(p, i))
	}
	g.Parameters = im.model.parameters()
	g.FoldedBN = foldedNorms(p)
}

// outputs lists logits and features as program outputs. A device need not be
// able to hand an input back, so features that are one are copied first.
func (im *importer) outputs(g *models.Graph) {
	p := im.prog
	p.Outputs = []accel.ValueID{g.Logits}
	if g.Features == accel.NoValue {
		prune(p)
		return
	}
	if slices.Contains(p.Inputs, g.Features) || g.Features == g.Logits {
		id := im.value(accel.Value{Name: im.unique("features"), Shape: p.Values[g.Features].Shape})
		p.Steps = append(p.Steps, accel.Step{
			Name: "features", Op: accel.Map{Fn: accel.Affine, A: 1},
			In: []accel.ValueID{g.Features}, Out: []accel.ValueID{id},
		})
		g.Features = id
	}
	p.Outputs = append(p.Outputs, g.Features)
	to := prune(p)
	g.Logits, g.Features = to[g.Logits], to[g.Features]
}

// root follows a value back through reshapes, which do not change its elements.
func (r *rewriter) root(id accel.ValueID) accel.ValueID {
	for {
		s := r.step(id)
		if s == nil {
			return id
		}
		if _, ok := s.Op.(accel.Reshape); !ok {
			return id
		}
		id = s.In[0]
	}
}

func normNode(p *accel.Program, step int) models.NormNode {
	s := p.Steps[step]
	op := s.Op.(accel.Norm)
	x := p.Values[s.In[0]].Shape
	return models.NormNode{
		Name: s.Name, Channels: x[1].Fixed, Positions: x[0].At(1) * x[2:].Elements(1), Eps: op.Eps, Virtual: op.Virtual,
		Source: bnstats.Moments{Mean: p.Values[s.In[3]].Const, Var: p.Values[s.In[4]].Const},
	}
}

// parameters counts the float elements of all initializers, running statistics
// included.
func (m *Model) parameters() int {
	n := 0
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		if extents, err := t.Extents(); err == nil && !t.Type.Integer() {
			n += accel.Elements(extents)
		}
	}
	return n
}

// foldedNorms guesses which convolutions have swallowed a BatchNormalization.
// Folding gives a convolution a bias that no module of the original model owns,
// so exporters number it ("onnx::Conv_256") instead of naming it ("conv1.bias").
func foldedNorms(p *accel.Program) []string {
	normed := map[accel.ValueID]bool{}
	for _, i := range p.NormSteps {
		normed[p.Steps[i].In[0]] = true
	}
	var folded []string
	for _, s := range p.Steps {
		if _, ok := s.Op.(accel.Conv); !ok || len(s.In) < 3 || s.In[2] == accel.NoValue || normed[s.Out[0]] {
			continue
		}
		if !namedBias(p.Values[s.In[2]].Name) {
			folded = append(folded, s.Name)
		}
	}
	return folded
}

// namedBias reports whether a name says that it is a layer's own bias.
func namedBias(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "bias") || strings.HasSuffix(name, ".b") || strings.HasSuffix(name, "_b") || strings.HasSuffix(name, "/b")
}
