// Package testkit is what tests of several rooms share: finding the research
// data that is not part of the product, tolerant comparison, synthetic streams.
// It is imported by tests only.
package testkit
