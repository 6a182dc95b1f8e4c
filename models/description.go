package models

import (
	"slices"

	"ttad/accel"
)

// Description is what "ttad model" tells about a graph. Numbers are for one row;
// extents that depend on the batch are written with N.
type Description struct {
	Name         string            `json:"name"`
	Digest       string            `json:"digest"`
	Inputs       []PortDescription `json:"inputs"`
	Logits       string            `json:"logits"`
	Classes      int               `json:"classes"`
	Features     string            `json:"features,omitempty"`
	FeatureWidth int               `json:"feature_width,omitempty"`
	LinearHead   bool              `json:"linear_head"`
	Parameters   int               `json:"parameters"`
	FLOPs        float64           `json:"flops_per_row"`
	Operators    []OperatorCost    `json:"operators"`
	// ActivationFloats is the sum of all results; PeakFloats the most that are
	// needed at the same time.
	ActivationFloats int               `json:"activation_floats_per_row"`
	PeakFloats       int               `json:"peak_floats_per_row"`
	Norms            []NormDescription `json:"norms"`
	FoldedBN         []string          `json:"folded_batch_norm,omitempty"`
	Notes            []string          `json:"notes,omitempty"`
	// Advice says in plain words what can be done about norms that are not there.
	Advice []string `json:"advice,omitempty"`
}

// PortDescription is an input.
type PortDescription struct {
	Name  string `json:"name"`
	Shape string `json:"shape"`
	Type  string `json:"type"` // float, or int for whole numbers
}

// NormDescription is a norm node.
type NormDescription struct {
	Name        string `json:"name"`
	Channels    int    `json:"channels"`
	Positions   int    `json:"positions"`
	Virtual     bool   `json:"virtual,omitempty"`
	FeedsLogits bool   `json:"feeds_logits,omitempty"`
}

// OperatorCost sums up the steps of one kind.
type OperatorCost struct {
	Op    string  `json:"op"`
	Steps int     `json:"steps"`
	FLOPs float64 `json:"flops_per_row"`
}

// Describe reads a description off a graph.
func Describe(g *Graph) Description {
	d := Description{
		Name: g.Name, Digest: g.Digest, Logits: g.Program.Values[g.Logits].Name, Classes: g.Classes,
		FeatureWidth: g.FeatureWidth, LinearHead: g.Head != nil, Parameters: g.Parameters,
		FoldedBN: g.FoldedBN, Notes: g.Notes, Norms: []NormDescription{}, Advice: advice(g),
	}
	if g.Features != accel.NoValue {
		d.Features = g.Program.Values[g.Features].Name
	}
	for _, p := range g.Inputs {
		port := PortDescription{Name: p.Name, Shape: p.Shape.String(), Type: "float"}
		if p.Int {
			port.Type = "int"
		}
		d.Inputs = append(d.Inputs, port)
	}
	for _, n := range g.Norms {
		d.Norms = append(d.Norms, NormDescription{n.Name, n.Channels, n.Positions, n.Virtual, n.FeedsLogits})
	}
	d.Operators = costs(g.Program)
	for _, c := range d.Operators {
		d.FLOPs += c.FLOPs
	}
	d.ActivationFloats, d.PeakFloats = activations(g.Program)
	return d
}

// costs sums up steps by kind, the most expensive kind first.
func costs(p *accel.Program) []OperatorCost {
	at := map[string]int{}
	var list []OperatorCost
	for i := range p.Steps {
		kind := p.Steps[i].Op.Kind()
		k, seen := at[kind]
		if !seen {
			k = len(list)
			at[kind] = k
			list = append(list, OperatorCost{Op: kind})
		}
		list[k].Steps++
		list[k].FLOPs += flops(p, i)
	}
	slices.SortStableFunc(list, func(a, b OperatorCost) int {
		switch {
		case a.FLOPs > b.FLOPs:
			return -1
		case a.FLOPs < b.FLOPs:
			return 1
		}
		return b.Steps - a.Steps
	})
	return list
}

// advice tells what keeps batch-norm strategies from working, and the two ways out.
func advice(g *Graph) []string {
	calibrated := slices.ContainsFunc(g.Norms, func(n NormNode) bool { return n.Virtual })
	switch {
	case calibrated:
		return nil
	case len(g.FoldedBN) > 0:
		return []string{
			"BatchNormalization was merged into the layer before it when this model was exported, at " + some(g.FoldedBN) + ". " +
				"Strategies that adapt normalization (alphabn, bnema) have nothing to work on there.",
			exportAdvice,
			calibrateAdvice,
		}
	case len(g.Norms) == 0:
		return noNormAdvice(g)
	}
	return nil
}

// noNormAdvice names calibration only where it would find a hidden layer.
func noNormAdvice(g *Graph) []string {
	lines := []string{"The model has no BatchNormalization node, so strategies that adapt normalization (alphabn, bnema) " +
		"do not apply as it is; those that work on outputs (lame) do."}
	if slices.ContainsFunc(g.sites(), func(s site) bool { return !s.logits }) {
		lines = append(lines, calibrateAdvice)
	}
	return lines
}

const (
	exportAdvice = "To keep it, export again with: torch.onnx.export(model.eval(), ..., " +
		"training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)."
	calibrateAdvice = "Without a new export: record source moments with \"ttad model calibrate FILE --inputs source.npy -o stats.json\" " +
		"on unlabeled rows of the training side, and name that file as model.calibration."
)
