// Command bench writes the section of docs/performance.md that sets ttad's
// processor engine beside other inference engines at the same work: forwards of
// frozen classifiers, forwards whose normalization mixes batch statistics in, the
// layers they consist of, and what ttad does around them. The first table holds
// what is asked of the engine (bars.go) against what this run measured.
//
//	make bench-peers                                 # fetches ONNX Runtime into .cache/peers
//	make bench                                       # measures, and writes docs/performance.md
//	go run ./internal/bench -data FOLDER             # the section on standard output
//	go run ./internal/bench -only 'ResNet-20|MLP'    # some of it
//	make bench-devices                               # another section: an OpenCL device beside the engine
//
// Every engine works in a process of its own, held to as many threads, and
// measures time itself; rounds of all engines at one job take turns, so that what
// else the machine does meets all of them. An engine whose answers differ from
// ttad's is an error: it did other work. An engine that is not installed is named
// under the tables.
//
// The section on devices sets the kernels of OpenCL and CUDA beside the engine where
// there is an OpenCL device, which is mostly the processor itself, and counts from
// the launches of each model what a card would need at least (roofline.go).
//
// It is not a test of speed: nothing fails for being slow.
package main
