package dynlib

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// Library is an open shared library. It stays open: drivers start threads of their
// own and do not survive being unloaded.
type Library struct {
	Name   string // by which it was found
	handle uintptr
}

// Func is a C function, whose arguments are integers and pointers.
type Func uintptr

// Open opens the first of the libraries that is there: file names the system's loader
// looks for, or paths. Its error wraps ErrNotThere if none is, and is a *BrokenError
// if one is and cannot be used.
func Open(names ...string) (*Library, error) {
	if !Built {
		return nil, fmt.Errorf("%w: this binary opens none, being built with -tags noaccel or for a system without them", ErrNotThere)
	}
	for _, name := range names {
		if err := checkFile(name); err != nil {
			return nil, err
		}
		handle, err := open(name)
		if err == nil {
			return &Library{Name: name, handle: handle}, nil
		}
		if !missing(name, err.Error()) {
			return nil, &BrokenError{Name: name, Reason: err.Error()}
		}
		if path := present(name); path != "" {
			return nil, &BrokenError{Name: path, Reason: "it is not for " + runtime.GOOS + " on " + runtime.GOARCH}
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNotThere, strings.Join(names, ", "))
}

// missing tells the loader's message about a library that is not there from that
// about one which needs another that is not there.
func missing(name, message string) bool {
	return strings.Contains(message, name+": cannot open") && strings.Contains(message, "No such file") ||
		strings.Contains(message, "no such file") // of macOS, which lists where it looked
}

// Bind looks functions up by name. If some are missing, its error is a *SymbolError
// that names all of them.
func (l *Library) Bind(symbols map[string]*Func) error {
	var lacking []string
	for _, name := range slices.Sorted(maps.Keys(symbols)) {
		address, err := symbol(l.handle, name)
		if err != nil || address == 0 {
			lacking = append(lacking, name)
			continue
		}
		*symbols[name] = Func(address)
	}
	if len(lacking) > 0 {
		return &SymbolError{Library: l.Name, Symbols: lacking}
	}
	return nil
}

// Floats is memory of a driver as a slice. It must not outlive the memory.
func Floats(address uintptr, floats int) []float32 {
	return unsafe.Slice((*float32)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), floats)
}

// Text is a C string of a driver, up to limit bytes.
func Text(address uintptr, limit int) string {
	if address == 0 {
		return ""
	}
	b := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), limit)
	n := 0
	for n < limit && b[n] != 0 {
		n++
	}
	return string(b[:n])
}
