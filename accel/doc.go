// Package accel defines what a compute device is and what it may be asked to
// compute: shapes whose first extent depends on the row count, a closed set of
// operators, flat programs of such operators, and the Device, Exec and Stream
// interfaces that run them.
//
// It holds no kernels and knows no model, layer or strategy. Kernels live one
// package per device: accel/cpu is always there. accel/plain evaluates every
// operator with the loops a reader would write first; it is the oracle that
// accel/acceltest compares devices with, and the importer's constant folder.
//
// Models become programs in package models.
package accel
