package accel

import "fmt"

// Found is a device as discovery lists it: what it is, and whether it can be used.
type Found struct {
	Info Info
	// Refused says why the device cannot be used, and what to do about it; nil if
	// it can.
	Refused error
}

// BuildError is a driver's refusal of our kernels: a compiler that found fault with
// them, or a loader with what a compiler made of them.
type BuildError struct {
	Device string // its name
	What   string // what was built: OpenCL C, PTX
	Line   string // the first source line the log complains of; empty if it names none
	Log    string // what the driver's compiler said, as it said it
}

// Error is the whole story, the log last: it may have many lines.
func (e *BuildError) Error() string {
	at := ""
	if e.Line != "" {
		at = " at " + e.Line
	}
	return fmt.Sprintf("device %q refuses our %s%s: %s", e.Device, e.What, at, e.Log)
}
