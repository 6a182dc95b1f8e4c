package ptx

import "fmt"

// Fault is what a kernel did wrong, and where.
type Fault struct {
	Kernel        string
	Block, Thread [3]int
	Line          int // of the module's text, from 1
	What          string
}

// Error says all of it.
func (f *Fault) Error() string {
	return fmt.Sprintf("kernel %s, block %v, thread %v, PTX line %d: %s", f.Kernel, f.Block, f.Thread, f.Line, f.What)
}

// SyntaxError is a place in a module's text that Load does not take.
type SyntaxError struct {
	Line int // from 1
	What string
}

// Error says where and what.
func (e *SyntaxError) Error() string { return fmt.Sprintf("PTX line %d: %s", e.Line, e.What) }

func refuse(line int, format string, args ...any) error {
	return &SyntaxError{line, fmt.Sprintf(format, args...)}
}
