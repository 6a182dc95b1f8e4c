// Package dense is arithmetic on matrices in the processor's memory for whoever
// works beside a model: strategies that correct its outputs, and the pipeline
// around them. Products go through the register tiles of package cpu/kernel,
// everything else through package cpu/vector; a Math is both for one instruction
// set.
//
// It is not a device: nothing is compiled or queued, there are no workers, and a
// call returns when its result is there. What a model computes belongs into a
// program (package accel) and onto a device.
//
// It exists because package tta may not know a device, and because an affinity of a
// few hundred rows is over before a queue would have begun with it.
//
// Next: product.go for products, panels.go for how their right side lies in memory,
// columns.go for what is done class by class to rows stored as columns.
package dense
