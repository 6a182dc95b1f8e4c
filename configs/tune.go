package configs

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ttad/tta"
)

// Tunable is a parameter whose best value depends on the stream, with the values a
// search tries unless it is told others, as text of the file.
type Tunable struct {
	Name   string
	Values []string
}

// Tunables lists the parameters of a strategy that carry a tune tag, from the value
// its NewConfig returns.
func Tunables(cfg any) []Tunable {
	v := reflect.ValueOf(cfg)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	var out []Tunable
	for _, f := range fieldsOf(deref(v.Type()), Hot) {
		if len(f.tune) > 0 {
			out = append(out, Tunable{f.name, slices.Clone(f.tune)})
		}
	}
	return out
}

// parseTune reads a tune tag: values apart by commas, each one the field allows.
func (f field) parseTune(tag string) ([]string, error) {
	values := strings.Split(tag, ",")
	for _, text := range values {
		if p := f.readPlain(text, newElem(deref(f.typ))); p != nil {
			return nil, fmt.Errorf("tune tag %q: %s", tag, p.message)
		}
	}
	return values, nil
}

// readPlain reads text that stands in no file, so that nothing is known of quotes.
func (f field) readPlain(text string, v reflect.Value) *problem {
	switch f.kind {
	case kindList, kindMap, kindStruct, kindStrategy:
		return &problem{message: "expected a parameter that is a single value, and " + f.name + " is " + f.words(false)}
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: text, Tag: "!!str"}
	return f.read(written{text: text, node: n}, v)
}

// With returns a copy of a strategy's parameters with some of them set from text,
// held to every rule a file is held to. cfg stays as it is.
func With(cfg any, values map[string]string) (any, error) {
	out, err := set(cfg, values)
	if err != nil {
		return nil, err
	}
	if err := checkAcross(out); err != nil {
		return nil, err
	}
	return out, nil
}

// Fits says whether a parameter can have a value at all, rules across fields aside.
func Fits(cfg any, name, text string) error {
	_, err := set(cfg, map[string]string{name: text})
	return err
}

func set(cfg any, values map[string]string) (any, error) {
	v := reflect.ValueOf(cfg)
	if !v.IsValid() || v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, errors.New("the strategy has no parameters")
	}
	out := reflect.New(v.Elem().Type())
	out.Elem().Set(v.Elem())
	fields := fieldsOf(v.Elem().Type(), Hot)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := setOne(fields, out.Elem(), name, values[name]); err != nil {
			return nil, err
		}
	}
	return out.Interface(), nil
}

func setOne(fields []field, v reflect.Value, name, text string) error {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		var names []string
		for _, f := range fields {
			names = append(names, f.name)
		}
		if len(names) == 0 {
			names = append(names, "none")
		}
		return fmt.Errorf("no parameter %q; there are %s", name, strings.Join(names, ", "))
	}
	// A pointer of the original must not be written through.
	fresh := newElem(deref(fields[i].typ))
	if p := fields[i].readPlain(text, fresh); p != nil {
		return fmt.Errorf("%s: %s", name, p.message)
	}
	to := v.FieldByIndex(fields[i].index)
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	to.Set(fresh)
	return nil
}

// checkAcross holds a value to its rules across fields.
func checkAcross(cfg any) error {
	c, ok := cfg.(checker)
	if !ok {
		return nil
	}
	var problems []error
	c.Check(func(path, message string) { problems = append(problems, fmt.Errorf("%s: %s", path, message)) })
	return errors.Join(problems...)
}

// Fragment writes a pipeline as an element of a group's pipelines: what differs
// from the strategies' defaults, and nothing else. It loads to the same pipeline.
func Fragment(p tta.PipelineConfig, reg *tta.Registry) (string, error) {
	r := renderer{origins: map[string]Origin{}, bare: true}
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	n.Content = append(n.Content, keyNode("name"), keyNode(p.Name))
	if p.Role != "" {
		n.Content = append(n.Content, keyNode("role"), keyNode(string(p.Role)))
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, s := range p.Strategies {
		list.Content = append(list.Content, r.changed(s, reg))
	}
	n.Content = append(n.Content, keyNode("strategies"), list)
	return dump(&yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{n}})
}

// changed is a strategy with the parameters that differ from its defaults.
func (r renderer) changed(s tta.StrategyConfig, reg *tta.Registry) *yaml.Node {
	spec, ok := reg.Lookup(s.Name)
	if !ok || s.Params == nil {
		return keyNode(s.Name)
	}
	now, standard := r.structure("", reflect.Indirect(reflect.ValueOf(s.Params))), r.structure("", reflect.Indirect(reflect.ValueOf(spec.NewConfig())))
	defaults := map[string]string{}
	for i := 0; i < len(standard.Content); i += 2 {
		defaults[standard.Content[i].Value] = textOf(standard.Content[i+1])
	}
	params := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	for i := 0; i < len(now.Content); i += 2 {
		key, value := now.Content[i], now.Content[i+1]
		if was, given := defaults[key.Value]; !given || was != textOf(value) {
			params.Content = append(params.Content, key, value)
		}
	}
	if len(params.Content) == 0 {
		return keyNode(s.Name)
	}
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{keyNode(s.Name), params}}
}

// textOf tells two rendered values apart.
func textOf(n *yaml.Node) string {
	text := n.Value
	for _, c := range n.Content {
		text += "\x00" + textOf(c)
	}
	return text
}
