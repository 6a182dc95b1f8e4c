// Package daemon wires the rooms together: it opens devices and models, builds
// groups of pipelines, connects them to NATS and runs one engine a group, the
// only goroutine that touches the group's adaptation state. Commands, the demo and
// integration tests start it; a main package could not be imported.
//
// Batching and delivery are package stream's, adaptation is package tta's, arithmetic
// is package accel's. Its own is only which device answers a batch (placing.go), what
// happens when that fails (failover.go), and what it does ahead of time (overlap.go):
// see docs/adr/0016.
package daemon
