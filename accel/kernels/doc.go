// Package kernels holds what OpenCL and CUDA devices execute: one source in a
// dialect of OpenCL C 1.2 that both can take, and the PTX made of it, which is
// committed because whoever runs ttad has no compiler. It also reads the signatures
// out of the source, so that a launch with a wrong number or kind of arguments is
// refused in Go: OpenCL would silently use the last launch's.
//
// The dialect: float and int only; local memory in static arrays, at most 16 KiB;
// at most 256 items a group, whose number is part of the kernel; barriers that all
// items of a group reach; no atomics, images or vectors; of the built-in functions
// only work-item ids, barrier, fma, fmin, fmax, sqrt, as_float and as_int. exp, log
// and the like are polynomials in math.cl. Sums have a fixed order, trees of a fixed
// shape, so that the same bits come out of every run on a device.
//
// A tensor has at most accel.MaxElements, so that an int indexes it and may go a little
// beyond.
//
// It launches nothing: which kernel computes what is decided in package
// accel/launch, whose drivers are accel/opencl and accel/cuda. `make ptx` writes
// kernels.ptx again; package accel/ptx executes it in tests.
package kernels
