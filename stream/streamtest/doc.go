// Package streamtest runs NATS servers inside a test: a random port, a store that
// goes away with the test, and a restart that keeps both. It also has the waiting
// and collecting that tests on a server need, so that none of them sleeps.
package streamtest
