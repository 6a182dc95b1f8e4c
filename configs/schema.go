package configs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"ttad/tta"
)

// schema is a JSON Schema, or a part of one.
type schema = map[string]any

// Schema writes the JSON Schema (2020-12) of a configuration for editors. It is
// made from the same tags as Load, so it knows every field, type, word and bound;
// the rules between fields, and the text inside durations' bounds, only Load knows.
func Schema(reg *tta.Registry) ([]byte, error) {
	w := schemaWriter{defs: schema{
		"environment": schema{"type": "string", "pattern": `\$\{`, "description": "A reference to the environment: ${NAME}, ${NAME:-default} or ${NAME:?message}."},
		"duration":    schema{"type": "string", "pattern": durationShape.String()},
		"size":        schema{"type": "string", "pattern": bytesShape.String()},
	}}
	w.strategies(reg)
	top := w.structure(reflect.ValueOf(Default()))
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "ttad configuration"
	top["$defs"] = w.defs
	out, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(out, '\n'), nil
}

type schemaWriter struct{ defs schema }

// value is the schema of a field; v holds its default.
func (w schemaWriter) value(f field, v reflect.Value) schema {
	s := w.shape(f, v)
	if f.doc != "" {
		s["description"] = f.doc
	}
	return s
}

func (w schemaWriter) shape(f field, v reflect.Value) schema {
	if v.Kind() == reflect.Pointer {
		v = newElem(v.Type().Elem())
	}
	switch f.kind {
	case kindStruct:
		return w.structure(v)
	case kindMap:
		s := schema{"type": []string{"object", "null"}, "additionalProperties": w.value(f.elem(), newElem(f.elem().typ))}
		if f.pattern != nil {
			s["propertyNames"] = schema{"pattern": f.pattern.String()}
		}
		if f.required {
			s["type"], s["minProperties"] = "object", 1
		}
		return s
	case kindList:
		s := schema{"type": "array", "items": w.shape(f.elem(), newElem(f.elem().typ))}
		if f.required {
			s["minItems"] = 1
		}
		return s
	case kindStrategy:
		return schema{"$ref": "#/$defs/strategy"}
	}
	return w.scalar(f, v)
}

func (w schemaWriter) structure(v reflect.Value) schema {
	properties, required := schema{}, []string{}
	for _, f := range fieldsOf(v.Type(), "") {
		properties[f.name] = w.value(f, v.FieldByIndex(f.index))
		if f.required {
			required = append(required, f.name)
		}
	}
	s := schema{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["type"], s["required"] = "object", required
	}
	return s
}

// scalar allows a reference to the environment wherever a value may stand.
func (w schemaWriter) scalar(f field, v reflect.Value) schema {
	s := schema{}
	switch f.kind {
	case kindBool:
		s["type"] = "boolean"
	case kindInt, kindUint:
		s["type"] = "integer"
		if f.kind == kindUint {
			s["minimum"] = 0
		}
	case kindFloat:
		s["type"] = "number"
	case kindDuration:
		s["$ref"] = "#/$defs/duration"
	case kindBytes:
		s["$ref"] = "#/$defs/size"
	default:
		s["type"] = "string"
		w.text(f, s)
	}
	if f.kind == kindInt || f.kind == kindUint || f.kind == kindFloat {
		w.bounds(f, s)
	}
	if f.kind != kindText || len(s) > 1 {
		s = schema{"anyOf": []any{s, schema{"$ref": "#/$defs/environment"}}}
	}
	if d := f.format(v); d != "" && !f.required {
		s["default"] = defaultValue(f, v)
	}
	return s
}

func (schemaWriter) text(f field, s schema) {
	if f.enum != nil {
		s["enum"] = f.enum
	}
	if f.pattern != nil {
		s["pattern"] = f.pattern.String()
		if !f.required {
			s["pattern"] = "^$|" + f.pattern.String()
		}
	}
	if f.required && f.pattern == nil {
		s["minLength"] = 1
	}
}

func (schemaWriter) bounds(f field, s schema) {
	if f.bounds == nil {
		return
	}
	low, high := "minimum", "maximum"
	if f.bounds.loOpen {
		low = "exclusiveMinimum"
	}
	if f.bounds.hiOpen {
		high = "exclusiveMaximum"
	}
	if f.bounds.loText != "" {
		s[low] = f.bounds.lo
	}
	if f.bounds.hiText != "" {
		s[high] = f.bounds.hi
	}
}

// defaultValue is the default as JSON has it: durations and sizes are text.
func defaultValue(f field, v reflect.Value) any {
	v = reflect.Indirect(v)
	switch f.kind {
	case kindBool, kindInt, kindUint, kindFloat:
		return v.Interface()
	}
	return f.format(v)
}

// strategies defines an element of a pipeline's list: a strategy's name, or a
// mapping of one name to its parameters.
func (w schemaWriter) strategies(reg *tta.Registry) {
	names := []string{}
	options := []any{}
	for _, spec := range reg.Specs() {
		names = append(names, spec.Name)
		params := schema{"type": []string{"object", "null"}, "additionalProperties": false}
		if cfg := spec.NewConfig(); cfg != nil {
			params = w.structure(reflect.Indirect(reflect.ValueOf(cfg)))
		}
		params["description"] = strings.TrimSpace(spec.Summary)
		w.defs["strategy-"+spec.Name] = params
		options = append(options, schema{
			"type": "object", "required": []string{spec.Name}, "additionalProperties": false,
			"properties": schema{spec.Name: schema{"$ref": "#/$defs/strategy-" + spec.Name}},
		})
	}
	options = append([]any{schema{"enum": names}}, options...)
	w.defs["strategy"] = schema{"anyOf": options}
}
