package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// targets names the values Import is after; features may be empty.
type targets struct {
	logits, features string
}

func (t targets) names() []string { return []string{t.logits, t.features} }

// targets applies Options' defaults. Names given must exist somewhere in the
// graph; they need not be outputs.
func (m *Model) targets(opt Options) (targets, error) {
	t := targets{logits: opt.Logits, features: opt.Features}
	g := &m.Graph
	var err error
	if t.logits == "" {
		if t.logits, err = g.findLogits(); err != nil {
			return t, err
		}
	}
	if t.features == "" && g.hasOutput("features") && t.logits != "features" {
		t.features = "features"
	}
	for what, name := range map[string]string{"logits": opt.Logits, "features": opt.Features} {
		if name != "" && !g.computes(name) {
			return t, fmt.Errorf("%s: the graph has no value %q; its outputs are %s", what, name, g.outputNames())
		}
	}
	return t, nil
}

func (g *Graph) findLogits() (string, error) {
	if g.hasOutput("logits") {
		return "logits", nil
	}
	others := slices.DeleteFunc(slices.Clone(g.Outputs), func(v ValueInfo) bool { return v.Name == "features" })
	switch len(others) {
	case 0:
		return "", errors.New("the graph has no output that could be the logits")
	case 1:
		return others[0].Name, nil
	}
	return "", fmt.Errorf("the graph has outputs %s: say which are the logits (model.logits)", g.outputNames())
}

func (g *Graph) hasOutput(name string) bool {
	return slices.ContainsFunc(g.Outputs, func(v ValueInfo) bool { return v.Name == name })
}

// computes reports whether a value is an input or a node's output.
func (g *Graph) computes(name string) bool {
	return slices.ContainsFunc(g.Inputs, func(v ValueInfo) bool { return v.Name == name }) ||
		slices.ContainsFunc(g.Nodes, func(n Node) bool { return slices.Contains(n.Outputs, name) })
}

func (g *Graph) outputNames() string {
	names := make([]string, len(g.Outputs))
	for i, v := range g.Outputs {
		names[i] = fmt.Sprintf("%q", v.Name)
	}
	return strings.Join(names, ", ")
}
