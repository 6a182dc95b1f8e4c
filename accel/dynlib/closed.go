//go:build !((linux || darwin) && (amd64 || arm64)) || noaccel

package dynlib

// Built says whether this binary can open libraries at all.
const Built = false

// Call panics: nothing was opened, so there are no functions.
func (f Func) Call(...uintptr) uintptr { panic("dynlib: a function of no library") }

func open(string) (uintptr, error) { return 0, ErrNotThere }

func symbol(uintptr, string) (uintptr, error) { return 0, ErrNotThere }
