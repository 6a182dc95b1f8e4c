package configs

import (
	"regexp"

	"go.yaml.in/yaml/v4"
)

// words says what a field expects.
func (f field) words(plural bool) string {
	one, many := "text", "texts"
	switch f.kind {
	case kindBool:
		one, many = "true or false", "truth values"
	case kindInt, kindUint:
		one, many = "a whole number", "whole numbers"
	case kindFloat:
		one, many = "a number", "numbers"
	case kindDuration:
		one, many = "a duration such as 20ms", "durations"
	case kindBytes:
		one, many = "a size such as 64MiB", "sizes"
	case kindList:
		one, many = "a list", "lists"
	case kindMap, kindStruct:
		one, many = "a mapping", "mappings"
	case kindStrategy:
		one, many = "a strategy", "strategies"
	}
	if plural {
		return many
	}
	return one
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// describe says what a node is, for "expected ..., got ...".
func describe(n *yaml.Node) string {
	n = follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return n.Value
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!timestamp":
		return "the date " + n.Value
	}
	return "the text " + quote(n.Value)
}

func describeText(s written) string {
	if s.fromEnv {
		return quote(s.text) + " from the environment"
	}
	return describe(s.node)
}

var urlPassword = regexp.MustCompile(`(://[^/@:\s]*:)[^/@\s]+@`)

// hidePassword replaces the password in a URL.
func hidePassword(s string) string { return urlPassword.ReplaceAllString(s, "${1}"+hidden+"@") }
