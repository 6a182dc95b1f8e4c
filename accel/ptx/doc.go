// Package ptx executes PTX, the assembly that CUDA drivers compile, on a machine
// without a card: it is how the kernels that ttad ships are tested, to the byte.
//
// Load reads a module and refuses what it does not know, down to each form of each
// instruction and every approximate or flushing one, so that another compiler cannot
// slip in what nobody looked at. A Machine holds the memory of a card and launches
// kernels over grids of blocks of at most 256 threads, 32 in step:
//
//	module, err := ptx.Load(kernels.PTX())
//	m := ptx.NewMachine(ptx.Options{Races: true})
//	y, err := m.Alloc(4 * n)                 // an address; contents are NaNs
//	err = m.Launch(module.Kernel("fill"), [3]int{4, 1, 1}, [3]int{256, 1, 1}, []uint64{y, n, 0})
//	err = m.Read(host, y)                    // host is a []float32
//
// Parameters are raw bits in the low bytes, in order: addresses in 64, ints and floats
// in 32 (Kernel.Params tells which). Addresses are not the process's. Every allocation lies
// in the middle of 64 GiB of nothing, so that no wrong index meets another one, and
// an address is never used again.
//
// What a kernel does wrong ends the launch with a *Fault: it names kernel, block,
// thread and line of the PTX. Found are accesses beside an allocation, to freed memory
// or not aligned; barriers that only some threads reach;
// branches on nothing; and, with Options.Races, accesses of one word by two threads
// that nothing orders, in a block or between blocks. Two threads may write the same
// value. What nobody wrote is NaN, or an index far outside, in registers, in shared
// and in global memory.
//
// Arithmetic is IEEE 754 in single precision with one rounding an operation, fma
// included; a NaN that comes out of an operation is 0x7fffffff, as on the hardware.
//
// NewDriver makes a launch.Driver of it, whose queues do nothing before they have to.
//
// It is not a simulator of a card: nothing is timed, memory has one order, and blocks
// run one after another. Bits are those of a card as far as the PTX manual defines them.
//
// NVIDIA, Parallel Thread Execution ISA, version 6.0 (2017).
package ptx
