// Package opencl reaches devices through whatever OpenCL 1.2 driver this machine has.
// Discover lists its devices with the reason for every refusal; Open returns one as
// an accel.Device.
//
// It is a driver only: memory, queues, launches, marks (driver.go, queue.go) and the
// compiling of the one kernel source (build.go). What is launched, when and on which
// memory is decided in package accel/launch; the kernels are in accel/kernels.
//
// Nothing of OpenCL is needed to build ttad. The library is opened while the process
// runs (accel/dynlib); that it is not there is an ordinary answer, accel.ErrNoDevice.
// A device that is a processor is refused unless asked for: ttad's own engine,
// accel/cpu, is several times as fast. PoCL is such a device, and what the tests run on.
package opencl
