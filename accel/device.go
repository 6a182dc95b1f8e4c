package accel

import (
	"context"
	"errors"
	"fmt"
)

// Errors a caller decides on.
var (
	ErrNoDevice    = errors.New("no such device")
	ErrUnsupported = errors.New("not supported by this device")
	ErrOutOfMemory = errors.New("out of device memory")
	ErrLost        = errors.New("device lost")
)

// Info describes a device to people: logs, placement listings.
type Info struct {
	Kind    string // cpu, opencl, cuda
	Name    string
	Driver  string
	Version string // of what the driver speaks: OpenCL 1.2, CUDA 12.4; empty for a processor
	Type    string // gpu, cpu or accelerator; empty if not known
	Index   int    // among the devices of its kind, as discovery lists them
	Threads int    // workers that compute at the same time; 0 if not known
	Memory  int64  // bytes; 0 if not known
	// ISA is what a processor's kernels are written in, by the names of package
	// accel/dense; empty for any other device.
	ISA string
}

// Device runs programs. Compile is slow; everything else is quick.
type Device interface {
	Info() Info
	// Supports returns nil, or an error wrapping ErrUnsupported with the reason.
	Supports(p *Program, step int) error
	// Compile makes weights resident and plans scratch for batches of up to
	// maxRows rows. The program must not change afterwards.
	Compile(p *Program, maxRows int) (Exec, error)
	// Alloc returns memory for floats float32 values, or an error wrapping
	// ErrOutOfMemory, whatever the size.
	Alloc(floats int) (Buffer, error)
	// NewStream returns a queue with one owner; work runs in the order given.
	NewStream() (Stream, error)
	// Close fails, naming them, while execs, buffers or streams are open. Closing or
	// freeing one of them twice is an error.
	Close() error
}

// Buffer is memory on a device. Free may be called while work that uses the buffer is
// queued: the memory goes when the work is done.
type Buffer interface {
	Floats() int
	Free() error
}

// Exec is a program compiled for one device: weights resident, safe to share
// between streams. Each stream keeps its own scratch for it. Close waits for its queued
// runs.
type Exec interface {
	Program() *Program
	MaxRows() int
	Close() error
}

// Args are the operands of one run. What is written to is in no other place.
type Args struct {
	Inputs  []Buffer   // as Program.Inputs
	Outputs []Buffer   // as Program.Outputs; a nil entry is not wanted
	Norms   []NormRule // as Program.NormSteps; empty means source everywhere
	// Moments receives, per norm step, the batch mean (C values) followed by
	// the biased batch variance (C values) of the step's input. Empty, or nil
	// entries, where not wanted.
	Moments []Buffer
}

// Stream is an ordered queue of work with one owner. Run and Upload may return
// before the work is done; Download's destination is valid after Sync. The
// first error since the last Sync is reported by Sync at the latest. Close does what is
// queued.
type Stream interface {
	// Upload copies src into dst, which may be longer; src may be reused when it
	// returns.
	Upload(dst Buffer, src []float32) error
	// Run executes e on rows rows, 1 <= rows <= e.MaxRows(). Rules are read
	// before it returns.
	Run(e Exec, rows int, a Args) error
	// Download copies the first len(dst) values of src.
	Download(dst []float32, src Buffer) error
	Sync(ctx context.Context) error
	Close() error
}

// Unsupported wraps ErrUnsupported with what and why.
func Unsupported(step Step, why string) error {
	return fmt.Errorf("node %q: op %s: %w: %s", step.Name, step.Op.Kind(), ErrUnsupported, why)
}
