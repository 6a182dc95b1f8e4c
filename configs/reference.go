package configs

import (
	"reflect"
	"strings"

	"ttad/tta"
)

// FieldDoc describes one field to people, in the words of the file.
type FieldDoc struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Default  string `json:"default,omitempty"` // empty where nothing is set
	Bounds   string `json:"bounds,omitempty"`  // range, allowed words or pattern
	Required bool   `json:"required,omitempty"`
	Reload   Class  `json:"reload"`
	Doc      string `json:"doc"`
	// Tune lists the values 'ttad tune' tries unless told others.
	Tune []string `json:"tune,omitempty"`
}

// Section is a mapping of the file and its fields. <name> in a path stands for a
// name the user chooses, [] for the elements of a list.
type Section struct {
	Path   string // empty for the top of the file
	Doc    string
	Fields []FieldDoc
}

// Sections describes the whole file, a section before those inside it, in the
// order the structs list them. Strategies are described by Knobs.
func Sections() []Section {
	top := field{kind: kindStruct, typ: reflect.TypeFor[File]()}
	return sections(top, "", reflect.ValueOf(Default()))
}

// Knobs describes the parameters of a strategy from the value its NewConfig
// returns.
func Knobs(cfg any) []FieldDoc {
	v := reflect.ValueOf(cfg)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	return describeFields(reflect.Indirect(v), Hot)
}

func sections(f field, path string, v reflect.Value) []Section {
	s := Section{Path: path, Doc: f.doc, Fields: describeFields(v, f.reload)}
	out := []Section{s}
	for _, c := range fieldsOf(v.Type(), f.reload) {
		child := join(path, c.name)
		value := v.FieldByIndex(c.index)
		elem := c
		for elem.kind == kindList || elem.kind == kindMap {
			if elem.kind == kindMap {
				child += ".<name>"
			} else {
				child += "[]"
			}
			doc := elem.doc
			elem = elem.elem()
			elem.doc = doc
			value = newElem(elem.typ)
		}
		if elem.kind != kindStruct {
			continue
		}
		if value.Kind() == reflect.Pointer {
			value = newElem(value.Type().Elem())
		}
		out = append(out, sections(elem, child, value)...)
	}
	return out
}

func describeFields(v reflect.Value, reload Class) []FieldDoc {
	var out []FieldDoc
	for _, f := range fieldsOf(v.Type(), reload) {
		d := FieldDoc{Name: f.name, Type: f.typeName(), Bounds: f.limits(), Required: f.required, Reload: f.reload, Doc: f.doc, Tune: f.tune}
		if f.kind != kindStruct && f.kind != kindMap {
			d.Default = f.format(v.FieldByIndex(f.index))
		}
		out = append(out, d)
	}
	return out
}

// typeName is the field's type as the reference names it.
func (f field) typeName() string {
	switch f.kind {
	case kindText:
		return "text"
	case kindBool:
		return "true or false"
	case kindInt, kindUint:
		return "whole number"
	case kindFloat:
		return "number"
	case kindDuration:
		return "duration"
	case kindBytes:
		return "size"
	case kindList:
		return "list of " + f.elem().words(true)
	case kindMap:
		return f.elem().words(true) + " by name"
	case kindStrategy:
		return "strategy"
	}
	return "mapping"
}

// limits says in words what values are allowed.
func (f field) limits() string {
	var parts []string
	leaf := f.leaf()
	if leaf.kind == kindStruct {
		leaf = f
	}
	if leaf.enum != nil {
		parts = append(parts, strings.Join(leaf.enum, ", "))
	}
	if leaf.bounds != nil {
		parts = append(parts, leaf.bounds.String())
	}
	if f.pattern != nil {
		parts = append(parts, f.pattern.String())
	}
	return strings.Join(parts, "; ")
}

// Strategies describes every strategy of reg: its parameters, with the strategy's
// own texts beside them.
func Strategies(reg *tta.Registry) []StrategyDoc {
	var out []StrategyDoc
	for _, s := range reg.Specs() {
		out = append(out, StrategyDoc{
			Name: s.Name, Title: s.Title, Summary: s.Summary, Doc: s.Doc, Citation: s.Citation,
			Example: s.Example, Knobs: Knobs(s.NewConfig()),
		})
	}
	return out
}

// StrategyDoc is a strategy as people read about it.
type StrategyDoc struct {
	Name     string     `json:"name"`
	Title    string     `json:"title,omitempty"`
	Summary  string     `json:"summary"`
	Doc      string     `json:"doc,omitempty"`
	Citation string     `json:"citation,omitempty"`
	Example  string     `json:"example,omitempty"`
	Knobs    []FieldDoc `json:"parameters"`
}
