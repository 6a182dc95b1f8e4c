// Command gpucheck is what somebody with an NVIDIA card runs, once, for those who
// have none: `make gpu-check`. It writes a report, gpu-report.md, to be sent back, and
// exits with 0 only if everything was right.
//
//	make gpu-check
//	go run ./internal/gpucheck -o gpu-report.md -opencl=false
//
// It asks the card what it is; runs the conformance suite of devices on it through
// CUDA and through its OpenCL, and under compute-sanitizer where that is installed;
// compares whole networks with the processor's engine; repeats a batch a hundred
// times and looks for a bit that differs; opens and closes the device fifty times and
// looks for memory that does not come back; uses up the memory; measures products,
// convolutions, statistics and networks beside what the card could do at best; and at
// last breaks the context with a kernel that writes where it must not, and tells
// whether a new one works. A card that cannot even be opened gets a report that says why.
//
// Its own test runs it over the driver library of package cudatest. It measures
// nothing on the processor but what it compares with: see internal/bench.
package main
