package configs

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

var (
	wholeNumber   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	decimalNumber = regexp.MustCompile(`^[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	leadingZero   = regexp.MustCompile(`^[-+]?0[0-9_]+(\.[0-9]*)?$`)
	basedNumber   = regexp.MustCompile(`^[-+]?0[xXoObB][0-9a-fA-F_]+$`)
	notFinite     = regexp.MustCompile(`^([-+]?\.?(inf|Inf|INF|infinity|Infinity)|\.?(nan|NaN|NAN|Nan))$`)
)

// problem is what is wrong with one scalar.
type problem struct{ message, hint string }

// scalar decodes one value: environment first, then the field's own reading of the
// text, then its bounds.
func (d *decoder) scalar(n *yaml.Node, path string, f field, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.report(n, path, fmt.Sprintf("expected %s, got %s", f.words(false), describe(n)), "")
		return
	}
	expanded, mistakes := expand(n.Value, d.env)
	for _, m := range mistakes {
		line, col := d.locate(n, m.reference)
		d.reportAt(line, col, path, m.message, "")
	}
	if len(mistakes) > 0 {
		return
	}
	if len(expanded.names) > 0 {
		o := d.origins[path]
		o.Env = strings.Join(expanded.names, ", ")
		d.origins[path] = o
	}
	s := written{text: expanded.text, node: n, fromEnv: len(expanded.names) > 0}
	if p := f.read(s, v); p != nil {
		if f.secret {
			p.message, p.hint = "expected text; a number, true or nothing is text only in quotes", "the secret is not printed here"
		}
		if what, ok := later(path, s.text); ok {
			p.message, p.hint = notInThisBuild+what, ""
		}
		d.report(n, path, p.message, p.hint)
	}
}

// written is a scalar as it stands in the file.
type written struct {
	text    string
	node    *yaml.Node
	fromEnv bool // parts come from the environment, which knows no quotes
}

func (s written) quoted() bool {
	return !s.fromEnv && s.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// read parses s as the field's kind, checks its bounds and sets v.
func (f field) read(s written, v reflect.Value) *problem {
	if f.kind == kindText {
		return f.readText(s, v)
	}
	// Durations and sizes are text to YAML, so quotes around them change nothing.
	if s.quoted() && f.kind != kindDuration && f.kind != kindBytes {
		return &problem{fmt.Sprintf("expected %s, got the text %s", f.words(false), quote(s.text)), "remove the quotes"}
	}
	if s.text == "" || !s.quoted() && !s.fromEnv && isNull(s.node) {
		return &problem{fmt.Sprintf("expected %s, got nothing", f.words(false)), "leave the field out for its default"}
	}
	switch f.kind {
	case kindBool:
		return f.readBool(s, v)
	case kindInt, kindUint:
		return f.readInt(s, v)
	case kindFloat:
		return f.readFloat(s, v)
	case kindDuration:
		n, err := parseDuration(s.text)
		if err != nil {
			return &problem{err.Error(), durationHint(s.text)}
		}
		return f.setInt(s, v, int64(n))
	case kindBytes:
		n, err := parseBytes(s.text)
		if err != nil {
			return &problem{err.Error(), sizeHint(s.text)}
		}
		return f.setInt(s, v, n)
	}
	panic(fmt.Sprintf("configs: kind %d of field %s is not a scalar", f.kind, f.name))
}

// readText refuses what YAML takes for a number, a truth value or nothing, because
// other readers of the file, the schema among them, would.
func (f field) readText(s written, v reflect.Value) *problem {
	if !s.quoted() && !s.fromEnv && s.node.Tag != "!!str" {
		if isNull(s.node) {
			return &problem{"expected text, got nothing", "leave the field out for its default"}
		}
		return &problem{fmt.Sprintf("expected text, got %s", describe(s.node)), "write it in quotes: " + quote(s.text)}
	}
	switch {
	case s.text == "" && f.required:
		return &problem{"must not be empty", ""}
	case f.enum != nil && !slices.Contains(f.enum, s.text):
		return &problem{fmt.Sprintf("%s is not one of %s", quote(s.text), strings.Join(f.enum, ", ")), didYouMean(s.text, f.enum)}
	case s.text != "" && f.pattern != nil && !f.pattern.MatchString(s.text):
		return &problem{fmt.Sprintf("%s does not match %s", quote(s.text), f.pattern), ""}
	}
	v.SetString(s.text)
	return nil
}

func (f field) readBool(s written, v reflect.Value) *problem {
	switch s.text {
	case "true", "false":
		v.SetBool(s.text == "true")
		return nil
	}
	p := &problem{fmt.Sprintf("expected true or false, got %s", describeText(s)), ""}
	switch strings.ToLower(s.text) {
	case "yes", "on", "y", "true":
		p.hint = "write true"
	case "no", "off", "n", "false":
		p.hint = "write false"
	}
	return p
}

func (f field) readInt(s written, v reflect.Value) *problem {
	if p := oddNumber(s.text); p != nil {
		return p
	}
	if !wholeNumber.MatchString(s.text) {
		return &problem{fmt.Sprintf("expected a whole number, got %s", describeText(s)), ""}
	}
	if f.kind == kindUint {
		n, err := strconv.ParseUint(strings.TrimPrefix(s.text, "+"), 10, v.Type().Bits())
		if err != nil {
			return &problem{fmt.Sprintf("%s is out of range: must be a whole number from 0 to %d", s.text, uint64(math.MaxUint64)>>(64-v.Type().Bits())), ""}
		}
		v.SetUint(n)
		return f.within(float64(n), s.text)
	}
	n, err := strconv.ParseInt(s.text, 10, v.Type().Bits())
	if err != nil {
		most := f.bounds
		if most == nil {
			return &problem{fmt.Sprintf("%s is too large", s.text), ""}
		}
		return &problem{fmt.Sprintf("%s is out of range: must be %s", s.text, most), ""}
	}
	return f.setInt(s, v, n)
}

func (f field) readFloat(s written, v reflect.Value) *problem {
	if p := oddNumber(s.text); p != nil {
		return p
	}
	if !decimalNumber.MatchString(s.text) {
		return &problem{fmt.Sprintf("expected a number, got %s", describeText(s)), ""}
	}
	x, err := strconv.ParseFloat(s.text, v.Type().Bits())
	if err != nil || math.IsInf(x, 0) {
		return &problem{fmt.Sprintf("%s is too large for a number here", s.text), ""}
	}
	v.SetFloat(x)
	return f.within(x, s.text)
}

// oddNumber refuses numbers that different readers take for different values.
func oddNumber(s string) *problem {
	switch {
	case leadingZero.MatchString(s):
		plain := strings.TrimLeft(strings.TrimLeft(s, "+-"), "0_")
		if plain == "" || plain[0] == '.' {
			plain = "0" + plain
		}
		return &problem{fmt.Sprintf("%s has a leading zero, which some readers take for octal", s), "write " + plain}
	case basedNumber.MatchString(s):
		return &problem{fmt.Sprintf("expected a decimal number, got %s", s), ""}
	case notFinite.MatchString(s):
		return &problem{fmt.Sprintf("expected a finite number, got %s", s), ""}
	}
	return nil
}

// setInt sets integers, durations and sizes.
func (f field) setInt(s written, v reflect.Value, n int64) *problem {
	v.SetInt(n)
	return f.within(float64(n), s.text)
}

func (f field) within(x float64, text string) *problem {
	if f.bounds == nil || f.bounds.contains(x) {
		return nil
	}
	return &problem{fmt.Sprintf("%s is out of range: must be %s", text, f.bounds), ""}
}
