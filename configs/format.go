package configs

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"ttad/tta"
)

const hidden = "***"

// format writes a value as a file would say it, on one line; what is not set is
// "". Secrets are hidden.
func (f field) format(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch f.kind {
	case kindStruct:
		return f.formatFields(v)
	case kindList, kindMap:
		return f.formatElements(v)
	case kindStrategy:
		return v.Interface().(tta.StrategyConfig).Name
	}
	return f.formatScalar(v)
}

func (f field) formatScalar(v reflect.Value) string {
	switch f.kind {
	case kindBool:
		return strconv.FormatBool(v.Bool())
	case kindInt:
		return strconv.FormatInt(v.Int(), 10)
	case kindUint:
		return strconv.FormatUint(v.Uint(), 10)
	case kindFloat:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case kindDuration:
		return formatDuration(time.Duration(v.Int()))
	case kindBytes:
		return formatBytes(v.Int())
	}
	if f.secret && v.String() != "" {
		return hidden
	}
	if f.url {
		return hidePassword(v.String())
	}
	return v.String()
}

func (f field) formatElements(v reflect.Value) string {
	if v.Len() == 0 {
		return ""
	}
	elem := f.elem()
	var parts []string
	if f.kind == kindMap {
		for _, key := range sortedKeys(v) {
			parts = append(parts, fmt.Sprintf("%s: %s", key, elem.format(v.MapIndex(key))))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	for i := range v.Len() {
		parts = append(parts, elem.format(v.Index(i)))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (f field) formatFields(v reflect.Value) string {
	var parts []string
	for _, f := range fieldsOf(v.Type(), "") {
		if s := f.format(v.FieldByIndex(f.index)); s != "" {
			parts = append(parts, f.name+": "+s)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
