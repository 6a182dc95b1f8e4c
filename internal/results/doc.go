// Command results fills docs/results.md: it runs 'ttad replay' and 'ttad tune' over
// research data (CIFAR-10-C streams, tables and models, which are not part of the
// product) and writes what every pipeline scores, stream by stream.
//
//	go run ./internal/results -data FOLDER -o docs/results.md
//	go run ./internal/results -data FOLDER -o docs/results.md -part delayed
package main
