package configs

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"ttad/stream"
	"ttad/tta"
)

// Class says what a change of a field takes in a running process.
type Class string

// Classes of changes, from the cheapest.
const (
	Hot  Class = "hot"  // takes effect between two batches
	Warm Class = "warm" // pipelines are rebuilt, state carried over where it fits
	Cold Class = "cold" // needs a restart
)

// kind is how a value is written in the file.
type kind int

const (
	kindText kind = iota
	kindBool
	kindInt
	kindUint
	kindFloat
	kindDuration
	kindBytes
	kindList
	kindMap
	kindStruct
	kindStrategy
)

// field is one field of a Config struct, as its tags describe it. For a list or a
// map, enum, pattern of texts and range are about the elements; the pattern of a
// map is about its keys.
type field struct {
	name     string
	doc      string
	typ      reflect.Type
	index    []int
	kind     kind
	bounds   *bounds
	enum     []string
	pattern  *regexp.Regexp
	unit     string
	required bool
	secret   bool // never printed
	url      bool // its password is never printed
	reload   Class
	tune     []string // values a search tries
}

// fieldsOf reads the tags of a Config struct. A wrong tag is a mistake in the
// program, so it panics; a test reads every struct of this build.
func fieldsOf(t reflect.Type, reload Class) []field {
	var out []field
	for _, sf := range reflect.VisibleFields(t) {
		name := sf.Tag.Get("yaml")
		if name == "" || name == "-" || !sf.IsExported() || strings.HasPrefix(name, ",") {
			continue
		}
		f := field{
			name: name, doc: sf.Tag.Get("doc"), typ: sf.Type, index: sf.Index,
			unit: sf.Tag.Get("unit"), required: sf.Tag.Get("required") == "true",
			secret: sf.Tag.Get("secret") == "true", url: sf.Tag.Get("secret") == "url", reload: Class(sf.Tag.Get("reload")),
		}
		if f.reload == "" {
			f.reload = reload
		}
		f.kind = kindOf(sf.Type, f.unit)
		if tag := sf.Tag.Get("enum"); tag != "" {
			f.enum = strings.Split(tag, ",")
		}
		if tag := sf.Tag.Get("pattern"); tag != "" {
			f.pattern = regexp.MustCompile(tag)
		}
		if tag := sf.Tag.Get("range"); tag != "" {
			b, err := parseBounds(tag, f.leaf().number())
			if err != nil {
				panic(fmt.Sprintf("configs: %s.%s: %v", t, sf.Name, err))
			}
			f.bounds = &b
		}
		if tag := sf.Tag.Get("tune"); tag != "" {
			var err error
			if f.tune, err = f.parseTune(tag); err != nil {
				panic(fmt.Sprintf("configs: %s.%s: %v", t, sf.Name, err))
			}
		}
		out = append(out, f)
	}
	return out
}

// kindOf panics for types no file can express.
func kindOf(t reflect.Type, unit string) kind {
	t = deref(t)
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return kindDuration
	case t == reflect.TypeFor[tta.StrategyConfig]():
		return kindStrategy
	case unit == "bytes" && t.Kind() == reflect.Int64:
		return kindBytes
	}
	switch t.Kind() {
	case reflect.String:
		return kindText
	case reflect.Bool:
		return kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return kindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return kindUint
	case reflect.Float32, reflect.Float64:
		return kindFloat
	case reflect.Slice:
		return kindList
	case reflect.Map:
		return kindMap
	case reflect.Struct:
		return kindStruct
	}
	panic(fmt.Sprintf("configs: type %s cannot be written in a configuration file", t))
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// elem describes the elements of a list or map field.
func (f field) elem() field {
	e := f
	e.typ = deref(f.typ).Elem()
	e.kind = kindOf(e.typ, f.unit)
	e.required = false
	if f.kind == kindMap {
		e.pattern = nil
	}
	return e
}

// leaf is the innermost element of lists and maps.
func (f field) leaf() field {
	for f.kind == kindList || f.kind == kindMap {
		f = f.elem()
	}
	return f
}

// number reads an end of the field's range.
func (f field) number() func(string) (float64, error) {
	switch f.kind {
	case kindDuration:
		return durationNumber
	case kindBytes:
		return bytesNumber
	}
	return plainNumber
}

// newElem is a settable value of an element of a list or a map, or of what a
// pointer points to, holding its defaults.
func newElem(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t {
	case reflect.TypeFor[Group]():
		v.Set(reflect.ValueOf(DefaultGroup()))
	case reflect.TypeFor[stream.FeedbackConfig]():
		v.Set(reflect.ValueOf(stream.DefaultFeedback()))
	}
	return v
}

// join appends a field's name to a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
