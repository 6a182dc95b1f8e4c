package configs

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v4"

	"ttad/tta"
)

// strategy decodes an element of a pipeline's list: a name, or a mapping of the
// name to its parameters, which are walked as strictly as the rest, over the
// strategy's own defaults.
func (d *decoder) strategy(n *yaml.Node, path string, v reflect.Value) {
	name, params, ok := d.strategyName(n, path)
	if !ok {
		return
	}
	spec, ok := d.reg.Lookup(name.Value)
	if !ok {
		d.unknownStrategy(name, path)
		return
	}
	cfg := spec.NewConfig()
	out := tta.StrategyConfig{Name: spec.Name, Params: cfg}
	v.Set(reflect.ValueOf(out))
	if cfg == nil {
		if params != nil && !isNull(params) {
			d.report(params, join(path, spec.Name), "this strategy has no parameters", "")
		}
		return
	}
	if params == nil {
		params = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: name.Line, Column: name.Column}
	}
	at := join(path, spec.Name)
	d.origins[at] = Origin{Line: name.Line, Col: name.Column}
	d.value(params, at, field{kind: kindStruct, typ: reflect.TypeOf(cfg).Elem(), reload: Hot}, reflect.ValueOf(cfg).Elem())
}

// strategyName splits an element into the node with the name and, where given, the
// node with the parameters.
func (d *decoder) strategyName(n *yaml.Node, path string) (name, params *yaml.Node, ok bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag != "!!str" {
			d.report(n, path, "expected a strategy's name, got "+describe(n), "")
			return nil, nil, false
		}
		return n, nil, true
	case yaml.MappingNode:
		given, _ := d.pairs(n, path, "")
		switch {
		case len(given) == 1:
			return given[0].key, follow(given[0].value), true
		case len(given) > 1 && isNull(follow(given[0].value)):
			d.report(given[1].key, path, "a list element is one strategy: name: {parameters}",
				fmt.Sprintf("indent %s below %s", quote(given[1].key.Value), quote(given[0].key.Value)))
			return nil, nil, false
		}
	}
	d.report(n, path, fmt.Sprintf("expected a strategy, as name or name: {parameters}, got %s", describe(n)), "")
	return nil, nil, false
}

func (d *decoder) unknownStrategy(name *yaml.Node, path string) {
	if what, ok := later(path, name.Value); ok {
		d.report(name, path, notInThisBuild+what, "")
		return
	}
	hint := didYouMean(name.Value, d.reg.Names())
	if hint == "" {
		hint = "'ttad strategies' lists them"
	}
	d.report(name, path, "unknown strategy "+quote(name.Value), hint)
}
