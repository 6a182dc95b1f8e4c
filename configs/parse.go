package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Bounds on what is read before anything is believed.
const (
	maxFileBytes = 1 << 20
	maxDepth     = 100
	maxNodes     = 200_000 // with aliases expanded
)

// parse reads exactly one YAML document into nodes.
func parse(name string, data []byte) (*yaml.Node, *Error) {
	if len(data) > maxFileBytes {
		return nil, &Error{File: name, Message: fmt.Sprintf("the file has %d bytes, at most %s is read", len(data), formatBytes(maxFileBytes))}
	}
	if at := invalidUTF8(data); at >= 0 {
		line, col := place(data, at)
		return nil, &Error{File: name, Line: line, Col: col, Message: fmt.Sprintf("byte 0x%02x is not UTF-8 text", data[at])}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, &Error{File: name, Message: err.Error()}
	}
	var doc, second yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &Error{File: name, Line: 1, Col: 1, Message: "the file is empty", Hint: "'ttad config example' prints one to start from"}
	case err != nil:
		return nil, syntaxError(name, data, err)
	}
	switch err := loader.Load(&second); {
	case errors.Is(err, io.EOF):
		return doc.Content[0], nil
	case err != nil:
		return nil, syntaxError(name, data, err)
	}
	return nil, &Error{File: name, Line: second.Line, Col: second.Column, Message: "a second document starts here; a configuration is one document"}
}

// syntaxError keeps the parser's words and place.
func syntaxError(name string, data []byte, err error) *Error {
	e := &Error{File: name, Message: err.Error()}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return e
	}
	e.Message = "not YAML: " + load.Message
	if strings.Contains(load.Message, "exceeded max depth") {
		e.Message = fmt.Sprintf("nested more than %d deep", maxDepth)
	}
	mark := load.Mark
	if mark.Line == 0 {
		mark = load.ContextMark
	}
	e.Line, e.Col = mark.Line, mark.Column
	e.Hint = syntaxHint(load.Message, line(data, e.Line))
	return e
}

// syntaxHint names the mistake behind the commonest syntax errors: what looks like
// text to a person is an indicator to YAML.
func syntaxHint(message, line string) string {
	before, _, refers := strings.Cut(line, "${")
	switch {
	case refers && strings.ContainsAny(before, "{["):
		return `inside { } and [ ], write "${NAME}" in quotes`
	case strings.Contains(message, "unknown anchor"):
		return "text that starts with * goes in quotes"
	case strings.Contains(message, "cannot start any token"):
		return "text that starts with > @ ` or % goes in quotes, and tabs do not indent"
	}
	return ""
}

// line is the n-th line of data, from 1, or "".
func line(data []byte, n int) string {
	lines := strings.Split(string(data), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// place turns an offset into line and column, both from 1, columns in characters.
func place(data []byte, offset int) (line, col int) {
	before := data[:offset]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
