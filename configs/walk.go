package configs

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"ttad/tta"
)

// maxErrors bounds the list for a file in which nothing is right.
const maxErrors = 1000

// decoder is one strict walk of a document over a value that holds defaults.
type decoder struct {
	name    string
	data    []byte
	lines   []string // of data, split when first needed
	env     func(string) (string, bool)
	reg     *tta.Registry
	errs    []Error
	origins map[string]Origin
}

func (d *decoder) full() bool { return len(d.errs) >= maxErrors }

func (d *decoder) report(n *yaml.Node, path, message, hint string) {
	d.reportAt(n.Line, n.Column, path, message, hint)
}

func (d *decoder) reportAt(line, col int, path, message, hint string) {
	if d.full() {
		return
	}
	d.errs = append(d.errs, Error{File: d.name, Line: line, Col: col, Path: path, Message: message, Hint: hint})
}

// value decodes n into v, which holds the default.
func (d *decoder) value(n *yaml.Node, path string, f field, v reflect.Value) {
	if d.full() {
		return
	}
	n = follow(n)
	if _, ok := d.origins[path]; !ok {
		d.origins[path] = Origin{Line: n.Line, Col: n.Column}
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
		v.Set(newElem(v.Type()))
	}
	switch f.kind {
	case kindStruct:
		d.structure(n, path, f, v)
	case kindMap:
		d.mapping(n, path, f, v)
	case kindList:
		d.list(n, path, f, v)
	case kindStrategy:
		d.strategy(n, path, v)
	default:
		d.scalar(n, path, f, v)
	}
}

// structure decodes a mapping into the tagged fields of a struct. An empty value,
// such as a key whose children are all commented out, leaves every default.
func (d *decoder) structure(n *yaml.Node, path string, f field, v reflect.Value) {
	given, ok := d.pairs(n, path, "a mapping")
	if !ok {
		return
	}
	fields := fieldsOf(v.Type(), f.reload)
	known := make(map[string]field, len(fields))
	names := make([]string, len(fields))
	for i, f := range fields {
		known[f.name], names[i] = f, f.name
	}
	seen := map[string]bool{}
	for _, e := range given {
		child := join(path, e.key.Value)
		f, ok := known[e.key.Value]
		if !ok {
			d.unknown(e.key, child, names)
			continue
		}
		seen[f.name] = true
		d.place(child, e, f)
		d.value(e.value, child, f, v.FieldByIndex(f.index))
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			at := originOf(d.origins, path)
			d.reportAt(at.Line, at.Col, join(path, f.name), "missing, and there is no default", "")
		}
	}
}

// place remembers where a field is: a scalar at its value, the rest at its key,
// which is what a reader looks for.
func (d *decoder) place(path string, e entry, f field) {
	n := e.key
	if follow(e.value).Kind == yaml.ScalarNode && f.kind != kindStruct && f.kind != kindMap && f.kind != kindList {
		n = e.value
	}
	d.origins[path] = Origin{Line: n.Line, Col: n.Column}
}

func (d *decoder) unknown(key *yaml.Node, path string, names []string) {
	if d.full() {
		return
	}
	if what, ok := later(path, ""); ok {
		d.report(key, path, notInThisBuild+what, "")
		return
	}
	d.report(key, path, "unknown field", didYouMean(key.Value, names))
}

// pairs lists a mapping's keys and values; ok is false if n is something else.
func (d *decoder) pairs(n *yaml.Node, path, wanted string) (pairs []entry, ok bool) {
	if isNull(n) {
		return nil, true
	}
	if n.Kind != yaml.MappingNode {
		d.report(n, path, fmt.Sprintf("expected %s, got %s", wanted, describe(n)), "")
		return nil, false
	}
	return entries(n, func(bad *yaml.Node) {
		d.report(bad, path, "<< merges a mapping or a list of mappings, got "+describe(bad), "")
	}), true
}

// mapping decodes a mapping whose keys are names the user chose.
func (d *decoder) mapping(n *yaml.Node, path string, f field, v reflect.Value) {
	given, ok := d.pairs(n, path, "a mapping of names")
	if !ok {
		return
	}
	elem := f.elem()
	out := reflect.MakeMapWithSize(v.Type(), len(given))
	for _, e := range given {
		child := join(path, e.key.Value)
		if f.pattern != nil && !f.pattern.MatchString(e.key.Value) {
			d.report(e.key, path, fmt.Sprintf("name %s does not match %s", quote(e.key.Value), f.pattern), "")
			continue
		}
		d.place(child, e, elem)
		item := newElem(elem.typ)
		d.value(e.value, child, elem, item)
		out.SetMapIndex(reflect.ValueOf(e.key.Value).Convert(v.Type().Key()), item)
	}
	v.Set(out)
	if f.required && len(given) == 0 {
		at := originOf(d.origins, path)
		d.reportAt(at.Line, at.Col, path, "needs at least one entry", "")
	}
}

func (d *decoder) list(n *yaml.Node, path string, f field, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		elem := f.elem()
		d.report(n, path, fmt.Sprintf("expected a list of %s, got %s", elem.words(true), describe(n)), elem.listHint(n))
		return
	}
	elem := f.elem()
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		child := fmt.Sprintf("%s[%d]", path, i)
		item := newElem(elem.typ)
		d.value(c, child, elem, item)
		out.Index(i).Set(item)
	}
	v.Set(out)
	if f.required && len(n.Content) == 0 {
		at := originOf(d.origins, path)
		d.reportAt(at.Line, at.Col, path, "needs at least one element", "")
	}
}

// listHint shows a single value as the list it should have been, where it could
// be an element.
func (f field) listHint(n *yaml.Node) string {
	text := n.Tag == "!!str"
	if n.Kind != yaml.ScalarNode || len(n.Value) > 40 || strings.ContainsAny(n.Value, "${}[],\n") || text != (f.kind == kindText) {
		return ""
	}
	return "write [" + n.Value + "]"
}

// locate finds where text stands in the source of scalar n, so that a wrong
// reference in a long line is pointed at itself. What spans lines, or is written
// with escapes, is pointed at where the scalar starts.
func (d *decoder) locate(n *yaml.Node, text string) (line, col int) {
	if d.lines == nil {
		d.lines = strings.Split(string(d.data), "\n")
	}
	if n.Line < 1 || n.Line > len(d.lines) {
		return n.Line, n.Column
	}
	source := []rune(d.lines[n.Line-1])
	if n.Column < 1 || n.Column > len(source) {
		return n.Line, n.Column
	}
	rest := string(source[n.Column-1:])
	at := strings.Index(rest, text)
	if at < 0 {
		return n.Line, n.Column
	}
	return n.Line, n.Column + utf8.RuneCountInString(rest[:at])
}
