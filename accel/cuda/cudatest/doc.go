// Package cudatest is NVIDIA's driver library for machines without one: a
// libcuda.so.1 that tests build, with the functions package cuda calls, over cards
// whose kernels package accel/ptx executes. Tests say what the cards are like, and
// what goes wrong when.
//
// It is stricter than a driver. What a driver would let pass, or crash of, is a
// problem that fails the test at its end, even if nobody looked at the call's result:
// a thread without a context, a handle of another kind, memory freed twice or under
// work that uses it, host memory that is not page-locked or changes before it is
// copied, arguments of another size than the kernel's, grids and groups that do not
// fit, and whatever is left when a context goes. Work waits in its stream until
// somebody asks for it, and what a copy to the host will bring is NaN until then, so
// that results which were not waited for show.
//
// It knows nothing of the time things take, of a real compiler's opinion of the PTX,
// and of blocks running side by side: see docs/devices.md for what is left to prove.
package cudatest
