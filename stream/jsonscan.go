package stream

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxJSONDepth bounds recursion on nested values nobody reads.
const maxJSONDepth = 32

// jsonScan walks JSON text in place. The standard decoder turns every number of
// an array into a boxed value or a reflective store; an inference request is a
// small envelope around one long array, so the envelope is walked here and the
// array handed on as bytes, parsed once shape and type are known to be acceptable.
type jsonScan struct {
	b  []byte
	at int
}

func (s *jsonScan) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", s.at, fmt.Sprintf(format, args...))
}

// peek returns the next byte that is not white space, or 0 at the end.
func (s *jsonScan) peek() byte {
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
	return 0
}

func (s *jsonScan) accept(c byte) bool {
	if s.peek() != c || c == 0 {
		return false
	}
	s.at++
	return true
}

func (s *jsonScan) expect(c byte, what string) error {
	if s.accept(c) {
		return nil
	}
	if s.at >= len(s.b) {
		return s.errorf("expected %s, got the end of the text", what)
	}
	return s.errorf("expected %s, got %q", what, s.b[s.at])
}

// end errs when anything but white space is left.
func (s *jsonScan) end() error {
	if s.peek() != 0 || s.at < len(s.b) {
		return s.errorf("expected the end of the text, got %q", s.b[s.at])
	}
	return nil
}

// object calls member for every key, with the scan standing on the value.
func (s *jsonScan) object(what string, member func(key string) error) error {
	if err := s.expect('{', what); err != nil {
		return err
	}
	if s.accept('}') {
		return nil
	}
	for {
		key, err := s.text("a key")
		if err != nil {
			return err
		}
		if err := s.expect(':', "':'"); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if s.accept('}') {
			return nil
		}
		if err := s.expect(',', "',' or '}'"); err != nil {
			return err
		}
	}
}

// array calls element for every element, with the scan standing on it.
func (s *jsonScan) array(what string, element func() error) error {
	if err := s.expect('[', what); err != nil {
		return err
	}
	if s.accept(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.accept(']') {
			return nil
		}
		if err := s.expect(',', "',' or ']'"); err != nil {
			return err
		}
	}
}

// text reads a string. Escapes are rare here and left to the standard library.
func (s *jsonScan) text(what string) (string, error) {
	if err := s.expect('"', what+" in quotes"); err != nil {
		return "", err
	}
	start, escaped := s.at, false
	for ; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; {
		case c == '\\':
			escaped = true
			s.at++
		case c < 0x20:
			return "", s.errorf("control character in %s", what)
		case c == '"':
			raw := s.b[start:s.at]
			s.at++
			return s.unquote(raw, escaped)
		}
	}
	return "", s.errorf("%s has no closing quote", what)
}

func (s *jsonScan) unquote(raw []byte, escaped bool) (string, error) {
	if !utf8.Valid(raw) {
		return "", s.errorf("text is not UTF-8")
	}
	if !escaped {
		return string(raw), nil
	}
	var out string
	quoted := append(append([]byte{'"'}, raw...), '"')
	if err := json.Unmarshal(quoted, &out); err != nil {
		return "", s.errorf("text with a bad escape")
	}
	return out, nil
}

// integer reads a whole number of at most 18 digits.
func (s *jsonScan) integer(what string) (int, error) {
	s.peek()
	start := s.at
	for s.at < len(s.b) && (s.b[s.at] >= '0' && s.b[s.at] <= '9' || s.b[s.at] == '-' && s.at == start) {
		s.at++
	}
	n, err := strconv.ParseInt(string(s.b[start:min(s.at, start+20)]), 10, 64)
	if err != nil || s.at-start > 18 {
		s.at = start
		return 0, s.errorf("expected %s, a whole number", what)
	}
	return int(n), nil
}

// skip passes over any value, checking its grammar.
func (s *jsonScan) skip(depth int) error {
	if depth > maxJSONDepth {
		return s.errorf("nested deeper than %d", maxJSONDepth)
	}
	switch s.peek() {
	case '{':
		return s.object("an object", func(string) error { return s.skip(depth + 1) })
	case '[':
		return s.array("an array", func() error { return s.skip(depth + 1) })
	case '"':
		_, err := s.text("text")
		return err
	}
	for _, word := range []string{"true", "false", "null"} {
		if rest := s.b[s.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			s.at += len(word)
			return nil
		}
	}
	_, next, ok := scanNumber(s.b, s.at)
	if !ok {
		return s.errorf("expected a value")
	}
	s.at = next
	return nil
}

// numbers returns the bytes of an array, brackets included, without reading the
// numbers in it.
func (s *jsonScan) numbers(what string) ([]byte, error) {
	if s.peek() != '[' {
		return nil, s.expect('[', what)
	}
	start, depth := s.at, 0
	for ; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '[':
			depth++
		case ']':
			depth--
			if depth == 0 {
				s.at++
				return s.b[start:s.at], nil
			}
		case '"', '{':
			return nil, s.errorf("%s may only hold numbers", what)
		}
	}
	return nil, s.errorf("%s is not closed", what)
}
