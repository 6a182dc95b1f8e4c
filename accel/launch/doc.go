// Package launch is what OpenCL and CUDA devices have in common: an accel.Device
// over a Driver, which is no more than memory, an ordered queue of copies and kernel
// launches, and marks in that queue.
//
// A program is compiled in three forms, as on the CPU: with norms folded into
// weights for runs that keep source moments, with moments given, and with moments
// measured in the batch. Steps that only finish another's result are done by its
// kernel (fold.go, fuse.go); the rest is lowered to launches of the kernels of
// package accel/kernels, each operator in its own lower_*.go, at the batch's own
// number of rows. Values lie in slots, device memory shared by values that are not
// alive at the same time; nothing comes back to the host before the outputs do.
//
// Where to read: plan.go makes nodes of steps; lower.go and lowering.go make launches of
// nodes, for a number of rows; layout.go places values; frame.go is what a stream keeps
// for an exec, bound.go its launches with memory in place of operands, assign.go the
// caller's buffers among them. Under a stream (stream.go) are the driver's queue with
// its marks (queue.go) and host memory for transfers (staging.go). sizing.go says what a
// plan needs where it does not fit. index.go and search.go are the index of keys.
//
// A stream's owner calls, and the device works on its own: nothing here waits but Sync,
// marks, and whoever gets too far ahead or gives back what is still in use.
//
// It knows no driver library: accel/opencl and accel/cuda are drivers, and
// accel/ptx is one that executes the CUDA kernels without a card. It does not choose
// devices either: see internal/daemon.
package launch
