// Package vector holds the arithmetic of a device that is not a product: what is
// done to every element, along a row, to the pixels of a channel block, to the
// columns of a matrix, and when values change their layout.
//
// A Family is these functions for one instruction set: AVX-512, AVX2 with FMA, NEON
// or Go (family.go). What an instruction set has no assembly for it takes from Go,
// so every Family has every function. The assembly is generated, with avo by
// ../kernel/gen/vector and for arm64 by ../kernel/gen/neon; "make kernels" writes
// it again; the tag purego leaves it out. The functions in Go are also what the
// others are compared with.
//
// What a function does to an element depends on that element alone, wherever it
// stands: work may be cut into ranges at will. What it adds up is added in an order
// that only the length decides. A value that is not a number stays one.
//
// Products of matrices and convolutions are in package kernel. This package knows
// no programs, no memory plan and no workers: package cpu does.
package vector
