// Package accel defines what a compute device is and what it may be asked to
// compute: shapes whose first extent depends on the row count, a closed set of
// operators, flat programs of such operators, and the Device, Exec and Stream
// interfaces that run them.
//
// It holds no kernels and knows no model, layer or strategy. accel/cpu is the device
// that is always there. accel/opencl and accel/cuda are drivers of accelerators, found
// at run time; what they have in common is accel/launch, and what they run is
// accel/kernels. docs/devices.md says how to add a device.
//
// accel/plain evaluates every operator with the loops a reader would write first; it is
// the oracle that accel/acceltest compares devices with, and the importer's constant
// folder.
//
// Models become programs in package models.
package accel
