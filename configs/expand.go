package configs

import (
	"fmt"
	"regexp"
	"strings"
)

// expansion is a scalar's text with its references to the environment replaced.
type expansion struct {
	text  string
	names []string // variables referred to, in order
}

// expandError says what is wrong with a reference and where in the scalar's text
// it starts.
type expandError struct {
	reference string // as written, up to what is wrong
	message   string
}

var nameShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME}, ${NAME:-default} and ${NAME:?message}; $$ is a dollar
// sign, and a dollar sign before anything else is itself. It works on text that
// was already parsed, so a value cannot add keys, lists or documents.
func expand(s string, env func(string) (string, bool)) (expansion, []expandError) {
	var out expansion
	var errs []expandError
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 || i == len(s)-1 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		rest := s[i+1:]
		switch rest[0] {
		case '$':
			b.WriteByte('$')
			s = rest[1:]
		case '{':
			end := strings.IndexByte(rest, '}')
			if end < 0 {
				return out, append(errs, expandError{s[i:], "${ without its }"})
			}
			body := rest[1:end]
			value, name, err := lookup(body, env)
			if err != "" {
				errs = append(errs, expandError{"${" + body, err})
			}
			if name != "" {
				out.names = append(out.names, name)
			}
			b.WriteString(value)
			s = rest[end+1:]
		default:
			b.WriteByte('$')
			s = rest
		}
	}
	out.text = b.String()
	return out, errs
}

// lookup resolves what stands between ${ and }. As in a shell, :- and :? treat an
// empty variable like an unset one.
func lookup(body string, env func(string) (string, bool)) (value, name, problem string) {
	name, operand, op := body, "", ""
	if i := strings.IndexByte(body, ':'); i >= 0 {
		name, operand = body[:i], body[i+1:]
		if operand != "" {
			op, operand = operand[:1], operand[1:]
		}
		if op != "-" && op != "?" {
			return "", "", fmt.Sprintf("${%s}: after the name comes :-default or :?message", body)
		}
	}
	if !nameShape.MatchString(name) {
		return "", "", fmt.Sprintf("%s is not the name of an environment variable", quote(name))
	}
	if strings.Contains(operand, "${") {
		return "", "", "one ${ } inside another is not supported"
	}
	value, set := "", false
	if env != nil {
		value, set = env(name)
	}
	switch {
	case op == "-" && value == "":
		return operand, name, ""
	case op == "?" && value == "":
		return "", name, fmt.Sprintf("environment variable %s: %s", name, operand)
	case !set:
		return "", name, fmt.Sprintf("environment variable %s is not set", name)
	}
	return value, name, ""
}

// escape is the inverse of expand for text that refers to nothing.
func escape(s string) string { return strings.ReplaceAll(s, "$", "$$") }
