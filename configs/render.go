package configs

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"ttad/tta"
)

// Render writes the configuration out in full: every field with its value and,
// as a comment, where the value comes from. Secrets are hidden. But for those, the
// text loads to the same configuration.
func Render(f *File) (string, error) {
	r := renderer{origins: f.origins}
	return dump(r.structure("", reflect.ValueOf(*f)))
}

// dump writes a node as the text of a file.
func dump(root *yaml.Node) (string, error) {
	var b bytes.Buffer
	dumper, err := yaml.NewDumper(&b, yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithUnicode(true))
	if err != nil {
		return "", fmt.Errorf("render configuration: %w", err)
	}
	if err := dumper.Dump(root); err != nil {
		return "", fmt.Errorf("render configuration: %w", err)
	}
	if err := dumper.Close(); err != nil {
		return "", fmt.Errorf("render configuration: %w", err)
	}
	return b.String(), nil
}

// Values is the same as Render gives, without origins, as maps, lists and scalars.
func Values(f *File) (any, error) {
	r := renderer{plain: true}
	var out any
	if err := r.structure("", reflect.ValueOf(*f)).Decode(&out); err != nil {
		return nil, fmt.Errorf("list configuration: %w", err)
	}
	return out, nil
}

type renderer struct {
	origins map[string]Origin
	plain   bool // values as they are: a dollar sign is not doubled for reading back
	bare    bool // no comments
}

// value builds the node of one value; nil for what is not set and has no way to
// say so.
func (r renderer) value(f field, path string, v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch f.kind {
	case kindStruct:
		return r.structure(path, v)
	case kindMap:
		return r.mapping(f, path, v)
	case kindList:
		return r.list(f, path, v)
	case kindStrategy:
		return r.strategy(path, v.Interface().(tta.StrategyConfig))
	}
	n := r.scalar(f, v)
	n.LineComment = r.comment(path)
	return n
}

func (r renderer) scalar(f field, v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: f.formatScalar(v), Tag: "!!str"}
	switch f.kind {
	case kindBool:
		n.Tag = "!!bool"
	case kindInt, kindUint:
		n.Tag = "!!int"
	case kindFloat:
		n.Tag = "!!float"
		if !strings.ContainsAny(n.Value, ".e") {
			n.Tag = "!!int"
		}
	case kindText:
		if !r.plain {
			n.Value = escape(n.Value)
		}
		if n.Value == "" {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	return n
}

func (r renderer) structure(path string, v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range fieldsOf(v.Type(), "") {
		value := r.value(f, join(path, f.name), v.FieldByIndex(f.index))
		if value != nil {
			n.Content = append(n.Content, keyNode(f.name), value)
		}
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

func (r renderer) mapping(f field, path string, v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, key := range sortedKeys(v) {
		n.Content = append(n.Content, keyNode(key.String()), r.value(f.elem(), join(path, key.String()), v.MapIndex(key)))
	}
	return n
}

// list writes lists of scalars on one line, with one comment for all of it.
func (r renderer) list(f field, path string, v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	elem := f.elem()
	scalars := elem.kind != kindStruct && elem.kind != kindStrategy
	var envs []string
	for i := range v.Len() {
		at := fmt.Sprintf("%s[%d]", path, i)
		c := r.value(elem, at, v.Index(i))
		if scalars {
			c.LineComment = ""
			if env := r.origins[at].Env; env != "" {
				envs = append(envs, env)
			}
		}
		n.Content = append(n.Content, c)
	}
	if scalars || v.Len() == 0 {
		n.Style = yaml.FlowStyle
		n.LineComment = r.comment(path)
	}
	if len(envs) > 0 {
		n.LineComment += ", environment " + strings.Join(envs, ", ")
	}
	return n
}

func (r renderer) strategy(path string, s tta.StrategyConfig) *yaml.Node {
	if s.Params != nil {
		if params := r.structure(join(path, s.Name), reflect.Indirect(reflect.ValueOf(s.Params))); len(params.Content) > 0 {
			return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{keyNode(s.Name), params}}
		}
	}
	n := keyNode(s.Name)
	n.LineComment = r.comment(path)
	return n
}

func keyNode(name string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}
}

// comment says where the value at path comes from.
func (r renderer) comment(path string) string {
	o, given := r.origins[path]
	switch {
	case r.bare:
		return ""
	case !given:
		return "# default"
	case o.Env != "":
		return fmt.Sprintf("# line %d, environment %s", o.Line, o.Env)
	}
	return fmt.Sprintf("# line %d", o.Line)
}
