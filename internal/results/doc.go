// Command results fills docs/results.md: it runs 'ttad replay' over research data
// (CIFAR-10-C streams and models, which are not part of the product) and writes
// the error of every pipeline per corruption and arrival order.
//
//	go run ./internal/results -data FOLDER -o docs/results.md
package main
