// Package cuda is a launch.Driver on NVIDIA's driver library, libcuda.so.1, which it
// opens while the process runs: nothing of CUDA is needed to build ttad, and a
// machine without a driver is an ordinary answer. Only the driver interface is used,
// not the toolkit's run time, and of it what CUDA 9 had already. The kernels are the
// PTX of package accel/kernels, which the driver compiles for its card.
//
// A context belongs to the threads that made it current, so one goroutine, locked to
// its OS thread, makes every call (thread.go). Queues collect work and hand it over
// in batches (queue.go); copies go through page-locked host memory. An error that
// leaves the context unusable, from a kernel that went astray to a card that fell off
// the bus, is accel.ErrLost from then on (errors.go).
//
// No card has run any of this yet. What is proved, and how, is in docs/devices.md;
// package cudatest is the library that tests open in place of the driver's, and
// `make gpu-check` is what somebody with a card runs.
package cuda
