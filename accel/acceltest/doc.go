// Package acceltest is what a device must pass: RunAll compares every operator
// with accel/plain over odd sizes, tails, single rows, broadcasting and values
// that are not numbers; runs whole programs under every norm rule; and checks
// lifetimes, errors, repeatability, streams side by side, and what callers may rely on
// while work is queued. null_test.go is the smallest device that passes.
//
// It is imported by the tests of devices only. A new operator gets a case in
// cases.go, a new device one test that calls RunAll.
package acceltest
