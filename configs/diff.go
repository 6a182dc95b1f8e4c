package configs

import (
	"fmt"
	"reflect"
	"slices"

	"ttad/tta"
)

// Change is one field that differs between two configurations.
type Change struct {
	Path  string `json:"path"`
	Old   string `json:"old"` // "" where it was not set
	New   string `json:"new"` // "" where it is not set any more
	Class Class  `json:"class"`
}

// Diff lists what differs from a to b, in the order of the file's fields, and what
// each change takes in a running process. Groups and pipelines are matched by name,
// so their order does not count.
func Diff(a, b *File) []Change {
	var d differ
	d.structure("", "", reflect.ValueOf(*a), reflect.ValueOf(*b))
	return d.changes
}

type differ struct{ changes []Change }

func (d *differ) add(f field, path, was, is string) {
	d.changes = append(d.changes, Change{Path: path, Old: was, New: is, Class: f.reload})
}

func (d *differ) structure(path string, reload Class, a, b reflect.Value) {
	for _, f := range fieldsOf(a.Type(), reload) {
		d.value(f, join(path, f.name), a.FieldByIndex(f.index), b.FieldByIndex(f.index))
	}
}

func (d *differ) value(f field, path string, a, b reflect.Value) {
	if a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() {
		a, b = a.Elem(), b.Elem()
	}
	elem := f.typ
	if f.kind == kindList || f.kind == kindMap {
		elem = f.elem().typ
	}
	switch {
	case f.kind == kindStruct && a.Kind() == reflect.Struct:
		d.structure(path, f.reload, a, b)
	case f.kind == kindMap:
		d.mapping(f, path, a, b)
	case elem == reflect.TypeFor[tta.PipelineConfig]():
		d.mapping(f, path, pipelinesByName(a), pipelinesByName(b))
	case elem == reflect.TypeFor[tta.StrategyConfig]():
		d.strategies(f, path, a.Interface().([]tta.StrategyConfig), b.Interface().([]tta.StrategyConfig))
	case f.kind == kindList && a.Len() == 0 && b.Len() == 0:
		// A list not given and an empty one mean the same.
	case !reflect.DeepEqual(a.Interface(), b.Interface()):
		d.add(f, path, f.format(a), f.format(b))
	}
}

func (d *differ) mapping(f field, path string, a, b reflect.Value) {
	keys := map[string]bool{}
	var names []string
	for _, key := range append(a.MapKeys(), b.MapKeys()...) {
		if !keys[key.String()] {
			keys[key.String()] = true
			names = append(names, key.String())
		}
	}
	slices.Sort(names)
	elem := f.elem()
	elem.reload = f.reload
	for _, name := range names {
		at := join(path, name)
		was, is := a.MapIndex(reflect.ValueOf(name)), b.MapIndex(reflect.ValueOf(name))
		switch {
		case !was.IsValid():
			d.add(f, at, "", elem.format(is))
		case !is.IsValid():
			d.add(f, at, elem.format(was), "")
		default:
			d.value(elem, at, was, is)
		}
	}
}

func pipelinesByName(v reflect.Value) reflect.Value {
	byName := map[string]tta.PipelineConfig{}
	for _, p := range v.Interface().([]tta.PipelineConfig) {
		byName[p.Name] = p
	}
	return reflect.ValueOf(byName)
}

// strategies compares parameters while the same strategies stand in the same
// order; else the list is one change, of the whole pipeline.
func (d *differ) strategies(f field, path string, a, b []tta.StrategyConfig) {
	same := slices.EqualFunc(a, b, func(x, y tta.StrategyConfig) bool { return x.Name == y.Name })
	if !same {
		d.add(f, path, f.format(reflect.ValueOf(a)), f.format(reflect.ValueOf(b)))
		return
	}
	for i := range a {
		if a[i].Params == nil || b[i].Params == nil {
			continue
		}
		at := join(fmt.Sprintf("%s[%d]", path, i), a[i].Name)
		d.structure(at, Hot, reflect.Indirect(reflect.ValueOf(a[i].Params)), reflect.Indirect(reflect.ValueOf(b[i].Params)))
	}
}
