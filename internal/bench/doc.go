// Command bench writes the table of docs/performance.md that sets ttad's
// processor engine beside other inference engines at the same work: forwards of
// frozen classifiers, and forwards whose normalization mixes batch statistics in.
//
//	make bench-peers                              # fetches ONNX Runtime into .cache/peers
//	go run ./internal/bench -data FOLDER          # the table on standard output
//	go run ./internal/bench -data FOLDER -o docs/performance.md
//
// Every engine works in a process of its own, held to as many threads, and
// measures time itself; rounds of all engines of one line take turns, so that
// what else the machine does meets all of them. An engine whose answers differ
// from ttad's is an error: it did other work. An engine that is not installed is
// named under the table.
//
// It is not a test of speed: nothing fails for being slow.
package main
