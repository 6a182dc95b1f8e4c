package launch

import (
	"time"

	"ttad/accel"
	"ttad/accel/kernels"
)

// Driver is a way of reaching one device: what OpenCL and CUDA differ in. Its errors
// wrap accel.ErrOutOfMemory and accel.ErrLost where that is what happened; after the
// latter every call may fail. It is safe for concurrent use.
type Driver interface {
	Info() accel.Info
	Limits() Limits
	// Alloc returns memory of a number of bytes, at least 1, with any contents,
	// aligned for every kernel.
	Alloc(bytes int) (Memory, error)
	// Free takes memory that no queued work uses.
	Free(Memory) error
	// HostAlloc returns host memory that queues copy from and to without waiting.
	HostAlloc(floats int) ([]float32, error)
	HostFree([]float32) error
	NewQueue() (Queue, error)
	// Close gives the device back. Everything else is closed by then.
	Close() error
}

// Limits are what a device cannot exceed.
type Limits struct {
	AllocBytes int64 // one allocation; 0 if not known
	// Exact says that division and square root are correctly rounded.
	Exact bool
	// Checked says that the driver finds kernels that leave their memory: then every
	// value gets memory of its own length, and none is shared.
	Checked bool
	// Patience is how long the device may work without getting to a mark before it
	// is taken to hang; 0 is what will do for a card.
	Patience time.Duration
}

// Memory is a piece of device memory, by whatever name the driver has for it.
type Memory uint64

// Queue is an ordered queue of work with one owner. Calls return when work is
// queued, not when it is done; host memory belongs to the queue until a mark set
// after the call is done.
type Queue interface {
	// Write copies src, which is of HostAlloc, to dst from byte 0 on.
	Write(dst Memory, src []float32) error
	// Read copies from byte 0 of src into dst, which is of HostAlloc.
	Read(dst []float32, src Memory) error
	// Launch runs a kernel over a grid of groups. Args are as its parameters.
	Launch(k *kernels.Kernel, groups [3]int, args []Arg) error
	// Mark returns a mark behind everything queued so far, and has the device begin
	// with it.
	Mark() (Mark, error)
	Close() error
}

// Mark is a place in a queue.
type Mark interface {
	// Done reports whether the device has got here. Its error is that of the work
	// before the mark.
	Done() (bool, error)
	// Release forgets the mark.
	Release() error
}

// Arg is one argument of a launch, of the type of its parameter.
type Arg struct {
	Memory Memory
	Int    int32
	Float  float32
}
