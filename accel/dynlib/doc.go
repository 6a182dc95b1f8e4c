// Package dynlib opens driver libraries while the process runs and calls their
// functions, without cgo: a binary that was built on a machine without any driver
// uses whichever it finds. It is the one place that knows purego.
//
// It knows no driver. accel/opencl and accel/cuda list the functions they need, with
// the types of their arguments; nothing checks these against the library, for a
// shared library says nothing of types.
//
// A process that uses purego is loaded by the system's dynamic loader, so the default
// binary needs glibc. The build tag noaccel leaves purego out: Open then finds no
// library, the binary is static, and everything above compiles unchanged.
package dynlib
