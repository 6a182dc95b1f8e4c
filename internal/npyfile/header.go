package npyfile

import (
	"fmt"
	"strconv"
	"strings"
)

// header is the dictionary NumPy writes before the payload.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

// parseHeader reads the Python literal {'descr': '<f4', 'fortran_order': False,
// 'shape': (2, 3), }: exactly these keys, in any order.
func parseHeader(text string) (header, error) {
	s := scanner{rest: text}
	var h header
	seen := map[string]bool{}
	s.expect('{')
	for !s.failed && !s.accept('}') {
		key := s.quoted()
		s.expect(':')
		if seen[key] {
			return h, fmt.Errorf("%w: header has %q twice", ErrFormat, key)
		}
		seen[key] = true
		switch key {
		case "descr":
			if s.peek() == '[' {
				return h, fmt.Errorf("%w: structured arrays; save one field, a['name']", ErrDType)
			}
			h.descr = s.quoted()
		case "fortran_order":
			h.fortran = s.boolean()
		case "shape":
			h.shape = s.tuple()
		default:
			s.failed = true
		}
		if !s.accept(',') && s.peek() != '}' {
			s.failed = true
		}
	}
	if s.failed || len(seen) != 3 || s.peek() != 0 {
		return h, fmt.Errorf("%w: header %.80q, expected descr, fortran_order and shape", ErrFormat, text)
	}
	return h, nil
}

// scanner reads the few Python literals a header holds. The first surprise sets
// failed and everything after it reads as empty.
type scanner struct {
	rest   string
	failed bool
}

// peek returns the next byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	s.rest = strings.TrimLeft(s.rest, " \t\r\n")
	if s.failed || s.rest == "" {
		return 0
	}
	return s.rest[0]
}

func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) expect(c byte) {
	if !s.accept(c) {
		s.failed = true
	}
}

// quoted reads 'text' or "text" without escapes, which no valid header has.
func (s *scanner) quoted() string {
	quote := s.peek()
	if quote != '\'' && quote != '"' {
		s.failed = true
		return ""
	}
	text, rest, ok := strings.Cut(s.rest[1:], string(quote))
	if !ok || strings.Contains(text, `\`) {
		s.failed = true
		return ""
	}
	s.rest = rest
	return text
}

func (s *scanner) boolean() bool {
	s.peek()
	for _, word := range []string{"True", "False"} {
		if rest, ok := strings.CutPrefix(s.rest, word); ok {
			s.rest = rest
			return word == "True"
		}
	}
	s.failed = true
	return false
}

// tuple reads (), (3,) or (2, 3).
func (s *scanner) tuple() []int {
	shape := []int{}
	s.expect('(')
	for !s.failed && !s.accept(')') {
		shape = append(shape, s.integer())
		if !s.accept(',') && s.peek() != ')' {
			s.failed = true
		}
	}
	return shape
}

func (s *scanner) integer() int {
	s.peek()
	end := 0
	for end < len(s.rest) && s.rest[end] >= '0' && s.rest[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s.rest[:end])
	if err != nil {
		s.failed = true
		return 0
	}
	s.rest = s.rest[end:]
	return n
}
