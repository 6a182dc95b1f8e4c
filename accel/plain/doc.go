// Package plain evaluates every operator of package accel with the loops a
// reader would write first, summing in float64. It is what the other devices
// are compared with (accel/acceltest), and the model importer's constant folder.
//
// It is not a device and not fast: it allocates every result and visits one
// element at a time. Programs meant to be run often are compiled by accel/cpu.
//
// Values that are not numbers behave as IEEE 754 has them: NaN passes through
// Relu, Clip, Min, Max, pooling and reductions, makes comparisons false, and
// turns the whole line of a softmax or a layer norm into NaN.
package plain
