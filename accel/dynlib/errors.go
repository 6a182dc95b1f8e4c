package dynlib

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotThere says that no library of the names asked for is on this machine.
var ErrNotThere = errors.New("no such library here")

// BrokenError is a library that is there and cannot be used.
type BrokenError struct {
	Name   string // as asked for, or the file
	Reason string // as the loader or the check of the file put it
}

// Error names the library and why it cannot be used.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("library %s is there but cannot be used: %s", e.Name, e.Reason)
}

// SymbolError is a library without functions that are needed: too old, or something
// else of that name.
type SymbolError struct {
	Library string
	Symbols []string
}

// Error names the library and what it lacks.
func (e *SymbolError) Error() string {
	return fmt.Sprintf("library %s has no function %s: it is too old, or another library of that name", e.Library, strings.Join(e.Symbols, ", "))
}
