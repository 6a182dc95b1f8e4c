package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a configuration file, at a line and column that count
// from 1 (0 where the mistake has no place, such as a file too large).
type Error struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Path    string `json:"path,omitempty"` // groups.cameras.batch.max_rows; empty for the whole file
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do about it
}

// Error is file:line:col: path: message, and the hint.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	switch {
	case strings.HasPrefix(e.Hint, "did you mean"):
		b.WriteString(", " + e.Hint)
	case e.Hint != "":
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors is every mistake of one file, in the order of their places.
type Errors struct {
	List []Error
}

// Error lists all of them, one a line.
func (e *Errors) Error() string {
	lines := make([]string, len(e.List))
	for i, x := range e.List {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted orders mistakes by place and drops repeats, which anchors cause: one
// wrong value used by two aliases is still one mistake to mend.
func sorted(list []Error) []Error {
	slices.SortStableFunc(list, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Path, b.Path))
	})
	return slices.CompactFunc(list, func(a, b Error) bool {
		return a.Line == b.Line && a.Col == b.Col && a.Message == b.Message
	})
}
